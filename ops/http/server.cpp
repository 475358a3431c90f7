#include "ops/http/server.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <optional>
#include <thread>

#include <boost/asio.hpp>

#include "ops/http/request_reader.hpp"
#include "ops/http/watch.hpp"

// A coroutine per connection owns its session, all on one thread, so nothing is shared but counts.

namespace ringrift::ops::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

template <class T>
using Task = asio::awaitable<T>;

constexpr auto use = asio::as_tuple(asio::use_awaitable);

constexpr auto tick_period = std::chrono::milliseconds(50);  ///< How exactly deadlines are kept.
/// Read from a client that is turned away.
constexpr std::size_t discard_bytes_max = 4 * 1024 * 1024;

/// One connection; lives in the frame of its coroutine.
struct Session {
    Session(Watch& watch, tcp::socket connected)
        : socket(std::move(connected)),
          timer(socket.get_executor()),
          watched(
              watch, socket.native_handle(), [this] { cancel(); }, [this] { timer.cancel(); }) {}

    void cancel() {
        error_code ignored;
        socket.cancel(ignored);
        timer.cancel();
    }

    tcp::socket socket;
    asio::steady_timer timer;   ///< For who waits for news, or for another thread's answer.
    std::string received = {};  ///< Not understood yet: the rest of a request, or the next.
    std::string peer = {};
    bool from_loopback = false;
    std::optional<Response> reply = {};  ///< From another thread.
    Watched watched;
};

/// What came of reading a request: one of the two, or neither when the client has gone.
struct Incoming {
    std::optional<Request> request = {};
    std::optional<Response> refusal = {};
    bool head_only = false;
    bool keep_alive = false;
};

}  // namespace

class Server::Core {
  public:
    Core(ServerOptions chosen, ServerCalls called)
        : options(std::move(chosen)), calls(std::move(called)) {}

    bus::Result<int, BindFailure> listen();
    void wake();
    void stop();

    CountBoard counts;

  private:
    Task<void> accept();
    Task<void> keep_time();
    Task<void> serve(tcp::socket socket);
    Task<Incoming> receive(Session& session);
    Task<bool> read_some(Session& session);
    Task<bool> answer(Session& session, const Incoming& incoming);
    Task<Response> wait_for(Session& session, Later later);
    Task<bool> send(Session& session, Response response, const Incoming& incoming);
    Task<void> follow(Session& session, Stream stream);
    Task<bool> send_text(Session& session, std::string text);
    Task<void> hang_up(Session& session);

    void turn_away(tcp::socket& socket);

    const ServerOptions options;
    const ServerCalls calls;
    std::atomic<bool> wake_posted = false;

    // Only the server's thread touches what follows. The context goes last: destroying it destroys
    // the coroutines' frames, and with them the sessions.
    Watch watch;
    std::map<std::uint64_t, Session*> awaiting;  ///< Another thread's answer, by ticket.
    std::uint64_t last_ticket = 0;
    bool stopping = false;
    bool woken = false;
    Steady::time_point stop_by = Steady::time_point::max();
    std::thread thread;
    asio::io_context context = asio::io_context(1);
    tcp::acceptor acceptor = tcp::acceptor(context);
    asio::steady_timer ticker = asio::steady_timer(context);
};

bus::Result<int, BindFailure> Server::Core::listen() {
    error_code error;
    const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
    const auto address = asio::ip::make_address(host, error);
    if (error || options.port < 0 || options.port > 65535) {
        return no_address(options.host, options.port);
    }
    const tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return bind_failure(error, options.host, options.port);
    const int port = acceptor.local_endpoint().port();
    const auto must_go_on = [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    };
    asio::co_spawn(context, accept(), must_go_on);
    asio::co_spawn(context, keep_time(), must_go_on);
    thread = std::thread([this] {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);  // Signals are the main thread's business.
        context.run();
    });
    return port;
}

void Server::Core::wake() {
    if (wake_posted.exchange(true)) return;
    asio::post(context, [this] {
        wake_posted = false;
        woken = true;
        ticker.cancel();
        watch.wake_followers();
    });
}

void Server::Core::stop() {
    if (!thread.joinable()) return;
    asio::post(context, [this] {
        stopping = true;
        stop_by = Steady::now() + options.stop_max;
        error_code ignored;
        acceptor.close(ignored);
        watch.cancel_idle();
        watch.wake_followers();
        ticker.cancel();
    });
    thread.join();
}

