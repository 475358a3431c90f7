#include "producers/scaling.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "producers/drafting.hpp"

namespace ringrift::producers {
namespace {

using projections::NodeEntry;

/// A file of which the node has the only sound copy; empty when there is none.
std::optional<bus::FileDigest> only_copy(const projections::DataView& data,
                                         const bus::NodeId& node) {
    for (const auto& [digest, file] : data.files) {
        if (!has_copy(data, digest, node)) continue;
        const bool elsewhere =
            std::ranges::any_of(file.copies, [&, &held = digest](const bus::NodeId& other) {
                return other != node && has_copy(data, held, other);
            });
        if (!elsewhere) return digest;
    }
    return {};
}

bool is_voter(const Sight& sight, const NodeEntry& node) {
    const auto& voters = sight.cluster.leadership.voters;
    return node.joined.voter || std::ranges::find(voters, node.joined.node) != voters.end();
}

bool holds_claim(const projections::WorkView& work, const bus::NodeId& node) {
    const auto leased = work.leased_by_node.find(node);
    return leased != work.leased_by_node.end() && !leased->second.empty();
}

/// Why no request follows from the decision that is asked about; empty when one does.
std::optional<Refusal> fault_of(const Sight& sight, const std::string& decision) {
    if (!leads(sight)) return not_the_leader(sight);
    const auto& last = sight.cluster.nodes.last_scale;
    if (!last || last->decision != decision) {
        return refuse(Refusal::Kind::unknown, "the last decision is not " + decision);
    }
    if (last->dry_run)
        return refuse(Refusal::Kind::invalid, decision + " is a dry run; nothing follows");
    if (requests_due(sight) == 0)
        return refuse(Refusal::Kind::duplicate, decision + " has been followed, or is too old");
    return {};
}

}  // namespace

std::int64_t requests_due(const Sight& sight) {
    const auto& nodes = sight.cluster.nodes;
    if (!nodes.last_scale || nodes.last_scale->dry_run || !nodes.last_scale_at) return 0;
    if (sight.now - *nodes.last_scale_at >= decision_holds_for) return 0;
    return std::max<std::int64_t>(std::abs(nodes.last_scale->change) - nodes.last_scale_requests,
                                  0);
}

std::string why_needed(const Sight& sight, const NodeEntry& node) {
    const bus::NodeId& id = node.joined.node;
    if (id == sight.cluster.leadership.leader) return "it leads";
    if (is_voter(sight, node)) return "it is a voter";
    if (holds_claim(sight.cluster.work, id)) return "it holds a claim";
    if (const auto file = only_copy(sight.cluster.data, id)) {
        return "it has the only copy of " + file->value;
    }
    return {};
}

Decision decide(const Sight& sight, const DecideScale& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const bus::ScaleDecided& decision = command.decision;
    if (decision.decision.empty()) return refuse(Refusal::Kind::invalid, "a decision needs an id");
    if (decision.change == 0) return refuse(Refusal::Kind::invalid, "a decision changes something");
    const auto& last = sight.cluster.nodes.last_scale;
    if (last && last->decision == decision.decision) {
        return refuse(Refusal::Kind::duplicate, decision.decision + " is decided already");
    }
    if (decision.change < 0) {
        const NodeEntry* node = find(sight.cluster.nodes, decision.node);
        if (!node) return refuse(Refusal::Kind::unknown, "no node " + decision.node.value);
        if (decision.change != -1)
            return refuse(Refusal::Kind::invalid, "machines are ended one at a time");
        const std::string needed = why_needed(sight, *node);
        if (!needed.empty())
            return refuse(Refusal::Kind::not_open, decision.node.value + " is kept: " + needed);
    }
    return say({.id = id_of(decision.decision, "decided"),
                .causation = {},
                .correlation = {},
                .fact = decision});
}

Decision decide(const Sight& sight, const RequestProvision& command) {
    if (auto fault = fault_of(sight, command.decision)) return *std::move(fault);
    const auto& nodes = sight.cluster.nodes;
    if (nodes.last_scale->change < 0)
        return refuse(Refusal::Kind::invalid, command.decision + " adds no machine");
    const std::string name = command.decision + "-" + std::to_string(nodes.last_scale_requests + 1);
    return say(
        {.id = id_of(name, "provision-requested"),
         .causation = nodes.last_scale_event,
         .correlation = nodes.last_scale_event,
         .fact = bus::NodeProvisionRequested{
             .node = {name}, .decision = command.decision, .reason = nodes.last_scale->reason}});
}

Decision decide(const Sight& sight, const RequestTermination& command) {
    if (auto fault = fault_of(sight, command.decision)) return *std::move(fault);
    const auto& nodes = sight.cluster.nodes;
    if (nodes.last_scale->change > 0)
        return refuse(Refusal::Kind::invalid, command.decision + " ends no machine");
    const bus::NodeId& id = nodes.last_scale->node;
    const NodeEntry* node = find(nodes, id);
    if (!node) return refuse(Refusal::Kind::unknown, "no node " + id.value);
    const std::string needed = why_needed(sight, *node);
    if (!needed.empty())
        return refuse(Refusal::Kind::not_open, id.value + " is kept after all: " + needed);
    return say({.id = id_of(command.decision, "termination-requested"),
                .causation = nodes.last_scale_event,
                .correlation = nodes.last_scale_event,
                .fact = bus::NodeTerminationRequested{
                    .node = id, .decision = command.decision, .reason = nodes.last_scale->reason}});
}

const NodeEntry* node_to_end(const Sight& sight) {
    const auto& nodes = sight.cluster.nodes;
    const auto& last = nodes.last_scale;
    if (!last || last->change > 0 || last->dry_run || nodes.last_scale_requests == 0)
        return nullptr;
    const NodeEntry* node = find(nodes, last->node);
    const bool is_open = node && node->draining && node->status != projections::NodeStatus::retired;
    return is_open ? node : nullptr;
}

Decision decide(const Sight& sight, const ReportProvisioned& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const auto& nodes = sight.cluster.nodes;
    const auto expected = nodes.expected.find(command.node);
    if (expected == nodes.expected.end()) {
        return refuse(Refusal::Kind::unknown, "no machine is expected as " + command.node.value);
    }
    if (!expected->second.machine.empty()) {
        return refuse(Refusal::Kind::duplicate, command.node.value + " is provisioned already");
    }
    const bool is_of_last =
        nodes.last_scale && nodes.last_scale->decision == expected->second.decision;
    const bus::EventId cause = is_of_last ? nodes.last_scale_event : bus::EventId();
    return say({.id = id_of(command.node.value, "provisioned"),
                .causation = cause,
                .correlation = cause,
                .fact = bus::NodeProvisioned{.node = command.node, .machine = command.machine}});
}

Decision decide(const Sight& sight, const ReportTerminated& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const auto& nodes = sight.cluster.nodes;
    const NodeEntry* node = find(nodes, command.node);
    if (!node) return refuse(Refusal::Kind::unknown, "no node " + command.node.value);
    if (node->status == projections::NodeStatus::retired) {
        return refuse(Refusal::Kind::duplicate, command.node.value + " is retired already");
    }
    if (node_to_end(sight) != node) {
        return refuse(Refusal::Kind::not_open,
                      "nobody asks any more for the end of " + command.node.value);
    }
    const std::string& decision = nodes.last_scale->decision;
    return say({.id = id_of(decision, "terminated"),
                .causation = node->last_event,
                .correlation = nodes.last_scale_event,
                .fact = bus::NodeTerminated{
                    .node = command.node,
                    .reason = "its machine was ended: " + nodes.last_scale->reason}});
}

}  // namespace ringrift::producers
