#include "ops/cli/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <boost/json.hpp>

namespace ringrift::ops::cli {
namespace {

/// Columns on the screen: bytes that do not continue a UTF-8 character.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool looks_like_number(const std::string& text) {
    return text.empty() || text == "-" ||
           (text.find_first_not_of("0123456789,.+-") == std::string::npos);
}

std::string two_digits(std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string Table::text() const {
    const std::size_t columns = rows_.front().size();
    std::vector<std::size_t> widths(columns, 0);
    std::vector<bool> to_the_right(columns, rows_.size() > 1);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
            widths[c] = std::max(widths[c], width(rows_[r][c]));
            if (r > 0 && !looks_like_number(rows_[r][c])) to_the_right[c] = false;
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t c = 0; c < columns; ++c) {
            const std::string blanks(widths[c] - width(row[c]), ' ');
            line += (c == 0 ? "" : "  ") + (to_the_right[c] ? blanks + row[c] : row[c] + blanks);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string age_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 60) return std::to_string(whole) + "s";
    if (whole < 3600) return std::to_string(whole / 60) + "m" + two_digits(whole % 60) + "s";
    if (whole < 86400)
        return std::to_string(whole / 3600) + "h" + two_digits(whole / 60 % 60) + "m";
    return std::to_string(whole / 86400) + "d" + two_digits(whole / 3600 % 24) + "h";
}

std::string number_text(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

std::string bytes_text(double bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (std::abs(bytes) >= 1024 && unit + 1 < std::size(units)) {
        bytes /= 1024;
        ++unit;
    }
    return number_text(bytes, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string count_text(std::int64_t count) {
    std::string text = std::to_string(std::abs(count));
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return (count < 0 ? "-" : "") + text;
}

std::string short_id(const std::string& id) {
    const bool digest =
        id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
    return digest ? id.substr(0, 12) : id;
}

const boost::json::value* find_at(const boost::json::value& value, const std::string& pointer) {
    boost::json::error_code error;
    return value.find_pointer(pointer, error);
}

std::string at(const boost::json::value& value, const std::string& pointer) {
    const boost::json::value* found = find_at(value, pointer);
    if (found == nullptr || found->is_null()) return "-";
    if (found->is_string())
        return found->as_string().empty() ? "-" : std::string(found->as_string().c_str());
    if (found->is_bool()) return found->as_bool() ? "yes" : "no";
    if (found->is_double()) return number_text(found->as_double());
    return boost::json::serialize(*found);
}

double number_at(const boost::json::value& value, const std::string& pointer) {
    const boost::json::value* found = find_at(value, pointer);
    return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

}  // namespace ringrift::ops::cli
