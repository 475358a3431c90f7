#pragma once

// How many bytes a second may go out: the one place where the cap of a server is counted.
//
// Takes the time as an argument. May be overdrawn by one chunk, which later ones pay for, so that a
// cap below the size of a chunk works too. Belongs to one thread.

#include <algorithm>
#include <cstdint>

#include "bus/monotonic.hpp"

namespace ringrift::bus {

class TokenBucket {
  public:
    /// 0 is no cap.
    explicit TokenBucket(std::int64_t per_second = 0) : per_second_(per_second) {}

    void set(std::int64_t per_second) { per_second_ = per_second; }

    /// How long until something may go; zero when it may now.
    std::chrono::milliseconds wait(MonotonicTime now) {
        if (per_second_ <= 0) return {};
        fill(now);
        if (left_ >= 0) return {};
        const double seconds = -left_ / static_cast<double>(per_second_);
        return std::chrono::milliseconds(1 + static_cast<std::int64_t>(seconds * 1000));
    }

    /// REQUIRES: `wait` said zero.
    void take(std::int64_t count) {
        if (per_second_ > 0) left_ -= static_cast<double>(count);
    }

  private:
    void fill(MonotonicTime now) {
        const std::chrono::duration<double> passed = now - at_;
        at_ = now;
        const auto rate = static_cast<double>(per_second_);
        // What was not used for longer than this is gone: a burst is short.
        left_ = std::min(rate * burst_seconds, left_ + std::max(0.0, passed.count()) * rate);
    }

    static constexpr double burst_seconds = 0.05;

    std::int64_t per_second_;
    double left_ = 0;
    MonotonicTime at_ = {};
};

}  // namespace ringrift::bus
