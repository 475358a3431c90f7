#pragma once

// WorkQueueMaintenance: keeps the queue free of what will not move by itself.
//
// - What runs longer than its timeout is revoked.
// - What had its chances is parked with its evidence.
// - What waits for something that will never be completed is cancelled.
// - What failed for want of an input of which no copy is left anywhere is cancelled: whoever asked
//   for it asks anew, with what there is.
// - What is parked is tried once more, after 6 hours and then after ever longer: nothing is
//   negative for ever. It rests as long as it has existed, so the tries come after 6, 12, 24, … h.
//
// Items that ended more than 24 h ago leave the view in the fold itself
// (projections/work_view.hpp). Lost leases cannot wait 5 minutes; see consumers/lease_watch.hpp.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct WorkQueueMaintenance {
    static constexpr std::string_view name = "work_queue_maintenance";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::leader;
    std::size_t timeouts_per_step_max = 50;
    std::size_t parks_per_step_max = 100;
    std::size_t cancels_per_step_max = 100;
    std::size_t probes_per_step_max = 5;  ///< So that a broken program does not fill the cluster.
    bus::Duration rest_min = std::chrono::hours(6);

    Commands step(const producers::Sight& sight) const;

  private:
    Commands revoke_late(const producers::Sight& sight) const;
    Commands probe_parked(const producers::Sight& sight) const;
};
static_assert(Loop<WorkQueueMaintenance>);

}  // namespace ringrift::consumers
