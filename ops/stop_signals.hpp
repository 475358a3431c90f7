#pragma once

// SIGINT, SIGTERM and SIGUSR2 as something that can be waited for, together with a wake from other
// threads. SIGUSR2 asks to leave at once and to leave the jobs running: the next start finds them.
//
// Made before any other thread is, so that all inherit the blocked signals. `wait` belongs to the
// thread that made it; `wake` may be called from any.

#include "bus/time.hpp"

namespace ringrift::ops {

class StopSignals {
  public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Returns when a signal came, somebody called `wake`, or `at_most` has passed.
    void wait(bus::Duration at_most);
    void wake() const;

    /// How many SIGINT and SIGTERM came so far. The name of the last is `last`.
    int count() const { return count_; }
    const char* last() const { return last_; }
    /// Whether a SIGUSR2 came; it is not among those counted.
    bool handing_over() const { return handing_over_; }
    /// Whether any came that `wait` has seen.
    bool came() const { return count_ > 0 || handing_over_; }

  private:
    int signals_ = -1;
    int wakes_ = -1;
    int count_ = 0;
    bool handing_over_ = false;
    const char* last_ = "";
};

}  // namespace ringrift::ops
