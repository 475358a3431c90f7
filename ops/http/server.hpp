#pragma once

// The HTTP/1.1 server: one thread, every connection bounded in bytes and in time.
//
// The handler runs on the server's thread and must not block; what takes another thread is answered
// `Later`. Slow clients cannot hold the server: a request must arrive, and an answer be taken,
// within a stated time; when all connections are in use the one that idles longest gives way.
// `listen`, `stop` and the destructor belong to the owner's thread; `wake` and `counts` to any.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bus/result.hpp"
#include "ops/http/bind_failure.hpp"
#include "ops/http/message.hpp"
#include "ops/http/server_counts.hpp"

namespace ringrift::ops::http {

struct ServerOptions {
    std::string host = "0.0.0.0";  ///< An address of this machine, or localhost.
    int port = 8770;               ///< 0 picks a free one.
    std::size_t connections_max = 256;
    std::size_t streams_max = 32;  ///< Of the connections, those that follow events.
    std::size_t head_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 1024 * 1024;
    bus::Duration read_max =
        std::chrono::seconds(10);  ///< From a request's first byte to its last.
    bus::Duration write_max =
        std::chrono::seconds(10);  ///< For an answer; longer for more than 1 MiB.
    bus::Duration idle_max = std::chrono::seconds(60);   ///< Between two requests.
    bus::Duration heartbeat = std::chrono::seconds(15);  ///< Comment on a quiet stream.
    bus::Duration poll =
        std::chrono::milliseconds(200);  ///< How often a stream looks for news unless woken.
    bus::Duration stop_max =
        std::chrono::seconds(2);  ///< For answers under way when the server stops.
};

/// What the server calls, always on its own thread.
struct ServerCalls {
    Handler handle = {};
    std::function<void(Response&)> finish =
        {};  ///< For every response, refusals of the server's own included. May be empty.
    std::function<bool()> tick =
        {};  ///< Every `poll` and after a `wake`; true: again at once. May be empty.
};

class Server {
  public:
    Server(ServerOptions options, ServerCalls calls);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and starts the thread. The port that was bound.
    bus::Result<int, BindFailure> listen();

    /// There is news for streams.
    void wake();

    /// No new connections; answers under way get `stop_max`, streams a last word. Repeatable.
    void stop();

    ServerCounts counts() const;

  private:
    class Core;  // Holds all that Boost.Beast is.
    std::unique_ptr<Core> core_;
};

}  // namespace ringrift::ops::http
