#pragma once

// Gives the files of this node to the other members of the cluster, by digest: a ZeroMQ ROUTER.
//
// Speaks the protocol of bus/transfer/frames.hpp. Only members get in
// (bus/transfer/doorkeeper.hpp). Whoever asks is served in turns, within a cap of bytes a second;
// sessions, memory and open files are bounded. It is a relay for nodes that connect to it because
// they cannot be reached, and where this node itself cannot be reached, it connects to its relays
// and serves there as well. What it gives is not verified here: who fetches verifies. It has its
// own thread; all public functions may be called from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/monotonic.hpp"
#include "bus/result.hpp"
#include "bus/transfer/doorkeeper.hpp"
#include "bus/transfer/node_keys.hpp"
#include "bus/transfer/open_files.hpp"
#include "bus/transfer/server_sessions.hpp"

namespace ringrift::bus {

/// Another node's server, as an address: where, and who answers there.
struct ServerAddress {
    std::string endpoint = {};  ///< `tcp://host:port`
    PublicKey key = {};         ///< Empty: in clear.
    friend auto operator<=>(const ServerAddress&, const ServerAddress&) = default;
};

struct FileServerOptions {
    std::string endpoint = "tcp://0.0.0.0:*";  ///< `*`: any free port.
    NodeKeys keys = {};  ///< Empty: in clear and for everybody; only on loopback addresses.
    std::int64_t bytes_per_second_max = 0;  ///< 0: no cap.
    int network_threads = 1;                ///< Each encrypts for some of the connections.
    SessionBounds bounds = {};
    /// Somebody got bytes of this file that are not what its digest says. Called on the server's
    /// thread: have the file verified elsewhere. May be empty.
    std::function<void(const FileDigest&)> on_doubt = {};
};

struct FileServerCounters {
    std::int64_t sessions = 0;  ///< Now.
    std::int64_t chunks = 0;
    std::int64_t bytes = 0;
    std::int64_t relayed = 0;        ///< Asks handed on.
    std::int64_t refused = 0;        ///< Connections of who is no member.
    std::int64_t denied = 0;         ///< Asks of who was a member when it connected.
    std::int64_t malformed = 0;      ///< Messages that are none of this protocol.
    std::int64_t doubted = 0;        ///< Files that somebody got with other bytes.
    std::int64_t not_delivered = 0;  ///< Answers to who is gone, or does not read.
};

/// A sentence: what is wrong and what to change.
struct ServerProblem {
    std::string sentence = {};
};

class FileServer {
  public:
    static Result<std::unique_ptr<FileServer>, ServerProblem> open(const FileServerOptions& options,
                                                                   FindFile find,
                                                                   MonotonicClock now);
    ~FileServer();

    /// With the real port: `tcp://0.0.0.0:40123`.
    const std::string& endpoint() const;

    /// Who may fetch from now on; nobody before the first call.
    void set_members(Members members);

    /// Replaces the relays through which this node serves as well.
    void serve_through(std::vector<ServerAddress> relays);

    /// 0: no cap.
    void set_bandwidth(std::int64_t bytes_per_second_max);

    FileServerCounters counters() const;

  private:
    class Thread;
    explicit FileServer(std::unique_ptr<Thread> thread);
    std::unique_ptr<Thread> thread_;
};

}  // namespace ringrift::bus
