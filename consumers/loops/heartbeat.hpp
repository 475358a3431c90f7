#pragma once

// Heartbeat: judges silences: whoever was not heard for a while is suspected, then offline, and
// online again once heard.
//
// The word that *this* node lives is not asked for here: the shell writes it into HostView at every
// turn (projections::hear), and on a cluster sends the same to the leader as telemetry, every
// `period`; what the leader receives goes through `hear` too. So every node runs this loop, only
// the leader has anything to judge, and on a cluster of one nothing follows.

#include "consumers/loop.hpp"
#include "producers/command.hpp"

namespace ringrift::consumers {

struct Heartbeat {
    static constexpr std::string_view name = "heartbeat";
    static constexpr bus::Duration period = std::chrono::seconds(15);
    static constexpr RunsOn runs_on = RunsOn::every_node;
    producers::SilenceLimits limits = {};
    std::size_t judgements_per_step_max = 100;  ///< The rest follows in the next step.

    /// Longest silent first.
    Commands step(const producers::Sight& sight) const;
};
static_assert(Loop<Heartbeat>);

}  // namespace ringrift::consumers
