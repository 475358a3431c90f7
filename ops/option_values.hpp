#pragma once

// How the text of an option becomes its value, and back, for each type that an option has.
//
// `read_value` says false of a text that means no value; `write_value` writes what it reads. Pure;
// any thread.

#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

#include "ops/options.hpp"

namespace ringrift::ops {

bool read_value(const std::string& text, std::string& value);
bool read_value(const std::string& text, std::filesystem::path& value);
/// Parts between commas; none may be empty.
bool read_value(const std::string& text, std::vector<std::string>& value);
bool read_value(const std::string& text, bool& value);
bool read_value(const std::string& text, bus::Duration& value);
bool read_value(const std::string& text, LogLevel& value);

/// A whole number from 0 to `most`.
template <class Integer>
bool read_integer(const std::string& text, std::int64_t most, Integer& value) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < 0 || number > most) return false;
    value = static_cast<Integer>(number);
    return true;
}

std::string write_value(const std::string& value);
std::string write_value(const std::filesystem::path& value);
std::string write_value(const std::vector<std::string>& value);
std::string write_value(bool value);
std::string write_value(bus::Duration value);
std::string write_value(LogLevel value);

}  // namespace ringrift::ops
