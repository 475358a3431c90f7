#pragma once

// How to reach NATS, and how long to wait for it: one struct for all that connects.
//
// Plain values with the reason for each default. `problem_of` is asked before anything is started.

#include <string>
#include <vector>

#include "bus/time.hpp"

namespace ringrift::bus {

struct NatsSettings {
    /// `nats://host:port` or `tls://host:port`, one for each server of the NATS cluster.
    std::vector<std::string> servers = {};
    std::string name = {};  ///< Of this node; `nats server report connections` shows it.

    // Who we are: at most one of the three. None of them: whoever the server takes us for.
    std::string user = {};
    std::string password = {};
    std::string nkey = {};            ///< Public key, `U…`.
    std::string nkey_seed_file = {};  ///< Holds the seed that belongs to it, `SU…`.
    std::string creds_file = {};      ///< As `nsc` writes it: a JWT and its seed.

    // TLS, which is on as soon as one of these is set or a server's name begins with tls://.
    std::string tls_ca_file = {};           ///< Whom to believe; empty: the system's authorities.
    std::string tls_certificate_file = {};  ///< Ours, if the server asks for one; with its key.
    std::string tls_key_file = {};

    Duration connect_wait = std::chrono::seconds(2);  ///< For each server.
    Duration backoff_min = std::chrono::milliseconds(100);
    Duration backoff_max = std::chrono::seconds(5);  ///< A whole cluster comes back within it.
    /// A frozen server is left after two of these; a busy one answers sooner.
    Duration ping_interval = std::chrono::seconds(2);
};

/// What is wrong with them and what to change, as a sentence. Empty when nothing is.
std::string problem_of(const NatsSettings& settings);

/// How long to wait before the attempt after `failures` of them (1, 2, …): doubles up to the
/// largest, less up to a half of it by chance that only `name` and `failures` decide, so that a
/// thousand nodes do not come back in one instant.
Duration backoff(const NatsSettings& settings, int failures);

}  // namespace ringrift::bus
