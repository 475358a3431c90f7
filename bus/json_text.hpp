#pragma once

// JSON text, the part without templates: writing scalars, and reading a text strictly.
//
// Written text is always valid JSON in valid UTF-8, whatever the strings hold: bytes that are not
// UTF-8 become U+FFFD, since a text that nobody can read again would be worse. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace ringrift::bus {

/// What is wrong with a text, and where: `field 'result.games' should be an integer`.
struct JsonProblem {
    std::string path = {};  ///< Of the field, outermost name first; empty for the whole.
    std::string what = {};

    /// Puts `name` before the path. False, so that a reader can return it.
    bool within(std::string_view name);
    bool within(std::size_t index);
    bool expected(std::string_view kind);
    bool lacks() const { return what == "is missing"; }
    std::string sentence() const;
};

void append_json_string(std::string& out, std::string_view text);
void append_json_integer(std::string& out, std::int64_t value);
void append_json_unsigned(std::string& out, std::uint64_t value);

/// Reads RFC 8259 and no more. Refused: a name that stands twice in one object, invalid UTF-8,
/// nesting deeper than 32, anything after the value. The value's memory is `memory`'s.
bool parse_json(std::string_view text, boost::json::storage_ptr memory, boost::json::value& into,
                JsonProblem& problem);

}  // namespace ringrift::bus
