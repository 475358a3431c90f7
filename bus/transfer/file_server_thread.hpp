#pragma once

// What a file server does on its own thread: the sockets, and the way from an ask to its answer.
//
// Internal to bus/transfer/file_server.hpp. Created on the opener's thread; `run` and all below it
// belong to the server's thread.

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "bus/transfer/chunk_buffers.hpp"
#include "bus/transfer/file_server.hpp"
#include "bus/unique_fd.hpp"

namespace ringrift::bus {

class FileServer::Thread {
  public:
    /// Throws zmq::error_t when it cannot bind.
    Thread(const FileServerOptions& options, FindFile find, MonotonicClock now);
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    const std::string& endpoint() const { return endpoint_; }
    // Any thread.
    void set_members(Members members) { doorkeeper_.set_members(std::move(members)); }
    void serve_through(std::vector<ServerAddress> relays);
    void set_bandwidth(std::int64_t bytes_per_second_max);
    FileServerCounters counters() const;

  private:
    /// Our connection to a relay. Reconnects by itself; then SERVE must be said again, so it is
    /// said every few seconds.
    struct Link {
        ServerAddress relay = {};
        zmq::socket_t socket = {};
        MonotonicTime said_at = {};
    };

    void run(std::stop_token stop);
    void wait(MonotonicTime now);
    void take_changes();
    void greet_relays(MonotonicTime now);
    void hear_door(MonotonicTime now);
    void hear(std::size_t link, MonotonicTime now);
    void handle_at_door(const std::string& peer, const NodeId& node, zmq::message_t& header,
                        zmq::message_t& body, MonotonicTime now);
    void take_ask(const Caller& caller, Frame ask, MonotonicTime now);
    void hand_back(Frame answer, zmq::message_t& body);

    void serve(MonotonicTime now);
    void serve(const ServerSessions::Turn& turn, MonotonicTime now);
    void forward(const ServerSessions::Turn& turn);
    void note_doubt(const ServerSessions::Turn& turn);
    void send_size(const ServerSessions::Turn& turn, MonotonicTime now);
    void send_chunk(const ServerSessions::Turn& turn, MonotonicTime now);

    void refuse(const Caller& caller, const Frame& ask, NoReason reason);
    /// False when it could not be handed to ZeroMQ; `body` is sent too where it has any bytes.
    bool say(const Caller& caller, Frame frame, zmq::message_t body = {});
    void publish();

    const FileServerOptions options_;
    const MonotonicClock now_;
    const UniqueFd wake_;
    ChunkBuffers buffers_;
    zmq::context_t context_;  ///< After the buffers: what it holds of them comes back before.
    Doorkeeper doorkeeper_;
    zmq::socket_t door_;
    std::string endpoint_;
    std::map<std::size_t, Link> links_;  ///< By number, from 1; numbers are not used again.
    std::size_t last_link_ = 0;
    std::map<NodeId, std::string> serving_;  ///< Who serves through us, by connection.
    OpenFiles files_;
    ServerSessions sessions_;
    TokenBucket bucket_;
    MonotonicTime looked_after_at_ = {};
    FileServerCounters counts_;

    mutable std::mutex mutex_;
    std::optional<std::vector<ServerAddress>> relays_asked_;  ///< Guarded by mutex_.
    std::optional<std::int64_t> bandwidth_asked_;             ///< Guarded by mutex_.
    FileServerCounters published_;                            ///< Guarded by mutex_.

    std::jthread thread_;  ///< Last, so that it ends first.
};

}  // namespace ringrift::bus
