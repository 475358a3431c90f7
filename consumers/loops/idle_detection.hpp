#pragma once

// IdleDetection: says which nodes have had nothing to do for a minute although they could work.
//
// IDLE_RESOURCE_DETECTED wakes QueuePopulator, which fills the queue by what is free, not by the
// event; so a lost one costs nothing. It is asked for again only every 5 minutes, and the event's
// id is derived from when the idleness began: one idleness is said once.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct IdleDetection {
    static constexpr std::string_view name = "idle_detection";
    static constexpr bus::Duration period = std::chrono::seconds(30);
    static constexpr RunsOn runs_on = RunsOn::leader;
    bus::Duration idle_min = std::chrono::seconds(60);
    bus::Duration asked_again_after = std::chrono::minutes(5);
    std::size_t notes_per_step_max = 20;

    /// Longest idle first.
    Commands step(const producers::Sight& sight) const;
};
static_assert(Loop<IdleDetection>);

}  // namespace ringrift::consumers
