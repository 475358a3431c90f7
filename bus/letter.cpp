#include "bus/letter.hpp"

#include <array>

#include "bus/facts.hpp"
#include "bus/json.hpp"

namespace ringrift::bus {
namespace {

namespace json = boost::json;

constexpr std::size_t letter_buffer_bytes = 8 * 1024;  // Holds all but the largest, on the stack.

struct MessageKind {
    MessageInfo info;
    bool (*read)(const json::value& data, Message& into, JsonProblem& problem);
};

template <class T>
bool read_as(const json::value& data, Message& into, JsonProblem& problem) {
    return read_json(data, into.emplace<T>(), problem);
}

template <class... Ts>
constexpr auto kinds_in(const std::variant<Ts...>*) {
    return std::array<MessageKind, sizeof...(Ts)>{MessageKind{Ts::info, &read_as<Ts>}...};
}
constexpr auto message_kinds = kinds_in(static_cast<const Message*>(nullptr));

const MessageKind* kind_of(std::string_view type) {
    const auto found = std::ranges::find_if(
        message_kinds, [&](const MessageKind& kind) { return kind.info.type == type; });
    return found == message_kinds.end() ? nullptr : &*found;
}

NoLetter unreadable(const JsonProblem& problem) {
    return {.why = NoLetter::Why::malformed, .sentence = problem.sentence()};
}

/// An id of the envelope; empty is taken only where `may_be_empty`.
bool read_node(const json::object& object, std::string_view name, bool may_be_empty, NodeId& into,
               JsonProblem& problem) {
    const json::value* value = object.if_contains(name);
    if (value != nullptr && !read_json(*value, into, problem)) return problem.within(name);
    if (is_sound_id(into.value) && (may_be_empty || !into.empty())) return true;
    problem.what = "should be the id of a node";
    return problem.within(name);
}

}  // namespace

std::string encode(const Letter& letter) {
    std::string text = R"({"type":")";
    text.append(type_of(letter.message)).append(R"(","from":)");
    append_json_string(text, letter.from.value);
    if (!letter.to.empty()) {
        text += R"(,"to":)";
        append_json_string(text, letter.to.value);
    }
    text += R"(,"data":)";
    std::visit([&](const auto& message) { write_json(text, message); }, letter.message);
    text += '}';
    return text;
}

Result<Letter, NoLetter> decode_letter(std::string_view text) {
    if (text.size() > letter_bytes_max)
        return NoLetter{NoLetter::Why::too_large, "the letter is larger than 512 KiB"};
    std::array<unsigned char, letter_buffer_bytes> buffer;
    json::monotonic_resource memory(buffer.data(), buffer.size());
    json::value value(&memory);
    JsonProblem problem;
    if (!parse_json(text, &memory, value, problem)) return unreadable(problem);
    const json::object* object = value.if_object();
    if (object == nullptr) return problem.expected("an object"), unreadable(problem);
    Letter letter;
    if (!read_node(*object, "from", false, letter.from, problem) ||
        !read_node(*object, "to", true, letter.to, problem)) {
        return unreadable(problem);
    }
    const json::value* type = object->if_contains("type");
    const json::value* data = object->if_contains("data");
    if (type == nullptr || !type->is_string() || data == nullptr)
        return NoLetter{NoLetter::Why::malformed, "a letter has a type and data"};
    const MessageKind* kind = kind_of(std::string_view(type->get_string()));
    if (kind == nullptr) {
        return NoLetter{NoLetter::Why::unknown_type,
                        "type '" + std::string(std::string_view(type->get_string())) +
                            "' is not known to this program"};
    }
    if (kind->read(*data, letter.message, problem)) return letter;
    problem.within(std::string_view("data"));
    return unreadable(problem);
}

std::string_view type_of(const Message& message) {
    return message_kinds[message.index()].info.type;
}

const std::vector<MessageInfo>& message_catalogue() {
    static const std::vector<MessageInfo> catalogue = [] {
        std::vector<MessageInfo> infos;
        for (const MessageKind& kind : message_kinds) infos.push_back(kind.info);
        return infos;
    }();
    return catalogue;
}

}  // namespace ringrift::bus
