#include "bus/event.hpp"

#include "bus/facts.hpp"
#include "bus/json_kinds.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {
namespace {

using namespace json_detail;

constexpr std::size_t line_bytes_max = 240;  // Of one event on one line; a terminal's width or two.
constexpr std::size_t word_bytes_max = 48;   // Of one field: a digest is cut, a sentence is begun.

/// The start of `text`, without a torn character at its end and without line breaks.
std::string shortened(std::string_view text) {
    std::size_t size = std::min(text.size(), word_bytes_max);
    while (size < text.size() && size > 0 &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
        --size;
    std::string word(text.substr(0, size));
    for (char& c : word) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    if (size < text.size()) word += "…";
    return word.find(' ') == std::string::npos ? word : '"' + word + '"';
}

/// Text of a scalar field; empty for what says nothing: none, zero, a list, a struct.
template <class T>
std::string word_for(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
        return value ? "true" : "";
    else if constexpr (std::integral<T>)
        return value == 0 ? "" : std::to_string(value);
    else if constexpr (std::is_same_v<T, Duration>)
        return value.count() == 0 ? "" : std::to_string(value.count());
    else if constexpr (std::is_same_v<T, Time>)
        return to_text(value);
    else if constexpr (std::is_same_v<T, std::string> || IsId<T>)
        return shortened(key_text(value));
    else if constexpr (IsEnum<T>)
        return std::string(enum_name(value));
    else if constexpr (IsOptional<T>)
        return value ? word_for(*value) : "";
    else if constexpr (IsList<T>)
        return value.empty() ? "" : "[" + std::to_string(value.size()) + "]";
    else
        return "";
}

template <class T>
void append_fields(std::string& line, const T& fact) {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        const auto& field = fact.*member.pointer;
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, std::string> ||
                      IsId<std::remove_cvref_t<decltype(field)>>) {
            if (key_text(field) == fact.about()) return;  // Said already.
        }
        const std::string word = word_for(field);
        if (word.empty() || line.size() + word.size() + 24 > line_bytes_max) return;
        line.append(" ").append(member.name).append("=").append(word);
    });
}

void append_unread(std::string& line, const Unread& unread) {
    line += unread.why == Unread::Why::parked ? " parked" : " unknown_type";
    if (!unread.problem.empty()) line += " problem=" + shortened(unread.problem);
}

}  // namespace

std::string_view type_of(const Event& event) {
    if (const auto* unread = std::get_if<Unread>(&event.fact)) return unread->type;
    return info_of(event.fact)->type;
}

std::string_view noun_of(const Event& event) {
    const EventInfo* info = info_of(event.fact);
    return info == nullptr ? "unread" : enum_name(info->noun);
}

std::string_view about(const Event& event) {
    return std::visit(
        Overloaded{[](const Unread& unread) -> std::string_view { return unread.subject; },
                   [](const auto& readable) -> std::string_view { return readable.about(); }},
        event.fact);
}

bool is_leaders(const Event& event) {
    const EventInfo* info = info_of(event.fact);
    return info != nullptr && info->authority == Authority::leader;
}

std::ostream& operator<<(std::ostream& out, const Event& event) {
    std::string line = shortened(type_of(event)) + ' ' + shortened(about(event));
    std::visit(Overloaded{[&](const Unread& unread) { append_unread(line, unread); },
                          [&](const auto& readable) { append_fields(line, readable); }},
               event.fact);
    return out << line;
}

std::ostream& operator<<(std::ostream& out, const Recorded& recorded) {
    return out << recorded.position << ' ' << recorded.event;
}

}  // namespace ringrift::bus
