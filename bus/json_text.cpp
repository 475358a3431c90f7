#include "bus/json_text.hpp"

#include <array>
#include <charconv>

#include <boost/json/basic_parser_impl.hpp>

namespace ringrift::bus {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 32;

/// Builds the value as boost::json::parser does, and counts the names on the way: an object keeps
/// only the last of two members with one name, so fewer members than names means a repeated name.
struct Builder {
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();
    using Error = json::error_code;

    json::value_stack stack;
    std::size_t names = 0;

    Builder(json::storage_ptr memory, unsigned char* buffer, std::size_t size)
        : stack(memory, buffer, size) {
        stack.reset(std::move(memory));
    }
    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t count, Error&) {
        names += count;
        stack.push_object(count);
        return true;
    }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t count, Error&) { return stack.push_array(count), true; }
    bool on_key_part(std::string_view part, std::size_t, Error&) {
        return stack.push_chars(part), true;
    }
    bool on_key(std::string_view part, std::size_t, Error&) { return stack.push_key(part), true; }
    bool on_string_part(std::string_view part, std::size_t, Error&) {
        return stack.push_chars(part), true;
    }
    bool on_string(std::string_view part, std::size_t, Error&) {
        return stack.push_string(part), true;
    }
    bool on_number_part(std::string_view, Error&) { return true; }
    bool on_int64(std::int64_t value, std::string_view, Error&) {
        return stack.push_int64(value), true;
    }
    bool on_uint64(std::uint64_t value, std::string_view, Error&) {
        return stack.push_uint64(value), true;
    }
    bool on_double(double value, std::string_view, Error&) {
        return stack.push_double(value), true;
    }
    bool on_bool(bool value, Error&) { return stack.push_bool(value), true; }
    bool on_null(Error&) { return stack.push_null(), true; }
    bool on_comment_part(std::string_view, Error&) { return true; }
    bool on_comment(std::string_view, Error&) { return true; }
};

/// Bounded in depth by the parser.
std::size_t count_members(const json::value& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count = object->size();
        for (const auto& member : *object) count += count_members(member.value());
    } else if (const auto* array = value.if_array()) {
        for (const auto& item : *array) count += count_members(item);
    }
    return count;
}

/// Length of the valid UTF-8 sequence at the start of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xC2 ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

bool stands_for_itself(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    out += "\\u00";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
}

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 24> text = {};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    out.append(text.data(), end);
}

}  // namespace

bool JsonProblem::within(std::string_view name) {
    const bool joined = path.empty() || path.front() == '[';
    path = std::string(name) + (joined ? "" : ".") + path;
    return false;
}

bool JsonProblem::within(std::size_t index) {
    return within("[" + std::to_string(index) + "]");
}

bool JsonProblem::expected(std::string_view kind) {
    what = "should be " + std::string(kind);
    return false;
}

std::string JsonProblem::sentence() const {
    return path.empty() ? what : "field '" + path + "' " + what;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && stands_for_itself(text[plain])) ++plain;
        out.append(text.data(), plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const std::size_t length = utf8_length(text);
        if (length > 1) out.append(text.data(), length);
        if (length == 1) append_escaped(out, text.front());
        if (length == 0) out += "\xEF\xBF\xBD";
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

void append_json_integer(std::string& out, std::int64_t value) {
    append_number(out, value);
}
void append_json_unsigned(std::string& out, std::uint64_t value) {
    append_number(out, value);
}

bool parse_json(std::string_view text, json::storage_ptr memory, json::value& into,
                JsonProblem& problem) {
    std::array<unsigned char, 4096>
        buffer;  // For values under construction; grows beyond if need be.
    json::parse_options options;
    options.max_depth = depth_max;
    json::basic_parser<Builder> parser(options, std::move(memory), buffer.data(), buffer.size());
    json::error_code error;
    const std::size_t consumed = parser.write_some(false, text.data(), text.size(), error);
    if (!error && consumed < text.size()) error = json::error::extra_data;
    if (error) {
        problem.what = "is not JSON: " + error.message() + " at byte " + std::to_string(consumed);
        return false;
    }
    into = parser.handler().stack.release();
    if (count_members(into) == parser.handler().names) return true;
    problem.what = "has the same name twice in one object";
    return false;
}

}  // namespace ringrift::bus
