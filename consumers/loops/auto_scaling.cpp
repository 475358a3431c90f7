#include "consumers/loops/auto_scaling.hpp"

#include <algorithm>
#include <optional>

#include "consumers/free_room.hpp"
#include "consumers/leased_work.hpp"

namespace ringrift::consumers {
namespace {

using projections::NodeEntry;

bool is_member(const NodeEntry& node) {
    return node.status != projections::NodeStatus::left &&
           node.status != projections::NodeStatus::retired;
}

std::int64_t members(const producers::Sight& sight) {
    return std::ranges::count_if(sight.cluster.nodes.nodes,
                                 [](const auto& entry) { return is_member(entry.second); });
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

/// A file of which the node has the only sound copy; empty when there is none.
std::optional<bus::FileDigest> only_copy(const projections::DataView& data,
                                         const bus::NodeId& node) {
    for (const auto& [digest, file] : data.files) {
        if (!has_copy(data, digest, node)) continue;
        const bool elsewhere = std::ranges::any_of(file.copies, [&](const bus::NodeId& other) {
            return other != node && has_copy(data, digest, other);
        });
        if (!elsewhere) return digest;
    }
    return {};
}

bool is_voter(const producers::Sight& sight, const NodeEntry& node) {
    const auto& voters = sight.cluster.leadership.voters;
    return node.joined.voter || std::ranges::find(voters, node.joined.node) != voters.end();
}

}  // namespace

Commands AutoScaling::step(const producers::Sight& sight) const {
    if (!why_rests(sight).empty()) return {};
    const auto& last = sight.cluster.nodes.last_scale_at;
    if (last && sight.now - *last < cool_down) return {};
    if (const std::int64_t change = nodes_to_add(sight); change > 0) {
        return decide_scale(sight, change, {},
                            std::to_string(pending(sight)) + " items wait for " +
                                std::to_string(well(sight)) + " nodes");
    }
    for (const auto& [id, node] : sight.cluster.nodes.nodes) {
        if (!is_member(node) || !why_kept(sight, node).empty()) continue;
        return decide_scale(sight, -1, id,
                            id.value + " has had no work for " + in_words(idle_min) +
                                " and misses its health checks");
    }
    return {};
}

std::string AutoScaling::why_rests(const producers::Sight&) const {
    return has_provider ? ""
                        : "no provider is configured, so machines can neither be added nor ended";
}

std::string AutoScaling::why_kept(const producers::Sight& sight, const NodeEntry& node) const {
    const bus::NodeId& id = node.joined.node;
    if (id == sight.host.self) return "it leads";
    if (is_voter(sight, node)) return "it is a voter";
    if (holds_work(sight.cluster.work, id)) return "it holds a claim";
    const projections::Heartbeat* heard = last_heartbeat(sight, node);
    if (heard == nullptr) return "this leader has not heard it yet, so nobody knows what it does";
    if (!heard->idle_since_at || sight.now - *heard->idle_since_at < idle_min) {
        return "it has not been idle for " + in_words(idle_min);
    }
    if ((sight.now - heard->at) / health_check_every < health_failures_min) {
        return "it has not missed " + std::to_string(health_failures_min) +
               " health checks in a row";
    }
    const std::int64_t others =
        well(sight) - (node.status == projections::NodeStatus::online ? 1 : 0);
    if (others < min_nodes) return "only " + std::to_string(others) + " others are well";
    if (const auto file = only_copy(sight.cluster.data, id)) {
        return "it has the only copy of " + file->value;
    }
    return {};
}

std::int64_t AutoScaling::nodes_to_add(const producers::Sight& sight) const {
    const std::int64_t nodes = well(sight);
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
    return {producers::DecideScale{{.decision = id,
                                    .change = change,
                                    .node = node,
                                    .reason = std::move(reason),
                                    .dry_run = dry_run,
                                    .nodes = members(sight),
                                    .pending = pending(sight)}}};
}

}  // namespace ringrift::consumers
