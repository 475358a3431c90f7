#include "producers/nodes.hpp"

#include <algorithm>
#include <set>

#include "producers/drafting.hpp"
#include "projections/setbacks.hpp"

namespace ringrift::producers {
namespace {

using projections::NodeEntry;
using projections::NodeStatus;

Refusal unknown_node(const bus::NodeId& node) {
    return refuse(Refusal::Kind::unknown, "no node " + node.value + " has joined");
}

/// `changed` makes the id of what can be said of a node more than once, and from one state only
/// once.
Decision say_of(const NodeEntry& node, std::string_view what, bus::Fact fact) {
    return say({.id = id_of(node.joined.node.value, what, node.changed),
                .causation = node.last_event,
                .correlation = {},
                .fact = std::move(fact)});
}

bool is_gone(const NodeEntry& node) {
    return node.status == NodeStatus::left || node.status == NodeStatus::retired;
}

/// Whoever drains is about to be ended. Why that must not be, for a voter whose majority would be
/// gone with it; empty when it may. A cluster of one voter has nobody to wait for.
std::string voters_it_leaves(const Sight& sight, const bus::NodeId& leaving) {
    const auto& voters = sight.cluster.leadership.voters;
    if (voters.size() < 2 || std::ranges::find(voters, leaving) == voters.end()) return {};
    std::size_t staying = 0;
    std::string others;
    for (const bus::NodeId& voter : voters) {
        if (voter == leaving) continue;
        const NodeEntry* node = find(sight.cluster.nodes, voter);
        const bool stays = node && is_alive(*node) && !node->draining;
        staying += stays;
        if (!stays) others += (others.empty() ? "" : ", ") + voter.value;
    }
    if (staying > voters.size() / 2) return {};
    return "without " + leaving.value + " only " + std::to_string(staying) + " of " +
           std::to_string(voters.size()) +
           " voters would be left, and nobody could lead; bring back or release " + others +
           " first";
}

}  // namespace

bool is_taken(const projections::NodesView& nodes, const bus::NodeJoined& joined) {
    const NodeEntry* known = find(nodes, joined.node);
    return known && is_alive(*known) && !known->joined.instance.empty() &&
           known->joined.instance != joined.instance;
}

Decision decide(const Sight& sight, const JoinCluster& command) {
    const bus::NodeJoined& joined = command.joined;
    if (joined.node.empty() || joined.node.value.size() > bus::id_bytes_max) {
        return refuse(Refusal::Kind::invalid, "a node needs an id of 1 to 200 bytes");
    }
    if (joined.capacity.slots < 0)
        return refuse(Refusal::Kind::invalid, "slots must not be negative");
    const NodeEntry* known = find(sight.cluster.nodes, joined.node);
    if (known && known->status == NodeStatus::retired) {
        return refuse(Refusal::Kind::id_taken,
                      joined.node.value + " is retired (" + known->reason +
                          "); give this node another --node-id, or say ringrift release " +
                          joined.node.value);
    }
    if (is_taken(sight.cluster.nodes, joined)) {
        return refuse(Refusal::Kind::id_taken,
                      "another machine is here as " + joined.node.value + ", at " +
                          known->joined.host + ":" + std::to_string(known->joined.port) +
                          "; give this one another --node-id, or wait until the former counts as "
                          "offline");
    }
    if (known && known->joined.incarnation >= joined.incarnation) {
        if (known->joined == joined)
            return refuse(Refusal::Kind::duplicate, joined.node.value + " is here");
        return refuse(Refusal::Kind::invalid,
                      joined.node.value + " has been here with incarnation " +
                          std::to_string(known->joined.incarnation) + "; join with a higher one");
    }
    return say({.id = id_of(joined.node.value, "joined", joined.incarnation),
                .causation = {},
                .correlation = {},
                .fact = joined});
}

Decision decide(const Sight& sight, const LeaveCluster& command) {
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return unknown_node(command.node);
    if (is_gone(*node))
        return refuse(Refusal::Kind::duplicate, command.node.value + " is gone already");
    const std::int64_t incarnation = node->joined.incarnation;
    return say({.id = id_of(command.node.value, "left", incarnation),
                .causation = node->last_event,
                .correlation = {},
                .fact = bus::NodeLeft{
                    .node = command.node, .incarnation = incarnation, .reason = command.reason}});
}

Decision decide(const Sight& sight, const DrainNode& command) {
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return unknown_node(command.node);
    if (node->draining || is_gone(*node)) {
        return refuse(Refusal::Kind::duplicate, command.node.value + " takes no work already");
    }
    if (std::string why = voters_it_leaves(sight, command.node); !why.empty())
        return refuse(Refusal::Kind::held_back, std::move(why));
    return say_of(*node, "draining",
                  bus::NodeDraining{.node = command.node, .reason = command.reason});
}

Decision decide(const Sight& sight, const QuarantineNode& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return unknown_node(command.node);
    if (command.reason.empty())
        return refuse(Refusal::Kind::invalid, "a quarantine needs a reason");
    const bus::Duration length = command.until_at - sight.now;
    if (length <= bus::Duration(0) || length > quarantine_max) {
        return refuse(Refusal::Kind::invalid, "a quarantine ends within 24 hours");
    }
    if (is_quarantined(*node, sight.now) && *node->quarantined_until_at >= command.until_at) {
        return refuse(Refusal::Kind::duplicate,
                      command.node.value + " is in quarantine for longer");
    }
    return say_of(*node, "quarantined",
                  bus::NodeQuarantined{.node = command.node,
                                       .reason = command.reason,
                                       .until_at = command.until_at,
                                       .evidence = command.evidence});
}

Decision decide(const Sight& sight, const ReleaseNode& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return unknown_node(command.node);
    const bool set_aside = node->quarantined_until_at || node->draining;
    if (!set_aside && node->status != NodeStatus::retired) {
        return refuse(Refusal::Kind::duplicate, command.node.value + " is not set aside");
    }
    return say_of(*node, "released",
                  bus::NodeReleased{.node = command.node, .reason = command.reason});
}

Decision decide(const Sight& sight, const RetireNode& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return unknown_node(command.node);
    const std::string& name = command.node.value;
    if (node->status == NodeStatus::retired)
        return refuse(Refusal::Kind::duplicate, name + " is retired already");
    if (is_alive(*node)) {
        return refuse(Refusal::Kind::held_back,
                      name + " is still here, at " + node->joined.host + ":" +
                          std::to_string(node->joined.port) +
                          "; end it first (ringrift drain, then ringrift shutdown on it), or wait "
                          "until it counts as offline");
    }
    const auto& voters = sight.cluster.leadership.voters;
    if (std::ranges::find(voters, command.node) != voters.end()) {
        return refuse(Refusal::Kind::held_back,
                      name +
                          " is a voter, and counts for the majority as long as it is one; start "
                          "it again, or another machine with --node-id " +
                          name);
    }
    return say_of(*node, "retired",
                  bus::NodeRetired{.node = command.node, .reason = command.reason});
}

Decision decide(const Sight& sight, const JudgeSilence& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const NodeEntry* node = find(sight.cluster.nodes, command.node);
    if (!node) return unknown_node(command.node);
    const std::int64_t incarnation = node->joined.incarnation;
    const bool is_silent = command.silent >= command.limits.suspected_after;
    const bool is_dead = command.silent >= command.limits.offline_after;
    if (!is_gone(*node)) {
        const bool seems_here =
            node->status == NodeStatus::online || node->status == NodeStatus::draining;
        if (is_dead && node->status != NodeStatus::offline) {
            const auto seconds = std::chrono::floor<std::chrono::seconds>(command.silent).count();
            return say_of(
                *node, "offline",
                bus::HostOffline{.node = command.node,
                                 .incarnation = incarnation,
                                 .reason = "no heartbeat for " + std::to_string(seconds) + " s",
                                 .silent_ms = command.silent});
        }
        if (is_silent && seems_here) {
            return say_of(
                *node, "suspected",
                bus::NodeSuspected{
                    .node = command.node, .incarnation = incarnation, .silent_ms = command.silent});
        }
        if (!is_silent && !seems_here) {
            return say_of(*node, "online",
                          bus::HostOnline{.node = command.node, .incarnation = incarnation});
        }
    }
    return refuse(Refusal::Kind::duplicate, command.node.value + " is judged so already");
}

Decision decide(const Sight& sight, const RaiseAlert& command) {
    const bus::ResourceAlert& alert = command.alert;
    if (alert.alert.empty()) return refuse(Refusal::Kind::invalid, "an alert needs a name");
    const auto& alerts = sight.cluster.nodes.alerts;
    const auto standing = alerts.find(alert.alert);
    if (standing == alerts.end()) {
        return say({.id = id_of(alert.alert, "raised", sight.now.time_since_epoch().count()),
                    .causation = {},
                    .correlation = {},
                    .fact = alert});
    }
    if (standing->second.alert.severity == alert.severity) {
        return refuse(Refusal::Kind::duplicate, alert.alert + " stands already");
    }
    return say({.id = id_of(alert.alert, "raised", standing->second.position),
                .causation = standing->second.event,
                .correlation = {},
                .fact = alert});
}

Decision decide(const Sight& sight, const ClearAlert& command) {
    const auto& alerts = sight.cluster.nodes.alerts;
    const auto standing = alerts.find(command.alert);
    if (standing == alerts.end())
        return refuse(Refusal::Kind::duplicate, command.alert + " does not stand");
    return say({.id = id_of(command.alert, "cleared", standing->second.position),
                .causation = standing->second.event,
                .correlation = {},
                .fact = bus::AlertCleared{.alert = command.alert, .node = command.node}});
}

Decision decide(const Sight& sight, const NoteNat& command) {
    const NodeEntry* node = find(sight.cluster.nodes, command.status.node);
    if (!node) return unknown_node(command.status.node);
    if (node->nat_status == command.status.status && node->relay == command.status.relay) {
        return refuse(Refusal::Kind::duplicate, "the NAT status is as last said");
    }
    return say_of(*node, "nat", command.status);
}

std::vector<QuarantineNode> quarantines_due(const Sight& sight) {
    std::map<bus::NodeId, std::vector<bus::WorkId>> evidence;
    for (const auto& [work, item] : sight.cluster.work.items) {
        if (item.status != projections::WorkStatus::completed) continue;
        std::set<bus::NodeId> nodes;
        for (const auto& setback : item.setbacks) {
            const NodeEntry* node = find(sight.cluster.nodes, setback.node);
            const bool counts =
                node && failed_on(item, setback.node) && setback.at > node->trusted_since_at &&
                !(node->quarantined_until_at && setback.at <= *node->quarantined_until_at);
            if (counts) nodes.insert(setback.node);
        }
        for (const auto& node : nodes) evidence[node].push_back(work);
    }
    std::vector<QuarantineNode> commands;
    for (auto& [node, works] : evidence) {
        if (works.size() < quarantine_evidence_min) continue;
        if (is_quarantined(*find(sight.cluster.nodes, node), sight.now)) continue;
        const std::string reason =
            std::to_string(works.size()) + " pieces of work failed here and passed elsewhere";
        works.resize(std::min(works.size(), quarantine_evidence_max));
        commands.push_back({.node = node,
                            .reason = reason,
                            .until_at = sight.now + quarantine_for,
                            .evidence = std::move(works)});
    }
    return commands;
}

std::string why_it_rests(const NodeEntry& node, bus::Time now) {
    const std::string& name = node.joined.node.value;
    if (is_quarantined(node, now)) {
        return name + " is in quarantine until " + bus::to_text(*node.quarantined_until_at) + ": " +
               node.quarantine_reason;
    }
    switch (node.status) {
        case NodeStatus::online: return {};
        case NodeStatus::suspected: return name + " is suspected: its heartbeats are missing";
        case NodeStatus::offline: return name + " is offline: " + node.reason;
        case NodeStatus::draining: return name + " is draining: " + node.reason;
        case NodeStatus::left: return name + " has left: " + node.reason;
        case NodeStatus::retired: return name + " is retired: " + node.reason;
    }
    return {};
}

}  // namespace ringrift::producers
