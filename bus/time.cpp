#include "bus/time.hpp"

#include <algorithm>

namespace ringrift::bus {
namespace {

// RFC 3339 has four digits for the year.
constexpr Time earliest = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Time latest = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) - Duration(1);

/// Writes `value` with `count` digits at `offset`.
void put(std::string& text, std::size_t offset, std::size_t count, int value) {
    for (std::size_t i = count; i > 0; --i, value /= 10) {
        text[offset + i - 1] = static_cast<char>('0' + value % 10);
    }
}

/// Two or four digits at `offset`, or -1.
int digits(std::string_view text, std::size_t offset, std::size_t count) {
    if (offset + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = offset; i < offset + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// Milliseconds of a fraction that starts at `offset` (after the dot), or -1 unless it has 1 to 9
/// digits; moves `offset` past it.
int fraction(std::string_view text, std::size_t& offset) {
    const std::size_t begin = offset;
    int milliseconds = 0;
    int weight = 100;
    while (offset < text.size() && text[offset] >= '0' && text[offset] <= '9') {
        milliseconds += weight * (text[offset] - '0');
        weight /= 10;
        ++offset;
    }
    if (offset == begin || offset > begin + 9) return -1;
    return milliseconds;
}

/// The offset from UTC that the text ends with: `Z`, `+hh:mm` or `-hh:mm`.
std::optional<std::chrono::minutes> zone(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes(0);
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) return {};
    const int hours = digits(text, 1, 2);
    const int minutes = digits(text, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return {};
    const auto offset = std::chrono::minutes(hours * 60 + minutes);
    return text[0] == '+' ? offset : -offset;
}

}  // namespace

std::string to_text(Time time) {
    using namespace std::chrono;
    const Time shown = std::clamp(time, earliest, latest);
    const auto day = floor<days>(shown);
    const year_month_day date(day);
    const hh_mm_ss clock(shown - day);
    std::string text = "0000-00-00T00:00:00.000Z";
    put(text, 0, 4, static_cast<int>(date.year()));
    put(text, 5, 2, static_cast<int>(static_cast<unsigned>(date.month())));
    put(text, 8, 2, static_cast<int>(static_cast<unsigned>(date.day())));
    put(text, 11, 2, static_cast<int>(clock.hours().count()));
    put(text, 14, 2, static_cast<int>(clock.minutes().count()));
    put(text, 17, 2, static_cast<int>(clock.seconds().count()));
    put(text, 20, 3, static_cast<int>(clock.subseconds().count()));
    return text;
}

std::optional<Time> time_from_text(std::string_view text) {
    using namespace std::chrono;
    const bool shaped = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                        (text[10] == 'T' || text[10] == 't') && text[13] == ':' && text[16] == ':';
    if (!shaped) return {};
    const year_month_day date(year(digits(text, 0, 4)),
                              month(static_cast<unsigned>(digits(text, 5, 2))),
                              day(static_cast<unsigned>(digits(text, 8, 2))));
    const int hour = digits(text, 11, 2);
    const int minute = digits(text, 14, 2);
    const int second = digits(text, 17, 2);
    const bool in_range = digits(text, 0, 4) >= 0 && date.ok() && hour >= 0 && hour < 24 &&
                          minute >= 0 && minute < 60 && second >= 0 && second <= 60;
    if (!in_range) return {};
    std::size_t rest = 19;
    int milliseconds_part = 0;
    if (text[rest] == '.') milliseconds_part = fraction(text, ++rest);
    const auto offset = zone(text.substr(rest));
    if (!offset || milliseconds_part < 0) return {};
    return Time(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) +
           Duration(milliseconds_part) - *offset;
}

}  // namespace ringrift::bus
