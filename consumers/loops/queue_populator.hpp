#pragma once

// QueuePopulator: keeps enough work waiting: selfplay by share, and rating matches for every model
// that was promoted. Every minute, and at once when work is done or a model changes.

#include "consumers/managers/selfplay_scheduler.hpp"

namespace ringrift::consumers {

struct QueuePopulator {
    static constexpr std::string_view name = "queue_populator";
    static constexpr bus::Duration period = std::chrono::minutes(1);
    static constexpr RunsOn runs_on = RunsOn::leader;
    /// Selfplay items open for each slot of the cluster: one runs, one waits, so that no slot is
    /// idle between two steps, and a new model is not kept waiting behind a long queue.
    std::int64_t open_per_slot = 2;
    std::int64_t added_per_step_max = 100;  ///< The rest follows in the next step.
    SelfplayScheduler scheduler = SelfplayScheduler();
    std::int64_t run_seed = 0;

    Commands step(const producers::Sight& sight) const;

  private:
    Commands rating_matches(const producers::Sight& sight) const;
};
static_assert(Loop<QueuePopulator>);

}  // namespace ringrift::consumers
