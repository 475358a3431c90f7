#pragma once

// How it stands between this node and NATS: one value, and one sentence that says what to do.
//
// Said by NatsConnection (of the connection) and by NatsLog (of the stream, once connected); shown
// by /status and /ready. Plain values; any thread.

#include <string>
#include <string_view>

namespace ringrift::bus {

enum class NatsState {
    connecting,       ///< Never connected yet. Wait.
    connected,        ///< All is well.
    reconnecting,     ///< Was connected; tries again with back-off. Wait; reports are kept.
    silent,           ///< Connected, but the stream does not answer: no leader, or a stuck server.
    bad_credentials,  ///< The server does not know us. Correct the credentials; is tried again.
    bad_tls,          ///< No encrypted connection comes about. Correct the files; is tried again.
    not_permitted,    ///< The server knows us and forbids a subject. Correct its permissions.
    no_jetstream,     ///< The server keeps no streams. Enable JetStream there; is tried again.
    stream_missing,   ///< The stream is not there and is not ours to make. Restore it.
    stream_differs,   ///< The stream is kept in another way than a log must be. Correct it.
    stream_full,      ///< The server has no room. Free some; appends are tried again.
    gap,              ///< An event is missing from the log. Stopped: a person must look.
    went_back,        ///< The log ends before, or differs from, what was read. Stopped.
    replaced          ///< The stream is not the one that this node knows. Stopped.
};

/// `bad_credentials` and so on: for /status and for metrics' labels.
std::string_view name_of(NatsState state);

/// Of `went_back`, for people: how to go on.
inline constexpr const char* what_to_do_when_back =
    "restore its store, or, to go on with what is left, end all nodes, run 'ringrift refold --data "
    "DIR' for each, and start them";

/// Whether nothing but a person and a restart gets the log out of it.
bool is_final(NatsState state);

struct NatsHealth {
    NatsState state = NatsState::connecting;
    std::string sentence = {};  ///< What is wrong and what to do; where we are connected, if well.
    friend bool operator==(const NatsHealth&, const NatsHealth&) = default;
};

}  // namespace ringrift::bus