Task<void> Server::Core::accept() {
    while (!stopping) {
        auto [error, socket] = co_await acceptor.async_accept(use);
        if (stopping) co_return;
        if (error) {  // Out of file descriptors, most likely: wait until some are given back.
            asio::steady_timer pause(context, std::chrono::milliseconds(100));
            co_await pause.async_wait(use);
            continue;
        }
        if (watch.size() >= options.connections_max) {
            const bool made = watch.make_room();
            counts.add(made ? &ServerCounts::connections_evicted
                            : &ServerCounts::connections_refused);
            if (!made) turn_away(socket);
            if (!made) continue;
        }
        // What is thrown, e.g. for want of memory, ends this connection and nothing else.
        asio::co_spawn(context, serve(std::move(socket)), asio::detached);
    }
}

/// The one clock of all sessions: ends what takes too long, and gives the owner's tick its turn.
Task<void> Server::Core::keep_time() {
    Steady::time_point last_tick = {};
    while (!stopping || (!watch.empty() && Steady::now() < stop_by)) {
        const bool due = std::exchange(woken, false) || Steady::now() - last_tick >= options.poll;
        bool again = false;
        if (calls.tick && due && !stopping) {
            again = calls.tick();
            if (!again) last_tick = Steady::now();
        }
        watch.expire();
        ticker.expires_after(again ? Steady::duration(0) : Steady::duration(tick_period));
        co_await ticker.async_wait(use);
    }
    context.stop();
}

/// Says 503 as far as the socket takes it at once.
void Server::Core::turn_away(tcp::socket& socket) {
    const Response full = error_response(503, "too_many_connections", "All connections are in use.",
                                         "Try again in a second.");
    const std::string text = head_of(full, false) + full.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

Task<void> Server::Core::serve(tcp::socket socket) {
    Session session(watch, std::move(socket));
    const Counted counted(counts, &ServerCounts::connections);
    error_code error;
    const auto remote = session.socket.remote_endpoint(error);
    if (error) co_return;
    auto address = remote.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    session.peer = address.to_string();
    session.from_loopback = address.is_loopback();
    session.socket.set_option(tcp::no_delay(true), error);
    bool more = true;
    while (more && !stopping) {
        const Incoming incoming = co_await receive(session);
        if (!incoming.request && !incoming.refusal) break;
        more = co_await answer(session, incoming);
    }
    if (!session.watched.idle()) co_await hang_up(session);
}

Task<bool> Server::Core::read_some(Session& session) {
    std::array<char, 16 * 1024> bytes;
    auto [error, count] = co_await session.socket.async_read_some(asio::buffer(bytes), use);
    session.received.append(bytes.data(), count);
    co_return !error && !session.watched.expired();
}

Task<Incoming> Server::Core::receive(Session& session) {
    session.watched.rests();
    session.watched.within(options.idle_max);
    if (session.received.empty() && !co_await read_some(session)) co_return Incoming{};
    session.watched.works();
    session.watched.within(options.read_max);
    RequestReader reader(options.head_bytes_max, options.body_bytes_max);
    while (true) {
        const RequestReader::State state = reader.take(session.received);
        if (state == RequestReader::State::refused) co_return Incoming{.refusal = reader.refusal()};
        if (state == RequestReader::State::done) break;
        if (state == RequestReader::State::wants_continue) {
            if (!co_await send_text(session, "HTTP/1.1 100 Continue\r\n\r\n")) co_return Incoming{};
            session.watched.within(options.read_max);
        }
        const bool arrived = co_await read_some(session);
        if (session.watched.expired()) {
            counts.add(&ServerCounts::clients_too_slow);
            co_return Incoming{.refusal = too_slow(options.read_max)};
        }
        if (!arrived) co_return Incoming{};
    }
    reader.request().peer = session.peer;
    reader.request().from_loopback = session.from_loopback;
    co_return Incoming{.request = std::move(reader.request()),
                       .head_only = reader.head_only(),
                       .keep_alive = reader.keep_alive()};
}

/// True when another request may follow on this connection.
Task<bool> Server::Core::answer(Session& session, const Incoming& incoming) {
    session.watched.within(options.write_max);
    if (incoming.refusal) co_return co_await send(session, *incoming.refusal, incoming);
    Answer answer = answer_of(calls.handle, *incoming.request);
    if (Later* later = std::get_if<Later>(&answer)) {
        Response response = co_await wait_for(session, std::move(*later));
        co_return co_await send(session, std::move(response), incoming);
    }
    if (Response* response = std::get_if<Response>(&answer)) {
        co_return co_await send(session, std::move(*response), incoming);
    }
    Stream& stream = std::get<Stream>(answer);
    if (incoming.head_only) {
        co_return co_await send(session, {.content_type = "text/event-stream"}, incoming);
    }
    if (counts.read().streams >= static_cast<std::int64_t>(options.streams_max)) {
        Response full = error_response(503, "too_many_streams", stream.too_many,
                                       "Close one, or page with after= instead of following.");
        full.headers["Retry-After"] = "5";
        co_return co_await send(session, std::move(full), incoming);
    }
    co_await follow(session, std::move(stream));
    co_return false;
}

Task<Response> Server::Core::wait_for(Session& session, Later later) {
    const std::uint64_t ticket = ++last_ticket;
    session.reply.reset();
    awaiting[ticket] = &session;
    session.watched.within(later.deadline);
    session.timer.expires_after(later.deadline);
    later.ask([this, ticket](Response response) {
        asio::post(context, [this, ticket, response = std::move(response)]() mutable {
            const auto waiting = awaiting.find(ticket);
            if (waiting == awaiting.end()) return;
            waiting->second->reply = std::move(response);
            waiting->second->timer.cancel();
        });
    });
    co_await session.timer.async_wait(use);
    awaiting.erase(ticket);
    co_return session.reply ? std::move(*session.reply) : std::move(later.too_late);
}

Task<bool> Server::Core::send(Session& session, Response response, const Incoming& incoming) {
    counts.answered(response.status);
    if (calls.finish) calls.finish(response);
    const bool keep_alive = incoming.keep_alive && !stopping && !incoming.refusal;
    const std::string head = head_of(response, keep_alive);
    session.watched.within(options.write_max +
                           bus::Duration(response.body.size() / 64));  // 64 KiB/s at least
    if (incoming.head_only) response.body.clear();
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head),
                                                       asio::buffer(response.body)};
    auto [error, bytes] = co_await asio::async_write(session.socket, buffers, use);
    co_return !error && !session.watched.expired() && keep_alive;
}

