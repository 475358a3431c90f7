#pragma once

// The machines of the cluster as the log tells it: who is here, what each can hold, who is set
// aside, which alerts stand.
//
// A pure fold over node events. Loads and heartbeats are not here (projections/host_view.hpp): the
// log does not know them. Read by NodeSelector, the work deciders, the healing loops and GET
// /nodes.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::projections {

enum class NodeStatus { online, suspected, offline, draining, left, retired };
BOOST_DESCRIBE_ENUM(NodeStatus, online, suspected, offline, draining, left, retired)

struct NodeEntry {
    bus::NodeJoined joined = {};  ///< As it introduced itself; capacity as last updated.
    NodeStatus status = NodeStatus::online;
    bool draining = false;  ///< Until it joins anew or is released, whatever `status` says.
    bus::Time joined_at = {};
    bus::Time changed_at = {};     ///< Of `status`.
    bus::Position changed = 0;     ///< Of `last_event`.
    bus::EventId last_event = {};  ///< That changed the node; the cause of what follows.
    std::string reason = {};       ///< Of `status`, where one was given.
    std::optional<bus::Time> quarantined_until_at = {};  ///< No new work before; may have passed.
    std::string quarantine_reason = {};
    bus::Time trusted_since_at = {};  ///< Evidence against the node from before counts no more.
    std::string nat_status = {};
    bus::NodeId relay = {};
    friend bool operator==(const NodeEntry&, const NodeEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeEntry, (),
                      (joined, status, draining, joined_at, changed_at, changed, last_event, reason,
                       quarantined_until_at, quarantine_reason, trusted_since_at, nat_status,
                       relay))

struct AlertEntry {
    bus::ResourceAlert alert = {};
    bus::Time since_at = {};
    bus::EventId event = {};     ///< That last said it.
    bus::Position position = 0;  ///< Of `event`.
    friend bool operator==(const AlertEntry&, const AlertEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(AlertEntry, (), (alert, since_at, event, position))

/// A machine that was asked for and has not joined.
struct ExpectedNode {
    std::string decision = {};
    bus::Time requested_at = {};
    std::string machine = {};  ///< The provider's name for it; empty until it exists.
    friend bool operator==(const ExpectedNode&, const ExpectedNode&) = default;
};
BOOST_DESCRIBE_STRUCT(ExpectedNode, (), (decision, requested_at, machine))

inline constexpr std::size_t expected_max = 1000;  ///< Then the one asked for first is forgotten.

inline constexpr std::size_t alerts_max =
    10'000;  ///< That stand at a time; further ones are not kept.

struct NodesView {
    std::map<bus::NodeId, NodeEntry> nodes = {};
    std::map<std::string, AlertEntry> alerts = {};  ///< Those that stand, by alert.
    std::optional<bus::ScaleDecided> last_scale = {};
    std::optional<bus::Time> last_scale_at = {};  ///< Of the last one that was no dry run.
    bus::EventId last_scale_event = {};           ///< Of `last_scale`.
    std::int64_t last_scale_requests = 0;         ///< That followed from `last_scale`.
    std::map<bus::NodeId, ExpectedNode> expected = {};
    friend bool operator==(const NodesView&, const NodesView&) = default;
};
BOOST_DESCRIBE_STRUCT(NodesView, (),
                      (nodes, alerts, last_scale, last_scale_at, last_scale_event,
                       last_scale_requests, expected))

/// Whether the fact can change this view.
template <class Fact>
inline constexpr bool concerns_nodes = Fact::info.noun == bus::Noun::nodes;

void apply(NodesView& view, const bus::Recorded& recorded);

const NodeEntry* find(const NodesView& view, const bus::NodeId& node);
bool is_quarantined(const NodeEntry& node, bus::Time now);
/// Whether the node may be given new work now: online, neither draining nor in quarantine.
bool takes_work(const NodeEntry& node, bus::Time now);
/// Neither offline, left nor retired.
bool is_alive(const NodeEntry& node);
/// Whether it has a file server, so gives files to others and fetches from them.
bool moves_files(const NodeEntry& node);

}  // namespace ringrift::projections
