#include "consumers/loops/auto_scaling.hpp"

#include <algorithm>
#include <cstdlib>

#include "consumers/free_room.hpp"
#include "consumers/leased_work.hpp"
#include "producers/scaling.hpp"

namespace ringrift::consumers {
namespace {

using projections::NodeEntry;

bool is_member(const NodeEntry& node) {
    return node.status != projections::NodeStatus::left &&
           node.status != projections::NodeStatus::retired;
}

std::int64_t well(const producers::Sight& sight) {
    return std::ranges::count_if(sight.cluster.nodes.nodes, [](const auto& entry) {
        return entry.second.status == projections::NodeStatus::online;
    });
}

std::int64_t pending(const producers::Sight& sight) {
    const auto count = sight.cluster.work.by_status.find(projections::WorkStatus::pending);
    return count == sight.cluster.work.by_status.end() ? 0 : count->second;
}

const projections::Heartbeat* last_heartbeat(const producers::Sight& sight, const NodeEntry& node) {
    const auto heard = sight.host.heartbeats.find(node.joined.node);
    return heard == sight.host.heartbeats.end() ? nullptr : &heard->second;
}

/// The requests of a decision that wants `count` of them.
Commands requests(const bus::ScaleDecided& decision, std::int64_t count) {
    Commands commands;
    for (std::int64_t n = 0; n < count; ++n) {
        if (decision.change > 0)
            commands.push_back(producers::RequestProvision{decision.decision});
        else
            commands.push_back(producers::RequestTermination{decision.decision});
    }
    return commands;
}

/// What the last decision lacks. A node that has become needed meanwhile is not asked about again.
Commands follow_up(const producers::Sight& sight) {
    const std::int64_t due = producers::requests_due(sight);
    if (due == 0) return {};
    const bus::ScaleDecided& decision = *sight.cluster.nodes.last_scale;
    if (decision.change < 0) {
        const NodeEntry* node = find(sight.cluster.nodes, decision.node);
        if (node == nullptr || !producers::why_needed(sight, *node).empty()) return {};
    }
    return requests(decision, due);
}

}  // namespace

Commands AutoScaling::step(const producers::Sight& sight) const {
    if (!why_rests(sight).empty()) return {};
    if (Commands late = follow_up(sight); !late.empty()) return late;
    const auto& last = sight.cluster.nodes.last_scale_at;
    if (last && sight.now - *last < cool_down) return {};
    const bool is_ending = producers::node_to_end(sight) != nullptr;
    if (is_ending && sight.now - *last < join_wait) return {};
    if (const std::int64_t change = nodes_to_add(sight); change > 0) {
        return decide_scale(sight, change, {},
                            std::to_string(pending(sight)) + " items wait for " +
                                std::to_string(well(sight)) + " nodes");
    }
    for (const auto& [id, node] : sight.cluster.nodes.nodes) {
        if (!is_member(node) || !why_kept(sight, node).empty()) continue;
        const Quiet quiet = *quiet_of(sight, node);
        return decide_scale(
            sight, -1, id,
            id.value + " has had no work for " + in_words(sight.now - *quiet.idle_since_at) +
                " and missed " + std::to_string(quiet.silent / health_check_every) +
                " health checks in a row; " + std::to_string(well(sight)) + " nodes are well");
    }
    return {};
}

std::string AutoScaling::why_rests(const producers::Sight&) const {
    return has_provider || dry_run
               ? ""
               : "no provider is configured, so machines can neither be added nor ended";
}

std::optional<AutoScaling::Quiet> AutoScaling::quiet_of(const producers::Sight& sight,
                                                        const NodeEntry& node) const {
    const projections::Heartbeat* heard = last_heartbeat(sight, node);
    if (heard != nullptr)
        return Quiet{.idle_since_at = heard->idle_since_at, .silent = sight.now - heard->at};
    const bool listened =
        sight.now - sight.cluster.leadership.elected_at >= health_failures_min * health_check_every;
    if (node.status != projections::NodeStatus::offline || !listened) return {};
    return Quiet{.idle_since_at = node.changed_at, .silent = sight.now - node.changed_at};
}

std::string AutoScaling::why_kept(const producers::Sight& sight, const NodeEntry& node) const {
    if (node.joined.node == sight.host.self) return "it leads";
    if (std::string needed = producers::why_needed(sight, node); !needed.empty()) return needed;
    const std::optional<Quiet> quiet = quiet_of(sight, node);
    if (!quiet) return "this leader has not heard it yet, so nobody knows what it does";
    if (!quiet->idle_since_at || sight.now - *quiet->idle_since_at < idle_min) {
        return "it has not been idle for " + in_words(idle_min);
    }
    if (quiet->silent / health_check_every < health_failures_min) {
        return "it has not missed " + std::to_string(health_failures_min) +
               " health checks in a row";
    }
    const std::int64_t others =
        well(sight) - (node.status == projections::NodeStatus::online ? 1 : 0);
    if (others < min_nodes) return "only " + std::to_string(others) + " others are well";
    return {};
}

std::int64_t AutoScaling::members(const producers::Sight& sight) const {
    const auto& nodes = sight.cluster.nodes;
    return std::ranges::count_if(nodes.nodes,
                                 [](const auto& entry) { return is_member(entry.second); }) +
           coming(sight);
}

std::int64_t AutoScaling::coming(const producers::Sight& sight) const {
    return std::ranges::count_if(sight.cluster.nodes.expected, [&](const auto& entry) {
        return sight.now - entry.second.requested_at < join_wait;
    });
}

std::int64_t AutoScaling::nodes_to_add(const producers::Sight& sight) const {
    const std::int64_t nodes = well(sight) + coming(sight);
    const std::int64_t waiting = pending(sight);
    const std::int64_t room = max_nodes - members(sight);
    if (waiting <= nodes * pending_per_node_max) return 0;
    const std::int64_t wanted = waiting / pending_per_node_max - nodes + 1;
    return std::min({wanted, added_per_step_max, room});
}

Commands AutoScaling::decide_scale(const producers::Sight& sight, std::int64_t change,
                                   const bus::NodeId& node, std::string reason) const {
    const auto& last = sight.cluster.nodes.last_scale;
    const bool said =
        dry_run && last && last->dry_run && last->change == change && last->node == node;
    if (said) return {};
    const std::string id = "scale-" + std::to_string(sight.cluster.leadership.epoch) + "-" +
                           std::to_string(sight.now.time_since_epoch().count());
    bus::ScaleDecided decision = {.decision = id,
                                  .change = change,
                                  .node = node,
                                  .reason = std::move(reason),
                                  .dry_run = dry_run,
                                  .nodes = members(sight),
                                  .pending = pending(sight)};
    Commands commands = dry_run ? Commands() : requests(decision, std::abs(change));
    commands.insert(commands.begin(), producers::DecideScale{std::move(decision)});
    return commands;
}

}  // namespace ringrift::consumers
