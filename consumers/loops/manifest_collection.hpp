#pragma once

// ManifestCollection: every node says which files it holds, when that is not what the log believes.

#include "consumers/managers/sync_planner.hpp"

namespace ringrift::consumers {

struct ManifestCollection {
    static constexpr std::string_view name = "manifest_collection";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::every_node;
    SyncPlanner planner = {};

    Commands step(const producers::Sight& sight) const { return planner.collect_manifest(sight); }
};
static_assert(Loop<ManifestCollection>);

}  // namespace ringrift::consumers
