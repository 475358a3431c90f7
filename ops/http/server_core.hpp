#pragma once

// The inside of the server, for ops/http/server.cpp (listening, time) and ops/http/connection.cpp
// (one client): nobody else includes it. A coroutine per connection owns its session, all on one
// thread, so nothing here is shared but the counts.

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/asio.hpp>

#include "ops/http/server.hpp"

namespace ringrift::ops::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

inline constexpr auto use = asio::as_tuple(asio::use_awaitable);

/// One connection. Lives in the frame of its coroutine; the server keeps a list of all.
struct Session {
    explicit Session(tcp::socket connected)
        : socket(std::move(connected)), timer(socket.get_executor()) {}

    tcp::socket socket;
    asio::steady_timer timer;   ///< Wakes a stream, or who waits for another thread's answer.
    std::string received = {};  ///< Not understood yet: the rest of a request, or the next.
    std::string peer = {};
    bool from_loopback = false;
    bool idle = true;  ///< Between two requests.
    bool streaming = false;
    bool expired = false;  ///< `deadline` has passed; the socket's operations were cancelled.
    Steady::time_point deadline = Steady::time_point::max();
    Steady::time_point idle_since = Steady::now();
    std::optional<Response> reply = {};  ///< From another thread.

    void within(bus::Duration time) {
        deadline = Steady::now() + time;
        expired = false;
    }
};

/// What came of reading a request: one of the two, or neither when the client has gone.
struct Incoming {
    std::optional<Request> request = {};
    std::optional<Response> refusal = {};
    bool head_only = false;
    bool keep_alive = false;
};

class Server::Implementation {
  public:
    Implementation(ServerOptions chosen, ServerCalls called)
        : options(std::move(chosen)),
          calls(std::move(called)),
          acceptor(context),
          ticker(context) {}

    bus::Result<int, BindFailure> listen();
    void wake();
    void stop();
    ServerCounts counted() const;

  private:
    asio::awaitable<void> accept();
    asio::awaitable<void> keep_time();
    asio::awaitable<void> serve(tcp::socket socket);
    asio::awaitable<Incoming> receive(Session& session);
    asio::awaitable<bool> read_some(Session& session);
    asio::awaitable<bool> answer(Session& session, const Incoming& incoming);
    asio::awaitable<Response> wait_for(Session& session, Later later);
    asio::awaitable<bool> send(Session& session, Response response, const Incoming& incoming);
    asio::awaitable<void> follow(Session& session, Stream stream);
    asio::awaitable<bool> send_text(Session& session, std::string text);
    asio::awaitable<void> hang_up(Session& session);

    Answer handled(const Request& request) const;
    bool make_room();
    void expire_sessions();
    void wake_streams();
    void turn_away(tcp::socket& socket);
    void count_answer(int status);
    void count_drop(const Session& session, std::string_view why);

    const ServerOptions options;
    const ServerCalls calls;

    mutable std::mutex counts_mutex;
    ServerCounts counts;  ///< Guarded by counts_mutex.
    std::atomic<bool> wake_posted = false;

    // Only the server's thread touches what follows. The context goes last: destroying it destroys
    // the coroutines' frames, and with them the sessions.
    std::list<Session*> sessions;
    std::map<std::uint64_t, Session*> awaiting;  ///< Another thread's answer, by ticket.
    std::uint64_t last_ticket = 0;
    bool stopping = false;
    Steady::time_point stop_by = Steady::time_point::max();
    std::thread thread;
    asio::io_context context = asio::io_context(1);
    tcp::acceptor acceptor;
    asio::steady_timer ticker;

    /// Keeps a session in the list as long as its coroutine runs.
    class Listed {
      public:
        Listed(Implementation& server, Session& session)
            : server_(server), place_(server.sessions.insert(server.sessions.end(), &session)) {}
        ~Listed() { server_.sessions.erase(place_); }
        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

      private:
        Implementation& server_;
        std::list<Session*>::iterator place_;
    };
};

}  // namespace ringrift::ops::http
