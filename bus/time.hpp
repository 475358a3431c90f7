#pragma once

// Wall-clock time with millisecond resolution, and the port through which it enters the program.
//
// Only `ops/` and `tests/` ask a clock; everything else is told the time. Wall-clock time is for
// people and for bounds of minutes; order comes from the log, and leases from a monotonic clock.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ringrift::bus {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

/// A machine's own clock that only goes forward, at a steady rate, and goes on while the machine is
/// suspended. Its zero means nothing, so that what two machines show cannot be compared.
struct Monotonic {
    using duration = Duration;
    using rep = Duration::rep;
    using period = Duration::period;
    using time_point = std::chrono::time_point<Monotonic>;
    static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

/// What time it is. One per process; asked on the node's thread only.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Time now() = 0;
    virtual Instant monotonic() = 0;
};

/// RFC 3339 in UTC with milliseconds, e.g. `2025-12-28T10:00:00.123Z`. What lies outside the years
/// 0 to 9999 is written as the nearest time inside.
std::string to_text(Time time);

/// Reads what `to_text` writes, with 0 to 9 digits of fraction (cut to milliseconds) and `Z` or a
/// numeric offset. Empty when the text is anything else.
std::optional<Time> time_from_text(std::string_view text);

}  // namespace ringrift::bus
