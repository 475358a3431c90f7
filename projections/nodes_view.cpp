#include "projections/nodes_view.hpp"

#include <algorithm>

namespace ringrift::projections {
namespace {

NodeEntry* find_node(NodesView& view, const bus::NodeId& node) {
    const auto at = view.nodes.find(node);
    return at == view.nodes.end() ? nullptr : &at->second;
}

void note(NodeEntry& node, const bus::Recorded& recorded) {
    node.changed = recorded.position;
    node.last_event = recorded.event.id;
}

void become(NodeEntry& node, NodeStatus status, const std::string& reason,
            const bus::Recorded& recorded) {
    node.status = status;
    node.reason = reason;
    node.changed_at = recorded.event.time;
    note(node, recorded);
}

bool is_gone(const NodeEntry& node) {
    return node.status == NodeStatus::left || node.status == NodeStatus::retired;
}

void clear_alerts_of(NodesView& view, const bus::NodeId& node) {
    std::erase_if(view.alerts, [&](const auto& entry) { return entry.second.alert.node == node; });
}

void go(NodesView& view, const bus::NodeId& name, NodeStatus status, const std::string& reason,
        const bus::Recorded& recorded) {
    NodeEntry* node = find_node(view, name);
    if (!node || node->status == status) return;
    become(*node, status, reason, recorded);
    clear_alerts_of(view, name);
}

/// What is said of an incarnation that is over says nothing of the one that came after it.
NodeEntry* present(NodesView& view, const bus::NodeId& name, std::int64_t incarnation) {
    NodeEntry* node = find_node(view, name);
    return node && node->joined.incarnation == incarnation && !is_gone(*node) ? node : nullptr;
}

void fold(NodesView& view, const bus::NodeJoined& e, const bus::Recorded& recorded) {
    if (e.node.empty()) return;
    view.expected.erase(e.node);
    NodeEntry* known = find_node(view, e.node);
    if (known && known->joined.incarnation >= e.incarnation) return;
    NodeEntry& node = view.nodes[e.node];
    node.joined = e;
    node.joined_at = recorded.event.time;
    node.draining = false;
    become(node, NodeStatus::online, {}, recorded);
}

void fold(NodesView& view, const bus::NodeUpdated& e, const bus::Recorded& recorded) {
    NodeEntry* node = find_node(view, e.node);
    if (!node || is_gone(*node)) return;
    node->joined.capacity = e.capacity;
    node->joined.capabilities = e.capabilities;
    note(*node, recorded);
}

void fold(NodesView& view, const bus::NodeSuspected& e, const bus::Recorded& recorded) {
    NodeEntry* node = present(view, e.node, e.incarnation);
    if (!node || !is_alive(*node)) return;
    become(*node, NodeStatus::suspected, "no heartbeat", recorded);
}

void fold(NodesView& view, const bus::HostOffline& e, const bus::Recorded& recorded) {
    if (NodeEntry* node = present(view, e.node, e.incarnation)) {
        become(*node, NodeStatus::offline, e.reason, recorded);
    }
}

void fold(NodesView& view, const bus::HostOnline& e, const bus::Recorded& recorded) {
    NodeEntry* node = present(view, e.node, e.incarnation);
    if (!node) return;
    become(*node, node->draining ? NodeStatus::draining : NodeStatus::online, {}, recorded);
}

void fold(NodesView& view, const bus::NodeDraining& e, const bus::Recorded& recorded) {
    NodeEntry* node = find_node(view, e.node);
    if (!node || node->draining || is_gone(*node)) return;
    node->draining = true;
    if (node->status == NodeStatus::online) {
        become(*node, NodeStatus::draining, e.reason, recorded);
    } else {
        note(*node, recorded);
    }
}

void fold(NodesView& view, const bus::NodeLeft& e, const bus::Recorded& recorded) {
    if (!present(view, e.node, e.incarnation)) return;
    go(view, e.node, NodeStatus::left, e.reason, recorded);
}

void fold(NodesView& view, const bus::NodeRetired& e, const bus::Recorded& recorded) {
    go(view, e.node, NodeStatus::retired, e.reason, recorded);
}

void fold(NodesView& view, const bus::NodeTerminated& e, const bus::Recorded& recorded) {
    view.expected.erase(e.node);
    go(view, e.node, NodeStatus::retired, e.reason, recorded);
}

void fold(NodesView& view, const bus::NodeQuarantined& e, const bus::Recorded& recorded) {
    NodeEntry* node = find_node(view, e.node);
    if (!node) return;
    node->quarantined_until_at = e.until_at;
    node->quarantine_reason = e.reason;
    node->trusted_since_at = recorded.event.time;
    note(*node, recorded);
}

void fold(NodesView& view, const bus::NodeReleased& e, const bus::Recorded& recorded) {
    NodeEntry* node = find_node(view, e.node);
    if (!node) return;
    node->quarantined_until_at.reset();
    node->quarantine_reason.clear();
    node->trusted_since_at = recorded.event.time;
    node->draining = false;
    if (node->status == NodeStatus::draining) become(*node, NodeStatus::online, {}, recorded);
    note(*node, recorded);
}

void fold(NodesView& view, const bus::NatStatusChanged& e, const bus::Recorded& recorded) {
    NodeEntry* node = find_node(view, e.node);
    if (!node) return;
    node->nat_status = e.status;
    node->relay = e.relay;
    note(*node, recorded);
}

void fold(NodesView& view, const bus::ResourceAlert& e, const bus::Recorded& recorded) {
    const auto [at, is_new] = view.alerts.try_emplace(e.alert);
    if (is_new && view.alerts.size() > alerts_max) {
        view.alerts.erase(at);
        return;
    }
    if (is_new) at->second.since_at = recorded.event.time;
    at->second.alert = e;
    at->second.event = recorded.event.id;
    at->second.position = recorded.position;
}

void fold(NodesView& view, const bus::AlertCleared& e, const bus::Recorded&) {
    view.alerts.erase(e.alert);
}

void fold(NodesView& view, const bus::ScaleDecided& e, const bus::Recorded& recorded) {
    view.last_scale = e;
    view.last_scale_event = recorded.event.id;
    view.last_scale_requests = 0;
    if (!e.dry_run) view.last_scale_at = recorded.event.time;
}

/// Whether the request follows from the last decision; only then it means anything.
bool follows(NodesView& view, const std::string& decision) {
    if (!view.last_scale || view.last_scale->decision != decision || view.last_scale->dry_run)
        return false;
    ++view.last_scale_requests;
    return true;
}

void fold(NodesView& view, const bus::NodeProvisionRequested& e, const bus::Recorded& recorded) {
    if (!follows(view, e.decision) || view.nodes.contains(e.node)) return;
    view.expected[e.node] = {.decision = e.decision, .requested_at = recorded.event.time};
    if (view.expected.size() <= expected_max) return;
    view.expected.erase(std::ranges::min_element(
        view.expected, {}, [](const auto& entry) { return entry.second.requested_at; }));
}

void fold(NodesView& view, const bus::NodeProvisioned& e, const bus::Recorded&) {
    const auto at = view.expected.find(e.node);
    if (at != view.expected.end()) at->second.machine = e.machine;
}

/// A machine about to be ended takes no new work, should it speak once more.
void fold(NodesView& view, const bus::NodeTerminationRequested& e, const bus::Recorded& recorded) {
    if (!follows(view, e.decision)) return;
    fold(view, bus::NodeDraining{.node = e.node, .reason = "its machine is being ended"}, recorded);
}

template <class Fact>
void fold(NodesView&, const Fact&, const bus::Recorded&) {}

}  // namespace

void apply(NodesView& view, const bus::Recorded& recorded) {
    std::visit([&](const auto& fact) { fold(view, fact, recorded); }, recorded.event.fact);
}

const NodeEntry* find(const NodesView& view, const bus::NodeId& node) {
    const auto at = view.nodes.find(node);
    return at == view.nodes.end() ? nullptr : &at->second;
}

bool is_quarantined(const NodeEntry& node, bus::Time now) {
    return node.quarantined_until_at && *node.quarantined_until_at > now;
}

bool takes_work(const NodeEntry& node, bus::Time now) {
    return node.status == NodeStatus::online && !is_quarantined(node, now);
}

bool is_alive(const NodeEntry& node) {
    return node.status != NodeStatus::offline && !is_gone(node);
}

bool moves_files(const NodeEntry& node) {
    return node.joined.transfer_port > 0;
}

}  // namespace ringrift::projections
