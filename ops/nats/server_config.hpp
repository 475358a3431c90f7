#pragma once

// The configuration file of a nats-server that a voter runs for itself, as text.
//
// It has JetStream in the data folder, routes to the servers of the other voters, and two
// passwords: one for the nodes, one among the servers. Both are derived from the cluster's join
// token (HMAC-SHA256, RFC 2104), so voters that know the token need not exchange anything. Pure;
// any thread.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ops/options.hpp"

namespace ringrift::ops {

struct NatsServerConfig {
    std::string name = {};     ///< The node's; unique among the servers.
    std::string cluster = {};  ///< Of RingRift.
    std::string listen = {};   ///< Address for clients and routes.
    int port = 4222;
    int route_port = 6222;
    std::vector<HostAndPort> routes = {};  ///< Of the other servers; none makes a single server.
    std::filesystem::path store = {};      ///< JetStream's folder.
    std::string join_token = {};
    bool sync_always = false;  ///< fsync before each acknowledgement; servers from 2.10 know it.
};

/// The user name of the nodes.
inline constexpr std::string_view nats_user = "ringrift";

/// 64 hexadecimal digits that only who knows the token can say.
std::string nats_password(std::string_view join_token, std::string_view cluster);

/// What goes into the file. Texts are quoted; nothing in them can end the quotation.
std::string server_config_text(const NatsServerConfig& config);

}  // namespace ringrift::ops
