#include "consumers/managers/sync_planner.hpp"

#include <algorithm>
#include <iterator>

#include "consumers/copy_plan.hpp"

namespace ringrift::consumers {
namespace {

using bus::PlannedMove;
using projections::DiskState;

/// `3 files to gpu-7: a training node has every game (2), there is only one copy of it (1)`.
std::string why_of(const std::vector<PlannedMove>& moves) {
    std::map<std::string, std::size_t> reasons;
    for (const PlannedMove& move : moves) reasons[move.why] += 1;
    std::string text =
        std::to_string(moves.size()) + " files to " + moves.front().target.value + ": ";
    for (const auto& [reason, count] : reasons) {
        if (!text.ends_with(": ")) text += ", ";
        text += reason + " (" + std::to_string(count) + ")";
    }
    return text;
}

}  // namespace

Commands SyncPlanner::collect_manifest(const producers::Sight& sight) const {
    if (!sight.host.files_scanned) return {};
    Commands commands = {producers::CollectManifest{sight.host.self}};
    std::ranges::move(tidy(sight), std::back_inserter(commands));
    return commands;
}

/// The oldest files that are not needed here, while the disk is low. The decider asks for proof.
Commands SyncPlanner::tidy(const producers::Sight& sight) const {
    if (sight.host.disk.state == DiskState::ok) return {};
    const auto needs = producers::file_needs(sight);
    std::vector<std::pair<bus::Position, bus::FileDigest>> old;
    for (const auto& [digest, file] : sight.cluster.data.files) {
        const auto proof = std::ranges::count_if(
            file.copies, [&, &damaged = file.damaged](const bus::NodeId& node) {
                return node != sight.host.self && !damaged.contains(node) && is_well(sight, node);
            });
        const bool may_go = has_copy(sight.cluster.data, digest, sight.host.self) &&
                            static_cast<std::size_t>(proof) >= std::max<std::size_t>(copies, 1) &&
                            !is_needed(needs, digest, sight.host.self);
        if (may_go) old.emplace_back(file.recorded, digest);
    }
    std::ranges::sort(old);
    if (old.size() > deletes_per_step_max) old.resize(deletes_per_step_max);
    Commands commands;
    for (const auto& [recorded, digest] : old) {
        commands.push_back(producers::DeleteFile{.file = digest,
                                                 .node = sight.host.self,
                                                 .reason = sight.host.disk.reason,
                                                 .copies_min = copies});
    }
    return commands;
}

std::vector<PlannedMove> SyncPlanner::plan_moves(const producers::Sight& sight,
                                                 const producers::FileNeeds& needs) const {
    return CopyPlan(sight, needs,
                    {.copies = copies,
                     .disk_reserve_bytes = disk_reserve_bytes,
                     .sync_patience = sync_patience,
                     .retry_after = retry_after,
                     .retry_after_max = retry_after_max,
                     .moves_max = moves_per_step_max})
        .make();
}

std::vector<PlannedMove> SyncPlanner::plan_moves(const producers::Sight& sight) const {
    return plan_moves(sight, producers::file_needs(sight));
}

std::vector<PlannedMove> SyncPlanner::create_sync_plan(const producers::Sight& sight,
                                                       const bus::NodeId& target) const {
    auto moves = plan_moves(sight);
    std::erase_if(moves, [&](const PlannedMove& move) { return move.target != target; });
    return moves;
}

Commands SyncPlanner::step(const producers::Sight& sight) const {
    const auto needs = producers::file_needs(sight);
    Commands commands = complete_syncs(sight, needs);
    std::ranges::move(plan_syncs(sight, needs), std::back_inserter(commands));
    return commands;
}

Commands SyncPlanner::plan_syncs(const producers::Sight& sight,
                                 const producers::FileNeeds& needs) const {
    if (sight.cluster.nodes.nodes.size() < 2) return {};
    const auto& data = sight.cluster.data;
    std::size_t open = 0;
    for (const auto& [name, sync] : data.syncs) {
        if (is_open(sync) && sight.now - sync.changed_at < sync_patience) ++open;
    }
    if (open >= syncs_open_max) return {};  // Working out what is missing is for the next one.
    // In the order of their most urgent move.
    std::vector<producers::PlanSync> plans;
    for (PlannedMove& move : plan_moves(sight, needs)) {
        const bus::ConfigKey& config = data.files.at(move.file).config;
        const auto plan = std::ranges::find_if(plans, [&](const producers::PlanSync& one) {
            return one.plan.config == config && one.plan.moves.front().target == move.target;
        });
        if (plan != plans.end()) {
            if (plan->plan.moves.size() < moves_per_plan_max)
                plan->plan.moves.push_back(std::move(move));
            continue;
        }
        if (open + plans.size() >= syncs_open_max) continue;
        const std::string name = "sync-" + config.value + "-to-" + move.target.value + "-" +
                                 std::to_string(sight.now.time_since_epoch().count());
        plans.push_back({{.sync = name, .config = config, .moves = {std::move(move)}}});
    }
    Commands commands;
    for (producers::PlanSync& plan : plans) {
        plan.plan.why = why_of(plan.plan.moves);
        commands.push_back(std::move(plan));
    }
    return commands;
}

/// For each config the training node with most of the games that no sync covers.
Commands SyncPlanner::complete_syncs(const producers::Sight& sight,
                                     const producers::FileNeeds& needs) const {
    const bool files_move = std::ranges::any_of(needs.well, [&](const bus::NodeId& node) {
        return moves_files(sight.cluster.nodes.nodes.at(node));
    });
    // Where files do not move, games are where they will be.
    std::vector<bus::NodeId> places = files_move ? needs.training : needs.well;
    // Where no node trains, the leader's own games are as near as can be.
    if (places.empty()) places.push_back(sight.host.self);
    Commands commands;
    for (const auto& [config, data] : sight.cluster.data.configs) {
        const auto games_at = [&, &unsynced = data.unsynced](const bus::NodeId& node) {
            return std::ranges::count_if(unsynced, [&](const auto& entry) {
                return has_copy(sight.cluster.data, entry.second, node);
            });
        };
        const auto best = std::ranges::max_element(places, {}, games_at);
        if (games_at(*best) > 0)
            commands.push_back(producers::CompleteSync{.config = config, .node = *best});
    }
    return commands;
}

}  // namespace ringrift::consumers
