#pragma once

// Durations and sizes as people write them: `90s`, `15m`, `1h30m`; `512MiB`, `1GiB`.
//
// The one place that reads and writes these, for flags, environment, option files and workload
// files alike. What is written reads back as the same value. Pure functions; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/time.hpp"

namespace ringrift::ops {

inline constexpr std::string_view duration_example = "a duration such as 90s, 15m or 1h30m";
inline constexpr std::string_view bytes_example = "a size such as 512MiB or 1GiB";

/// Whole numbers with d, h, m, s or ms, largest unit first; `0` alone is no time at all. Empty when
/// the text is anything else, or longer than a hundred years.
std::optional<bus::Duration> duration_from_text(std::string_view text);

/// The shortest such text, e.g. `1h30m`, or `0s`.
std::string to_text(bus::Duration duration);

/// A whole number and B, KiB, MiB, GiB, TiB, kB, MB, GB or TB; `0` alone is none. Empty when the
/// text is anything else, or does not fit.
std::optional<std::int64_t> bytes_from_text(std::string_view text);

}  // namespace ringrift::ops
