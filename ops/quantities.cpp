#include "ops/quantities.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace ringrift::ops {
namespace {

struct Unit {
    std::string_view name = {};
    std::int64_t size = 1;
};

constexpr std::array<Unit, 5> time_units = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 9> size_units = {{{"B", 1},
                                             {"KiB", 1LL << 10},
                                             {"MiB", 1LL << 20},
                                             {"GiB", 1LL << 30},
                                             {"TiB", 1LL << 40},
                                             {"kB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000},
                                             {"TB", 1'000'000'000'000}}};
constexpr std::int64_t duration_max = 100LL * 365 * 86'400'000;

/// A number in front of `text`, which is moved past it.
std::optional<std::int64_t> take_number(std::string_view& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || text.front() == '-') return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// The letters in front of `text`, which is moved past them.
std::string_view take_word(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && (text[length] < '0' || text[length] > '9')) ++length;
    const std::string_view word = text.substr(0, length);
    text.remove_prefix(length);
    return word;
}

template <std::size_t N>
std::optional<std::size_t> find_unit(const std::array<Unit, N>& units, std::string_view name) {
    for (std::size_t i = 0; i < N; ++i) {
        if (units[i].name == name) return i;
    }
    return {};
}

}  // namespace

std::optional<bus::Duration> duration_from_text(std::string_view text) {
    if (text == "0") return bus::Duration(0);
    if (text.empty()) return {};
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    while (!text.empty()) {
        const auto number = take_number(text);
        const auto unit = find_unit(time_units, take_word(text));
        if (!number || !unit || *unit < next_unit) return {};
        if (*number > (duration_max - total) / time_units[*unit].size) return {};
        total += *number * time_units[*unit].size;
        next_unit = *unit + 1;
    }
    return bus::Duration(total);
}

std::string to_text(bus::Duration duration) {
    std::string text;
    std::int64_t rest = duration.count();
    for (const Unit& unit : time_units) {
        if (rest < unit.size) continue;
        text += std::to_string(rest / unit.size) + std::string(unit.name);
        rest %= unit.size;
    }
    return text.empty() ? "0s" : text;
}

std::optional<std::int64_t> bytes_from_text(std::string_view text) {
    if (text == "0") return 0;
    if (text.empty()) return {};
    const auto number = take_number(text);
    const auto unit = find_unit(size_units, text);
    if (!number || !unit) return {};
    if (*number > std::numeric_limits<std::int64_t>::max() / size_units[*unit].size) return {};
    return *number * size_units[*unit].size;
}

}  // namespace ringrift::ops
