#include "ops/option_values.hpp"

#include <algorithm>
#include <array>

#include "ops/quantities.hpp"

namespace ringrift::ops {
namespace {

constexpr std::array<std::string_view, 6> log_level_names = {"TRACE",   "DEBUG", "INFO",
                                                             "WARNING", "ERROR", "CRITICAL"};

}  // namespace

bool read_value(const std::string& text, std::string& value) {
    value = text;
    return !text.empty();
}

bool read_value(const std::string& text, std::filesystem::path& value) {
    value = text;
    return !text.empty();
}

bool read_value(const std::string& text, std::vector<std::string>& value) {
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

bool read_value(const std::string& text, bool& value) {
    value = text == "true" || text == "1";
    return value || text == "false" || text == "0";
}

bool read_value(const std::string& text, bus::Duration& value) {
    const auto duration = duration_from_text(text);
    if (duration) value = *duration;
    return duration.has_value();
}

bool read_value(const std::string& text, LogLevel& value) {
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

std::string write_value(const std::string& value) {
    return value;
}
std::string write_value(const std::filesystem::path& value) {
    return value.string();
}
std::string write_value(const std::vector<std::string>& value) {
    std::string text;
    for (const std::string& item : value) text += (text.empty() ? "" : ",") + item;
    return text;
}
std::string write_value(bool value) {
    return value ? "true" : "false";
}
std::string write_value(bus::Duration value) {
    return to_text(value);
}
std::string write_value(LogLevel value) {
    return std::string(log_level_names[static_cast<std::size_t>(value)]);
}

}  // namespace ringrift::ops
