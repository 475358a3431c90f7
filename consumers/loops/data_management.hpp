#pragma once

// DataManagement: moves the pipeline on: sync -> export -> training -> evaluation -> promotion.
//
// Asks SyncPlanner and TrainingCoordinator for what is missing. Every 5 minutes, and at once after
// an event that its subscriptions name (consumers/subscriptions.hpp).

#include "consumers/managers/sync_planner.hpp"
#include "consumers/managers/training_coordinator.hpp"

namespace ringrift::consumers {

struct DataManagement {
    static constexpr std::string_view name = "data_management";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::leader;
    SyncPlanner planner = {};
    TrainingCoordinator coordinator = TrainingCoordinator();

    Commands step(const producers::Sight& sight) const;
};
static_assert(Loop<DataManagement>);

}  // namespace ringrift::consumers
