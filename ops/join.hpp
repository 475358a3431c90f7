#pragma once

// How a machine finds its cluster: by its own options, by asking a member, or by what it remembers.
//
// What the options say goes first; what they leave open is asked of the peers, one after the other,
// then of the members that were there last time. Voters that know their servers need no answer:
// somebody has to be first. What was learned is remembered in the node's store for the next start.
// Blocks, with a bound for each peer; called before anything is started.

#include <functional>

#include "bus/nats_settings.hpp"
#include "ops/cli/http_client.hpp"
#include "ops/join_terms.hpp"
#include "ops/options.hpp"
#include "projections/store.hpp"

namespace ringrift::ops {

/// All that the daemon must know of the cluster.
struct ClusterPlace {
    std::string cluster = {};
    std::vector<bus::NodeId> voters = {};
    bool is_voter = false;
    bus::NatsSettings nats = {};
    std::string instance = {};  ///< Of this data folder.
    JoinTerms terms = {};       ///< What this node answers to those that want to join.
    std::vector<std::string> warnings = {};
};

/// Whether `--nats` asks for a server of this node's own.
bool is_managed(const Options& options);

/// How a member is asked; an argument, so that tests need no socket.
using AskMember =
    std::function<bus::Result<cli::ClientResponse, cli::ClientTrouble>(const cli::ClientRequest&)>;

bus::Result<ClusterPlace, Exit> find_cluster(const Options& options, projections::Store& store,
                                             const AskMember& ask,
                                             const std::function<bus::Time()>& now);

/// Where the log is, for somebody who only reads it and is no member.
struct LogPlace {
    std::string cluster = {};
    bus::NatsSettings nats = {};
};

/// The same without becoming a member: from the options, from what the node of this data folder
/// remembers (changes nothing there), or from a peer. `reader` is how it is called on the way.
bus::Result<LogPlace, Exit> find_log(const Options& options, const std::string& reader,
                                     const AskMember& ask, const std::function<bus::Time()>& now);

/// Whether the node of this data folder is one of a cluster.
bool remembers_cluster(const std::filesystem::path& data_dir);

/// Random, 32 hexadecimal digits; made at the first start and kept in the store.
bus::Result<std::string, Exit> instance_of(projections::Store& store);

}  // namespace ringrift::ops
