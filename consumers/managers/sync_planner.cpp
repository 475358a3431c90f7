#include "consumers/managers/sync_planner.hpp"

#include <algorithm>

namespace ringrift::consumers {

Commands SyncPlanner::collect_manifest(const producers::Sight& sight) const {
    if (!sight.host.files_scanned) return {};
    return {producers::CollectManifest{sight.host.self}};
}

std::vector<bus::PlannedMove> SyncPlanner::create_sync_plan(const producers::Sight& sight,
                                                            const bus::NodeId& target) const {
    const auto& nodes = sight.cluster.nodes.nodes;
    std::vector<bus::PlannedMove> moves;
    for (const auto& [digest, file] : sight.cluster.data.files) {
        if (moves.size() == moves_per_plan_max) break;
        if (file.kind != bus::FileKind::games || has_copy(sight.cluster.data, digest, target))
            continue;
        const auto source = std::ranges::find_if(
            file.copies, [&, &damaged = file.damaged](const bus::NodeId& node) {
                const auto at = nodes.find(node);
                return at != nodes.end() && is_alive(at->second) && !damaged.contains(node);
            });
        if (source == file.copies.end()) continue;
        moves.push_back({.file = digest,
                         .source = *source,
                         .target = target,
                         .why = "a training node has every game"});
    }
    return moves;
}

Commands SyncPlanner::step(const producers::Sight& sight) const {
    Commands commands;
    for (const auto& [config, data] : sight.cluster.data.configs) {
        const bool some_here = std::ranges::any_of(data.unsynced, [&](const auto& entry) {
            return has_copy(sight.cluster.data, entry.second, sight.host.self);
        });
        if (some_here)
            commands.push_back(producers::CompleteSync{.config = config, .node = sight.host.self});
    }
    return commands;
}

}  // namespace ringrift::consumers
