#pragma once

// Time in the simulator: what has really passed, and what the node's wall clock shows of it.
//
// The wall clock may jump; what has passed never does. Faults, programs and the bounds of
// properties go by the latter.

#include "bus/time.hpp"

namespace ringrift::simulation {

class SimClock final : public bus::Clock {
  public:
    bus::Time now() override {
        constexpr bus::Duration first_day = std::chrono::hours(24 * 365 * 55);
        return bus::Time(first_day) + passed_ + skew_;
    }
    bus::Instant monotonic() override { return bus::Instant(passed_); }
    /// Since the simulation began.
    bus::Duration passed() const { return passed_; }
    void advance(bus::Duration by) { passed_ += by; }
    /// The wall clock is set; nothing has passed.
    void jump(bus::Duration by) { skew_ += by; }

  private:
    bus::Duration passed_ = {};
    bus::Duration skew_ = {};
};

}  // namespace ringrift::simulation
