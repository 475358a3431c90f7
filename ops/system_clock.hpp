#pragma once

// The clocks of this machine. Only ops and tests have it; all else is told the time. Any thread.

#include <time.h>

#include "bus/time.hpp"

namespace ringrift::ops {

inline bus::Time wall_clock() {
    return std::chrono::floor<bus::Duration>(std::chrono::system_clock::now());
}

class SystemClock final : public bus::Clock {
  public:
    bus::Time now() override { return wall_clock(); }
    /// Unlike steady_clock it goes on while the machine sleeps: a lease must not outlast a nap.
    bus::Instant monotonic() override {
        timespec at = {};
        clock_gettime(CLOCK_BOOTTIME, &at);
        return bus::Instant(std::chrono::floor<bus::Duration>(
            std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec)));
    }
};

}  // namespace ringrift::ops
