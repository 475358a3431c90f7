#pragma once

// The kinds of values that options have: how each is read from a text, and written as one.
//
// For the table of options alone (ops/option_table.cpp). Pure; any thread.

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "ops/option_table.hpp"
#include "ops/quantities.hpp"

namespace ringrift::ops::option_kinds {

inline constexpr std::array<std::string_view, 6> log_level_names = {"TRACE",   "DEBUG", "INFO",
                                                                    "WARNING", "ERROR", "CRITICAL"};

inline bool read_value(const std::string& text, std::string& value) {
    value = text;
    return !text.empty();
}

inline bool read_value(const std::string& text, std::filesystem::path& value) {
    value = text;
    return !text.empty();
}

inline bool read_value(const std::string& text, std::vector<std::string>& value) {
    value.clear();
    std::size_t from = 0;
    while (from <= text.size()) {
        const std::size_t to = std::min(text.find(',', from), text.size());
        value.push_back(text.substr(from, to - from));
        if (value.back().empty()) return false;
        from = to + 1;
    }
    return true;
}

inline bool read_value(const std::string& text, bool& value) {
    value = text == "true" || text == "1";
    return value || text == "false" || text == "0";
}

inline bool read_value(const std::string& text, bus::Duration& value) {
    const auto duration = duration_from_text(text);
    if (duration) value = *duration;
    return duration.has_value();
}

inline bool read_value(const std::string& text, LogLevel& value) {
    std::string upper;
    for (const char letter : text) {
        upper += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    if (upper == "WARN") upper = "WARNING";
    for (std::size_t i = 0; i < log_level_names.size(); ++i) {
        if (log_level_names[i] != upper) continue;
        value = static_cast<LogLevel>(i);
        return true;
    }
    return false;
}

template <class Integer>
bool read_integer(const std::string& text, std::int64_t most, Integer& value) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < 0 || number > most) return false;
    value = static_cast<Integer>(number);
    return true;
}

inline std::string write_value(const std::string& value) {
    return value;
}
inline std::string write_value(const std::filesystem::path& value) {
    return value.string();
}
inline std::string write_value(const std::vector<std::string>& value) {
    std::string text;
    for (const std::string& item : value) text += (text.empty() ? "" : ",") + item;
    return text;
}
inline std::string write_value(bool value) {
    return value ? "true" : "false";
}
inline std::string write_value(bus::Duration value) {
    return to_text(value);
}
inline std::string write_value(LogLevel value) {
    return std::string(log_level_names[static_cast<std::size_t>(value)]);
}

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
