#pragma once

// Time in the simulator: what has really passed, and what a node's clocks show of it.
//
// Wall clocks may jump; what has passed never does. Faults, programs and the bounds of properties
// go by the latter.

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

/// One of several machines: its steady clock runs at a rate of its own and began at another time,
/// its wall clock is wrong by what somebody set, and both are read by a process that may be held up
/// between any two instructions.
class NodeClock final : public bus::Clock {
  public:
    NodeClock(const SimClock& truth, std::int64_t rate_ppm, bus::Duration offset)
        : truth_(truth), rate_ppm_(rate_ppm), offset_(offset) {}
    bus::Time now() override {
        step();
        constexpr bus::Duration first_day = std::chrono::hours(24 * 365 * 55);
        return bus::Time(first_day) + here() + skew_;
    }
    bus::Instant monotonic() override {
        step();
        return instant();
    }
    /// Without being read: what it would show.
    bus::Instant instant() const {
        return bus::Instant(offset_ + here() + here() * rate_ppm_ / 1'000'000);
    }
    void set_wrong(bus::Duration by) { skew_ = by; }
    /// Only what the node reads in its own round can hold it up.
    void in_round(bool is) { in_round_ = is; }
    /// After so many more readings the process stands still for so long, and does not know it.
    void hold_up(std::int64_t readings, bus::Duration by) {
        readings_left_ = readings;
        held_for_ = by;
    }
    /// How far the process is ahead of what has passed: it was held up in this round.
    bus::Duration ahead() const { return ahead_; }
    /// Everybody else has come so far.
    void caught_up() { ahead_ = {}; }

  private:
    void step() {
        if (!in_round_ || held_for_ == bus::Duration::zero() || --readings_left_ > 0) return;
        ahead_ += held_for_;
        held_for_ = {};
    }
    bus::Duration here() const { return truth_.passed() + ahead_; }

    const SimClock& truth_;
    const std::int64_t rate_ppm_;
    const bus::Duration offset_;
    bus::Duration skew_ = {};
    bus::Duration ahead_ = {};
    bus::Duration held_for_ = {};
    std::int64_t readings_left_ = 0;
    bool in_round_ = false;
};

}  // namespace ringrift::simulation
