#include "consumers/loops/heartbeat.hpp"

#include <algorithm>

#include "producers/nodes.hpp"

namespace ringrift::consumers {
namespace {

using projections::NodeStatus;

/// A new leader has heard nobody yet, and a new node has not spoken yet: neither is held against
/// it.
bus::Duration silence_of(const producers::Sight& sight, const projections::NodeEntry& node) {
    const auto heard = sight.host.heartbeats.find(node.joined.node);
    bus::Time last = std::max(node.joined_at, sight.cluster.leadership.elected_at);
    if (heard != sight.host.heartbeats.end()) last = std::max(last, heard->second.at);
    return std::max(bus::Duration::zero(), sight.now - last);
}

bool has_spoken(const producers::Sight& sight, const projections::NodeEntry& node) {
    const auto heard = sight.host.heartbeats.find(node.joined.node);
    return heard != sight.host.heartbeats.end() && heard->second.at >= node.changed_at;
}

/// Whether a judgement would change what is believed of the node.
bool is_in_doubt(const producers::Sight& sight, const projections::NodeEntry& node,
                 bus::Duration silent, const producers::SilenceLimits& limits) {
    const bool is_back = silent < limits.suspected_after && has_spoken(sight, node);
    switch (node.status) {
        case NodeStatus::online:
        case NodeStatus::draining: return silent >= limits.suspected_after;
        case NodeStatus::suspected: return silent >= limits.offline_after || is_back;
        case NodeStatus::offline: return is_back;
        case NodeStatus::left:
        case NodeStatus::retired: return false;
    }
    return false;
}

}  // namespace

Commands Heartbeat::step(const producers::Sight& sight) const {
    if (role_of(sight.cluster.leadership, sight.host.self) != projections::Role::leader) return {};
    std::vector<producers::JudgeSilence> judgements;
    for (const auto& [id, node] : sight.cluster.nodes.nodes) {
        const bus::Duration silent = silence_of(sight, node);
        if (is_in_doubt(sight, node, silent, limits)) judgements.push_back({id, silent, limits});
    }
    std::ranges::stable_sort(judgements, std::ranges::greater(), &producers::JudgeSilence::silent);
    if (judgements.size() > judgements_per_step_max) judgements.resize(judgements_per_step_max);
    return Commands(judgements.begin(), judgements.end());
}

}  // namespace ringrift::consumers