Task<bool> Server::Core::send_text(Session& session, std::string text) {
    session.watched.within(options.write_max);
    auto [error, bytes] = co_await asio::async_write(session.socket, asio::buffer(text), use);
    co_return !error && !session.watched.expired();
}

Task<void> Server::Core::follow(Session& session, Stream stream) {
    session.watched.follows(true);
    const Counted counted(counts, &ServerCounts::streams);
    counts.answered(200);
    bool taken = co_await send_text(session, head_of(stream));
    auto last_said = Steady::now();
    while (taken && !stopping) {
        StreamPart part = stream.next();
        if (part.text.empty() && Steady::now() - last_said >= options.heartbeat)
            part.text = ": still here\n\n";
        if (!part.text.empty()) {
            taken = co_await send_text(session, std::move(part.text));
            if (!taken) {
                counts.dropped("The stream to " + session.peer +
                               " was dropped: its client did not take what was sent in time.");
            }
            last_said = Steady::now();
        } else if (!part.last) {
            session.watched.has_all_day();
            session.timer.expires_after(options.poll);
            co_await session.timer.async_wait(use);
            taken = !session.watched.expired();  // The client has gone.
        }
        if (part.last) break;
    }
    if (taken && stopping)
        co_await send_text(session, "event: end\ndata: {\"reason\":\"the node stops\"}\n\n");
    session.watched.follows(false);
}

/// Closes so that the client gets to read the answer: a socket closed with unread data resets.
Task<void> Server::Core::hang_up(Session& session) {
    error_code error;
    session.socket.shutdown(tcp::socket::shutdown_send, error);
    session.watched.within(std::chrono::seconds(1));
    std::size_t discarded = 0;
    while (!error && !stopping && discarded < discard_bytes_max && co_await read_some(session)) {
        discarded += session.received.size();
        session.received.clear();
    }
}

Server::Server(ServerOptions options, ServerCalls calls)
    : core_(std::make_unique<Core>(std::move(options), std::move(calls))) {}

Server::~Server() {
    stop();
}

bus::Result<int, BindFailure> Server::listen() {
    return core_->listen();
}

void Server::wake() {
    core_->wake();
}

void Server::stop() {
    core_->stop();
}

ServerCounts Server::counts() const {
    return core_->counts.read();
}

}  // namespace ringrift::ops::http
