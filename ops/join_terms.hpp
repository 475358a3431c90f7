#pragma once

// What a node asks of a member before it joins, and what the member answers. Pure; any thread.
//
// Any member serves: `GET /cluster/join` with the join token as bearer. The answer has all that a
// machine needs besides that token: the cluster's name, its voters, where its NATS servers are and
// who else is a member. It takes nobody in: that is NODE_JOINED in the log, said by the node itself
// once it can reach the log. Servers that the voters run themselves have passwords that follow from
// the token, so those are never sent.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "bus/ids.hpp"
#include "bus/time.hpp"
#include "projections/host_view.hpp"
#include "projections/nodes_view.hpp"

namespace ringrift::ops {

/// Counted up when nodes of two versions can no longer understand each other.
inline constexpr std::int64_t join_protocol = 1;
/// Clocks order nothing here, but times that people read would be lies.
inline constexpr bus::Duration clock_skew_max = std::chrono::seconds(30);

struct JoinRequest {
    bus::NodeId node = {};
    std::string instance = {};  ///< Of its data folder; made once, by chance.
    std::int64_t protocol = join_protocol;
    std::string cluster = {};  ///< Empty: whichever this is.
};

struct JoinTerms {
    std::string cluster = {};
    std::int64_t protocol = join_protocol;
    std::string version = {};
    std::vector<bus::NodeId> voters = {};
    std::vector<std::string> nats = {};  ///< URLs.
    bool nats_managed = false;           ///< The password follows from the join token.
    std::string nats_user = {};          ///< These three only for servers that others run.
    std::string nats_password = {};
    std::string nats_creds = {};  ///< Content of the credentials file.
    std::int64_t replicas = 1;
    std::vector<std::string> members = {};  ///< host:port of the API of those that are here.
    bus::Time now = {};                     ///< By the member's clock.
    friend bool operator==(const JoinTerms&, const JoinTerms&) = default;
};
BOOST_DESCRIBE_STRUCT(JoinTerms, (),
                      (cluster, protocol, version, voters, nats, nats_managed, nats_user,
                       nats_password, nats_creds, replicas, members, now))

struct JoinRefusal {
    int status = 409;       ///< HTTP.
    std::string code = {};  ///< wrong_cluster, incompatible_version, node_retired, node_id_taken.
    std::string sentence = {};
    std::string hint = {};
};

/// Why a member does not give its terms to this one; empty when it does.
std::optional<JoinRefusal> refusal_to_join(const JoinRequest& request, const JoinTerms& terms,
                                           const projections::NodesView& nodes);

/// host:port of those that are here, for `JoinTerms::members`.
std::vector<std::string> members_of(const projections::NodesView& nodes);

/// Whether the member's clock and ours are too far apart; the sentence says by how much.
std::optional<std::string> clock_problem(bus::Time member, bus::Time sent, bus::Time received);

}  // namespace ringrift::ops
