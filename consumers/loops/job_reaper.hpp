#pragma once

// JobReaper: the outermost bounds of a claim: nothing is claimed for an hour without starting, or
// runs for two hours and beyond its own timeout.
//
// Where leases, progress and timeouts do their work (lease_watch, SelfHealing,
// WorkQueueMaintenance), it finds nothing.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct JobReaper {
    static constexpr std::string_view name = "job_reaper";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::leader;
    bus::Duration stale_after = std::chrono::hours(1);  ///< Claimed, and never started.
    bus::Duration stuck_after =
        std::chrono::hours(2);           ///< Running; later where the timeout is longer.
    std::size_t ends_per_step_max = 10;  ///< So that one bad minute cannot end a whole cluster.

    /// Longest held first.
    Commands step(const producers::Sight& sight) const;
};
static_assert(Loop<JobReaper>);

}  // namespace ringrift::consumers
