#pragma once

// WorkerPull: asks for as much work as this node has room for.
//
// Every 30 seconds, and at once when work waits or a job has ended (LoopManager::wake). It only
// asks: which items fit, and whether the node is trusted, the decider says. Jobs run elsewhere, so
// that a long one never holds up this loop.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct WorkerPull {
    static constexpr std::string_view name = "worker_pull";
    static constexpr bus::Duration period = std::chrono::seconds(30);
    static constexpr RunsOn runs_on = RunsOn::every_node;
    /// So that the first node of a cluster to ask does not take all that waits.
    std::int64_t claims_per_step_max = 16;

    Commands step(const producers::Sight& sight) const;
};
static_assert(Loop<WorkerPull>);

}  // namespace ringrift::consumers
