#pragma once

// The process of one node: its stores, its hands, its API and the node's thread, for `ringrift up`
// and `ringrift node` alike.
//
// Owns everything by value, in the order of construction, and ends it in the reverse one. Whatever
// is in the way (a data folder that is taken or full, a port in use) is found before anything is
// started, and is one sentence with an exit code of its own.

#include "bus/wire.hpp"
#include "ops/event_access.hpp"
#include "ops/join_terms.hpp"
#include "ops/outside_door.hpp"
#include "ops/workload.hpp"
#include "projections/cluster_view.hpp"
#include "projections/store.hpp"

namespace ringrift::ops {

/// What lies around the node besides its own machine. The defaults are those of a machine that is a
/// cluster by itself. All that it refers to outlives the daemon.
struct Surroundings {
    OpenEvents open_events = open_embedded_events;
    std::string cluster = {};   ///< Empty: as the options name it.
    std::string host = {};      ///< Under which others reach this node; empty: as it is bound.
    std::string instance = {};  ///< Of the data folder.
    bool is_voter = true;
    std::vector<bus::NodeId> founders = {};  ///< Voters of a new cluster; empty: this node alone.
    bus::Wire* wire = nullptr;               ///< Null where there are no other nodes.
    std::vector<std::string> known_peers = {};
    std::optional<JoinTerms> terms = {};  ///< For those that want to join through this node.
    /// Opens a further way in for events from outside, which it puts into the node's inbox; closed
    /// by ending what it returns, before the node ends. May be empty.
    std::function<std::unique_ptr<OutsideDoor>(bus::Inbox<AdminRequest>&)> open_door = {};
    /// Asked in every round, on the node's thread, and must not block; told what the log says. A
    /// sentence that is news.
    std::function<std::string(projections::Store&, const projections::ClusterView&, bus::Time)>
        look = {};
};

/// Runs until told to stop (SIGINT, SIGTERM, POST /admin/shutdown, --for, --until-generation).
/// Blocks the calling thread, which becomes the node's thread.
Exit run_daemon(const LoadedOptions& loaded, Workload workload, Surroundings surroundings);

}  // namespace ringrift::ops
