#pragma once

// What happened to the machines of the cluster: who joined, who fell silent, who was set aside,
// and what was asked of the provider. Heartbeats and loads are not here: they are telemetry, and
// only their consequences become events.

#include <optional>
#include <string>
#include <vector>

#include "bus/events/event_info.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// What a node can hold at once. Reservations are counted against it; 0 means "has none".
struct Capacity {
    std::int64_t slots = 0;  ///< Jobs at the same time; a job takes one or more.
    std::int64_t cpus = 0;
    std::int64_t gpus = 0;
    std::int64_t memory_bytes = 0;
    std::int64_t vram_bytes = 0;
    std::int64_t disk_bytes = 0;
    friend bool operator==(const Capacity&, const Capacity&) = default;
};
BOOST_DESCRIBE_STRUCT(Capacity, (), (slots, cpus, gpus, memory_bytes, vram_bytes, disk_bytes))

/// A daemon came up. A higher incarnation of the same node replaces the lower one.
struct NodeJoined {
    static constexpr EventInfo info = {"NODE_JOINED", Noun::nodes, Authority::anybody, 2};
    NodeId node = {};
    std::int64_t incarnation = 0;  ///< Starts of this node so far, counted by its StateManager.
    std::string host = {};
    std::int64_t port = 0;
    Capacity capacity = {};
    std::string gpu_name = {};                   ///< Empty without a GPU.
    std::vector<std::string> capabilities = {};  ///< Work types it may run; empty means all.
    std::string version = {};                    ///< Of the program.
    bool voter = false;
    std::string instance = {};       ///< Of its data folder; tells a restart from another machine.
    std::int64_t transfer_port = 0;  ///< Of its file server; 0 when it has none.
    std::string transfer_key = {};   ///< CURVE public key of its file transfers, Z85.
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeJoined&, const NodeJoined&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeJoined, (),
                      (node, incarnation, host, port, capacity, gpu_name, capabilities, version,
                       voter, instance, transfer_port, transfer_key))

/// What the node can hold changed while it ran.
struct NodeUpdated {
    static constexpr EventInfo info = {"NODE_UPDATED", Noun::nodes};
    NodeId node = {};
    Capacity capacity = {};
    std::vector<std::string> capabilities = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeUpdated&, const NodeUpdated&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeUpdated, (), (node, capacity, capabilities))

