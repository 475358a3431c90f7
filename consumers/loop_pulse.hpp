#pragma once

// How each loop went, as /status.loops, /metrics and the dashboard show it.
//
// Written by LoopManager on the node's thread, copied out with its pulse a few times a second.

#include <cstdint>
#include <optional>
#include <string>

#include "bus/time.hpp"

namespace ringrift::consumers {

struct LoopPulse {
    std::string name = {};  ///< snake_case, without "Loop".
    bool enabled = true;    ///< False where this node's role or machine gives it nothing to do.
    std::string why_disabled = {};
    bool leader_only = false;
    bus::Duration period = {};
    bus::Time next_run_at = {};  ///< Epoch until it was started; a wake may bring it forward.
    bus::Time last_run_at = {};  ///< Epoch when it never ran.
    bus::Time last_success_at = {};
    bus::Time last_error_at = {};
    std::string last_error = {};  ///< Kept after the next success, so that it can be read.
    std::int64_t runs = 0;
    std::int64_t failures = 0;
    std::int64_t failures_in_a_row = 0;
    std::int64_t asked = 0;       ///< Commands asked for, all runs together.
    bus::Duration duration = {};  ///< Of the last run.
    friend bool operator==(const LoopPulse&, const LoopPulse&) = default;
};

/// The loop that runs at this moment: what a node hangs in that does not beat any more.
struct RunningLoop {
    std::string name = {};
    bus::Time since_at = {};
    friend bool operator==(const RunningLoop&, const RunningLoop&) = default;
};

}  // namespace ringrift::consumers
