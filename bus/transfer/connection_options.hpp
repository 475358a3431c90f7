#pragma once

// How every socket of a transfer is set: who we are, whom we expect, how soon a dead peer is seen.
//
// Internal to bus/transfer/.

#include <zmq.hpp>

#include "bus/transfer/file_server.hpp"

namespace ringrift::bus {

inline constexpr int heartbeat_every_ms = 2000;
inline constexpr int heartbeat_timeout_ms = 10'000;  ///< A peer that does not answer is cut off.
inline constexpr int handshake_max_ms = 5000;

inline void set_for_all(zmq::socket_t& socket) {
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::ipv6, true);
    socket.set(zmq::sockopt::maxmsgsize, frame_part_bytes_max);
    socket.set(zmq::sockopt::heartbeat_ivl, heartbeat_every_ms);
    socket.set(zmq::sockopt::heartbeat_timeout, heartbeat_timeout_ms);
}

/// For one who connects to `server`, which must prove that it has its key.
inline void set_for_client(zmq::socket_t& socket, const NodeKeys& own,
                           const ServerAddress& server) {
    set_for_all(socket);
    socket.set(zmq::sockopt::handshake_ivl, 0);  // Whoever connects has bounds of its own.
    if (server.key.empty()) return;
    socket.set(zmq::sockopt::curve_serverkey, server.key.value.view());
    socket.set(zmq::sockopt::curve_publickey, own.public_key.value.view());
    socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

inline void set_for_server(zmq::socket_t& socket, const NodeKeys& own) {
    set_for_all(socket);
    socket.set(zmq::sockopt::handshake_ivl, handshake_max_ms);
    if (own.public_key.empty()) return;
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
    socket.set(zmq::sockopt::zap_domain, Doorkeeper::domain);
}

}  // namespace ringrift::bus