/// Heartbeats are missing. Suspicion never ends work; only an ended lease does.
struct NodeSuspected {
    static constexpr EventInfo info = {"NODE_SUSPECTED", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::int64_t incarnation = 0;
    Duration silent_ms = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeSuspected&, const NodeSuspected&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeSuspected, (), (node, incarnation, silent_ms))

struct HostOffline {
    static constexpr EventInfo info = {"HOST_OFFLINE", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::int64_t incarnation = 0;
    std::string reason = {};
    Duration silent_ms = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const HostOffline&, const HostOffline&) = default;
};
BOOST_DESCRIBE_STRUCT(HostOffline, (), (node, incarnation, reason, silent_ms))

struct HostOnline {
    static constexpr EventInfo info = {"HOST_ONLINE", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::int64_t incarnation = 0;
    std::string_view about() const { return node.value; }
    friend bool operator==(const HostOnline&, const HostOnline&) = default;
};
BOOST_DESCRIBE_STRUCT(HostOnline, (), (node, incarnation))

/// The node takes no new work and finishes or gives back what it holds.
struct NodeDraining {
    static constexpr EventInfo info = {"NODE_DRAINING", Noun::nodes};
    NodeId node = {};
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeDraining&, const NodeDraining&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeDraining, (), (node, reason))

/// The node ended in good order, after its last event.
struct NodeLeft {
    static constexpr EventInfo info = {"NODE_LEFT", Noun::nodes};
    NodeId node = {};
    std::int64_t incarnation = 0;
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeLeft&, const NodeLeft&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeLeft, (), (node, incarnation, reason))

/// The node is no longer counted, and its id is not taken up again before NODE_RELEASED.
struct NodeRetired {
    static constexpr EventInfo info = {"NODE_RETIRED", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeRetired&, const NodeRetired&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeRetired, (), (node, reason))

/// No new work for a while. `until_at` is always set: nothing is negative for ever.
struct NodeQuarantined {
    static constexpr EventInfo info = {"NODE_QUARANTINED", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::string reason = {};
    Time until_at = {};
    std::vector<WorkId> evidence = {};  ///< Work that failed here and passed elsewhere.
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeQuarantined&, const NodeQuarantined&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeQuarantined, (), (node, reason, until_at, evidence))

struct NodeReleased {
    static constexpr EventInfo info = {"NODE_RELEASED", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeReleased&, const NodeReleased&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeReleased, (), (node, reason))

struct NatStatusChanged {
    static constexpr EventInfo info = {"NAT_STATUS_CHANGED", Noun::nodes};
    NodeId node = {};
    std::string status = {};          ///< open, cone, symmetric or unknown.
    std::string public_address = {};  ///< As a STUN server sees it; empty when unknown.
    NodeId relay = {};                ///< Empty when reachable directly.
    std::string_view about() const { return node.value; }
    friend bool operator==(const NatStatusChanged&, const NatStatusChanged&) = default;
};
BOOST_DESCRIBE_STRUCT(NatStatusChanged, (), (node, status, public_address, relay))

/// A measure crossed, or is about to cross, its bound. Held until ALERT_CLEARED names the same
/// alert.
struct ResourceAlert {
    static constexpr EventInfo info = {"RESOURCE_ALERT", Noun::nodes};
    std::string alert = {};  ///< Kind and target, e.g. disk_full/gpu-7; the same while it lasts.
    NodeId node = {};
    std::string severity = {};  ///< warning or critical.
    std::int64_t value_ppm = 0;
    std::int64_t bound_ppm = 0;
    std::optional<Time> predicted_at =
        {};                    ///< When the bound is reached; empty when it already is.
    std::string message = {};  ///< One sentence that says what to do.
    std::string_view about() const { return node.value; }
    friend bool operator==(const ResourceAlert&, const ResourceAlert&) = default;
};
BOOST_DESCRIBE_STRUCT(ResourceAlert, (),
                      (alert, node, severity, value_ppm, bound_ppm, predicted_at, message))

struct AlertCleared {
    static constexpr EventInfo info = {"ALERT_CLEARED", Noun::nodes};
    std::string alert = {};
    NodeId node = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const AlertCleared&, const AlertCleared&) = default;
};
BOOST_DESCRIBE_STRUCT(AlertCleared, (), (alert, node))

/// What AutoScaling decided and why; with `dry_run` nothing follows.
struct ScaleDecided {
    static constexpr EventInfo info = {"SCALE_DECIDED", Noun::nodes, Authority::leader};
    std::string decision = {};  ///< Id of the decision.
    std::int64_t change = 0;    ///< Nodes to add (positive) or to end (negative).
    NodeId node = {};           ///< The node to end; empty when nodes are added.
    std::string reason = {};
    bool dry_run = false;
    std::int64_t nodes = 0;
    std::int64_t pending = 0;
    std::string_view about() const { return decision; }
    friend bool operator==(const ScaleDecided&, const ScaleDecided&) = default;
};
BOOST_DESCRIBE_STRUCT(ScaleDecided, (), (decision, change, node, reason, dry_run, nodes, pending))

struct NodeProvisionRequested {
    static constexpr EventInfo info = {"NODE_PROVISION_REQUESTED", Noun::nodes, Authority::leader};
    NodeId node = {};
    std::string decision = {};
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeProvisionRequested&, const NodeProvisionRequested&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeProvisionRequested, (), (node, decision, reason))

struct NodeProvisioned {
    static constexpr EventInfo info = {"NODE_PROVISIONED", Noun::nodes};
    NodeId node = {};
    std::string machine = {};  ///< The provider's name for it.
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeProvisioned&, const NodeProvisioned&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeProvisioned, (), (node, machine))

struct NodeTerminationRequested {
    static constexpr EventInfo info = {"NODE_TERMINATION_REQUESTED", Noun::nodes,
                                       Authority::leader};
    NodeId node = {};
    std::string decision = {};
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeTerminationRequested&,
                           const NodeTerminationRequested&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeTerminationRequested, (), (node, decision, reason))

struct NodeTerminated {
    static constexpr EventInfo info = {"NODE_TERMINATED", Noun::nodes};
    NodeId node = {};
    std::string reason = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const NodeTerminated&, const NodeTerminated&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeTerminated, (), (node, reason))

}  // namespace ringrift::bus
