#pragma once

// The wall clock as the node goes by it: what is five minutes ago stays five minutes ago when
// somebody sets the clock.
//
// Leases, silences and loops are counted in it. When the wall clock is set (by NTP after a boot, by
// a person), this time follows at a pace of one part in ten faster or slower, so that it never goes
// back and no age is wrong by more than that; a clock that was wrong by more than `step_min` is
// followed at once. Node's thread only.

#include <algorithm>

#include "bus/time.hpp"

namespace ringrift::ops {

class SteadyTime {
  public:
    static constexpr bus::Duration step_min = std::chrono::hours(1);
    static constexpr std::int64_t share = 10;

    /// Now, by both clocks as they show it. REQUIRES: `steady` never goes back.
    bus::Time at(bus::Time wall, bus::Instant steady) {
        const bus::Duration passed = seen_ ? steady - steady_ : bus::Duration();
        const bus::Duration behind = wall - (time_ + passed);
        const bool follows_at_once = !seen_ || behind >= step_min || behind <= -step_min;
        const bus::Duration most = passed / share;
        time_ = follows_at_once ? wall : time_ + passed + std::clamp(behind, -most, most);
        steady_ = steady;
        seen_ = true;
        return time_;
    }

  private:
    bool seen_ = false;
    bus::Time time_ = {};
    bus::Instant steady_ = {};
};

}  // namespace ringrift::ops
