#pragma once

// The kinds of options: what each expects, and how its value is read and written.
//
// For the table of options alone (ops/option_table.cpp). Pure; any thread.

#include <limits>

#include "ops/option_table.hpp"
#include "ops/option_values.hpp"
#include "ops/quantities.hpp"

namespace ringrift::ops::option_kinds {

/// Fills in how `member` is read and written.
template <class T>
OptionRow with(OptionRow row, T Options::*member) {
    row.read = [member](Options& options, const std::string& text) {
        return read_value(text, options.*member);
    };
    row.write = [member](const Options& options) { return write_value(options.*member); };
    return row;
}

inline OptionRow text(OptionRow row, std::string Options::*member) {
    row.expected = "a text that is not empty";
    return with(std::move(row), member);
}

inline OptionRow path(OptionRow row, std::filesystem::path Options::*member) {
    row.expected = "a path";
    return with(std::move(row), member);
}

inline OptionRow list(OptionRow row, std::vector<std::string> Options::*member) {
    row.expected = "a list like one,two,three";
    return with(std::move(row), member);
}

inline OptionRow duration(OptionRow row, bus::Duration Options::*member) {
    row.expected = duration_example;
    return with(std::move(row), member);
}

inline OptionRow yes_or_no(OptionRow row, bool Options::*member) {
    row.expected = "true or false";
    row.written = Written::bare;
    row.is_switch = true;
    return with(std::move(row), member);
}

inline OptionRow log_level(OptionRow row, LogLevel Options::*member) {
    row.expected = "TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL";
    return with(std::move(row), member);
}

template <class Integer>
OptionRow number(OptionRow row, std::int64_t most, Integer Options::*member) {
    row.written = Written::bare;
    row.read = [most, member](Options& options, const std::string& text) {
        return read_integer(text, most, options.*member);
    };
    row.write = [member](const Options& options) { return std::to_string(options.*member); };
    return row;
}

template <class Integer>
OptionRow count(OptionRow row, Integer Options::*member) {
    row.expected = "a whole number, 0 or more";
    return number(std::move(row), std::numeric_limits<std::int64_t>::max(), member);
}

/// Shown in bytes, read as people write sizes.
inline OptionRow size(OptionRow row, std::int64_t Options::*member) {
    row.expected = bytes_example;
    row.read = [member](Options& options, const std::string& text) {
        const auto bytes = bytes_from_text(text);
        if (bytes) options.*member = *bytes;
        return bytes.has_value();
    };
    row.write = [member](const Options& options) {
        const std::int64_t bytes = options.*member;
        return bytes == 0 ? std::string("0") : std::to_string(bytes) + "B";
    };
    return row;
}

inline OptionRow port(OptionRow row, int Options::*member) {
    row.expected = "a whole number from 0 to 65535";
    return number(std::move(row), 65535, member);
}

inline OptionRow secret(OptionRow row, std::string Options::*member) {
    row.is_secret = true;
    return text(std::move(row), member);
}

inline OptionRow row(std::string_view key, std::string_view flag, std::string_view environment,
                     std::string_view group, std::string_view help) {
    return {.key = key, .flag = flag, .environment = environment, .group = group, .help = help};
}

}  // namespace ringrift::ops::option_kinds
