#include "projections/sql_table.hpp"

#include <algorithm>
#include <span>

namespace ringrift::projections {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/// Bytes of the valid character that `text` begins with; 0 if there is none, or it is NUL.
std::size_t character_bytes(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if (!is_continuation(at(i))) return 0;
    }
    const unsigned char second = at(1);
    const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool is_surrogate = first == 0xED && second >= 0xA0;
    const bool is_too_high = first == 0xF4 && second >= 0x90;
    return is_overlong || is_surrogate || is_too_high ? 0 : size;
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0; });
}

}  // namespace

bool has_fit_key(const SqlTable& table, const SqlRow& row) {
    const auto count = std::min(table.key_columns, row.cells.size());
    return std::ranges::all_of(std::span(row.cells).first(count), [](const SqlCell& cell) {
        return !cell ||
               (cell->size() <= sql_key_bytes_max && cell->find(replacement) == std::string::npos);
    });
}

std::string sql_text(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    std::string fit;
    fit.reserve(text.size());
    while (!text.empty()) {
        const std::size_t size = character_bytes(text);
        fit += size == 0 ? replacement : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return fit;
}

std::string sql_time(bus::Time time) {
    using namespace std::chrono;
    // PostgreSQL reads no year 0, and our own text no year after 9999.
    constexpr auto first = sys_days(year(1) / 1 / 1);
    return bus::to_text(std::max(time, bus::Time(first)));
}

}  // namespace ringrift::projections
