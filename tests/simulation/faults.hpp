#pragma once

// Which faults a simulation has, and how often: drawn from its seed.
//
// Each kind is left out of about half of the simulations, since one fault can hide another: a node
// that crashes each minute never shows what a full disk does. One seed in ten has none at all.

#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

/// Longer than any chain of bounds in the node: a claim that is never started is taken back after
/// 65 minutes, may wait another 30 for its next turn, and then run.
inline constexpr bus::Duration quiet_time = std::chrono::minutes(150);

/// Mean time between two of a kind; zero means never.
struct FaultTimes {
    bus::Duration crash = {};      ///< At any step towards the world.
    bus::Duration restart = {};    ///< In good order, with a snapshot.
    bus::Duration outage = {};     ///< The log can neither be read nor written.
    bus::Duration full_disk = {};  ///< Appends refused, programs fail, the sensor shows it.
    bus::Duration store_outage = {};
    bus::Duration store_loss = {};  ///< With the next crash the node's own memory is gone.
    bus::Duration snapshot_damage = {};
    bus::Duration clock_jump = {};       ///< Up to 5 minutes, either way.
    bus::Duration pause = {};            ///< The process does not run, and does not know it.
    bus::Duration file_loss = {};        ///< A file of games or samples disappears from the disk.
    bus::Duration operator_action = {};  ///< Election, reset-stale, cancel, add, sync, unpark.
    bus::Duration config_change = {};    ///< With the next start.
};

/// Of a million programs, appends or reports.
struct FaultShares {
    std::int64_t fails = 0;  ///< Each kind of failure.
    std::int64_t hangs = 0;  ///< Goes on without progress; its own timeout may not work.
    std::int64_t ghost = 0;  ///< Never heard of, and gone after a restart.
    std::int64_t slow = 0;
    std::int64_t bad_result = 0;    ///< Success without games, files or scores.
    std::int64_t short_result = 0;  ///< Fewer games than asked for.
    std::int64_t talks = 0;         ///< Says things on its channel, sense and nonsense.
    std::int64_t report_lost = 0;   ///< Until the daemon restarts.
    std::int64_t report_doubled = 0;
    std::int64_t report_late = 0;
    std::int64_t append_unknown = 0;  ///< Some of the events were written, and the answer is lost.
};

struct Faults {
    FaultTimes mean = {};
    FaultShares ppm = {};
    bus::Duration lag_max = {};  ///< Between the append and when it can be read.
};

Faults draw_faults(std::uint64_t seed);

}  // namespace ringrift::simulation
