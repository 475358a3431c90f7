#include "ops/http/server.hpp"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <csignal>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "ops/http/request_target.hpp"

namespace ringrift::ops::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

constexpr auto use = asio::as_tuple(asio::use_awaitable);
constexpr auto tick_period = std::chrono::milliseconds(50);  ///< How exactly deadlines are kept.
constexpr std::size_t discard_bytes_max =
    4 * 1024 * 1024;  ///< Read from a client that is turned away.

/// One connection. Lives in the frame of its coroutine; the server keeps a list of all.
struct Session {
    explicit Session(tcp::socket connected)
        : socket(std::move(connected)), timer(socket.get_executor()) {}

    tcp::socket socket;
    asio::steady_timer timer;  ///< Wakes a stream, or who waits for another thread's answer.
    beast::flat_buffer buffer;
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

Response too_slow(const ServerOptions& options) {
    return error_response(408, "too_slow",
                          "The request did not arrive within " +
                              std::to_string(options.read_max.count() / 1000) + " s.",
                          "Send the whole request at once.");
}

Response refusal_of(const error_code& error, const ServerOptions& options) {
    if (error == wire::error::header_limit) {
        return error_response(431, "head_too_large",
                              "The request line and headers are larger than " +
                                  std::to_string(options.head_bytes_max) + " bytes.",
                              "Send fewer or shorter headers.");
    }
    if (error == wire::error::body_limit) {
        return error_response(
            413, "body_too_large",
            "The body is larger than " + std::to_string(options.body_bytes_max) + " bytes.",
            "Send less at once.");
    }
    return error_response(400, "malformed_request",
                          "This is not an HTTP request: " + error.message() + ".",
                          "Check the client; the port speaks plain HTTP.");
}

bool was_malformed(const error_code& error) {
    return error.category() == wire::make_error_code(wire::error::bad_method).category() &&
           error != wire::error::end_of_stream && error != wire::error::partial_message;
}

std::map<std::string, std::string> headers_of(const wire::fields& fields) {
    std::map<std::string, std::string> headers;
    for (const auto& field : fields) {
        std::string name(field.name_string());
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        std::string& value = headers[name];
        if (!value.empty()) value += ", ";
        value += std::string_view(field.value().data(), field.value().size());
    }
    return headers;
}

BindFailure bind_failure(const error_code& error, const ServerOptions& options) {
    using Kind = BindFailure::Kind;
    const std::string where = options.host + ":" + std::to_string(options.port);
    if (error == asio::error::address_in_use) {
        return {Kind::port_in_use,
                "Port " + std::to_string(options.port) + " on " + options.host +
                    " is in use. Another ringrift may run here (ringrift status); choose "
                    "another port with --port, or 0 for a free one."};
    }
    if (error == asio::error::access_denied) {
        return {Kind::forbidden, "Not allowed to listen on " + where +
                                     ". Ports below 1024 need privileges; "
                                     "choose another with --port."};
    }
    if (error == boost::system::errc::address_not_available) {
        return {Kind::bad_address, "This machine has no address " + options.host +
                                       ". Use 0.0.0.0 for all of its addresses, or 127.0.0.1."};
    }
    return {Kind::other, "Cannot listen on " + where + ": " + error.message() + "."};
}

}  // namespace

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
    asio::awaitable<Incoming> receive_body(Session& session,
                                           wire::request_parser<wire::string_body>& parser);
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
    Request request_from(const Session& session, wire::request<wire::string_body>& message,
                         Incoming& incoming) const;

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

bus::Result<int, BindFailure> Server::Implementation::listen() {
    error_code error;
    const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
    const auto address = asio::ip::make_address(host, error);
    if (error || options.port < 0 || options.port > 65535) {
        return BindFailure{
            BindFailure::Kind::bad_address,
            options.host + ":" + std::to_string(options.port) +
                " is no address and port. Use e.g. 0.0.0.0 or 127.0.0.1, and a port up to 65535."};
    }
    const tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        error_code ignored;
        acceptor.close(ignored);
        return bind_failure(error, options);
    }
    const int port = acceptor.local_endpoint().port();
    asio::co_spawn(context, accept(), asio::detached);
    asio::co_spawn(context, keep_time(), asio::detached);
    thread = std::thread([this] {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);  // Signals are the main thread's business.
        context.run();
    });
    return port;
}

void Server::Implementation::wake() {
    if (wake_posted.exchange(true)) return;
    asio::post(context, [this] {
        wake_posted = false;
        ticker.cancel();
        wake_streams();
    });
}

void Server::Implementation::stop() {
    if (!thread.joinable()) return;
    asio::post(context, [this] {
        stopping = true;
        stop_by = Steady::now() + options.stop_max;
        error_code ignored;
        acceptor.close(ignored);
        for (Session* session : sessions) {
            if (session->idle) session->socket.cancel(ignored);
        }
        wake_streams();
        ticker.cancel();
    });
    thread.join();
}

ServerCounts Server::Implementation::counted() const {
    const std::lock_guard lock(counts_mutex);
    return counts;
}

asio::awaitable<void> Server::Implementation::accept() {
    while (!stopping) {
        auto [error, socket] = co_await acceptor.async_accept(use);
        if (stopping) co_return;
        if (error) {  // Out of file descriptors, most likely: wait until some are given back.
            asio::steady_timer pause(context, std::chrono::milliseconds(100));
            co_await pause.async_wait(use);
            continue;
        }
        if (sessions.size() >= options.connections_max && !make_room()) {
            turn_away(socket);
            continue;
        }
        asio::co_spawn(context, serve(std::move(socket)), asio::detached);
    }
}

/// The one clock of all sessions: ends what takes too long, and gives the owner's tick its turn.
asio::awaitable<void> Server::Implementation::keep_time() {
    Steady::time_point last_tick = {};
    while (!stopping || (!sessions.empty() && Steady::now() < stop_by)) {
        const bool due = wake_posted || Steady::now() - last_tick >= options.poll;
        bool again = false;
        if (calls.tick && due && !stopping) {
            again = calls.tick();
            if (!again) last_tick = Steady::now();
        }
        expire_sessions();
        ticker.expires_after(again ? Steady::duration(0) : Steady::duration(tick_period));
        co_await ticker.async_wait(use);
    }
    context.stop();
}

void Server::Implementation::expire_sessions() {
    const auto now = Steady::now();
    for (Session* session : sessions) {
        char byte = 0;
        const bool gone = session->streaming && ::recv(session->socket.native_handle(), &byte, 1,
                                                       MSG_PEEK | MSG_DONTWAIT) == 0;
        if (now < session->deadline && !gone) continue;
        session->deadline = Steady::time_point::max();
        session->expired = true;
        error_code ignored;
        session->socket.cancel(ignored);
        session->timer.cancel();
    }
}

void Server::Implementation::wake_streams() {
    for (Session* session : sessions) {
        if (session->streaming) session->timer.cancel();
    }
}

/// Ends the connection that idles longest. False when none does.
bool Server::Implementation::make_room() {
    Session* longest = nullptr;
    for (Session* session : sessions) {
        const bool better = session->idle && !session->expired &&
                            (longest == nullptr || session->idle_since < longest->idle_since);
        if (better) longest = session;
    }
    if (longest == nullptr) return false;
    longest->expired = true;
    error_code ignored;
    longest->socket.cancel(ignored);
    const std::lock_guard lock(counts_mutex);
    ++counts.connections_evicted;
    return true;
}

/// Says 503 as far as the socket takes it at once.
void Server::Implementation::turn_away(tcp::socket& socket) {
    const Response full = error_response(503, "too_many_connections", "All connections are in use.",
                                         "Try again in a second.");
    const std::string text =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        "Retry-After: 1\r\nConnection: close\r\nContent-Length: " +
        std::to_string(full.body.size()) + "\r\n\r\n" + full.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    const std::lock_guard lock(counts_mutex);
    ++counts.connections_refused;
}

asio::awaitable<void> Server::Implementation::serve(tcp::socket socket) {
    Session session(std::move(socket));
    const Listed listed(*this, session);
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
    co_await hang_up(session);
}

asio::awaitable<Incoming> Server::Implementation::receive(Session& session) {
    session.idle = true;
    session.idle_since = Steady::now();
    if (session.buffer.size() == 0) {
        session.within(options.idle_max);
        auto [error] = co_await session.socket.async_wait(tcp::socket::wait_read, use);
        if (error || session.expired || stopping) co_return Incoming{};
    }
    session.idle = false;
    session.within(options.read_max);
    wire::request_parser<wire::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(options.head_bytes_max));
    parser.body_limit(options.body_bytes_max);
    auto [error, bytes] =
        co_await wire::async_read_header(session.socket, session.buffer, parser, use);
    if (session.expired) {
        const std::lock_guard lock(counts_mutex);
        ++counts.clients_too_slow;
        co_return Incoming{.refusal = too_slow(options)};
    }
    if (was_malformed(error)) co_return Incoming{.refusal = refusal_of(error, options)};
    if (error) co_return Incoming{};
    co_return co_await receive_body(session, parser);
}

asio::awaitable<Incoming> Server::Implementation::receive_body(
    Session& session, wire::request_parser<wire::string_body>& parser) {
    if (beast::iequals(parser.get()[wire::field::expect], "100-continue")) {
        const bool sent = co_await send_text(session, "HTTP/1.1 100 Continue\r\n\r\n");
        if (!sent) co_return Incoming{};
        session.within(options.read_max);
    }
    auto [error, bytes] = co_await wire::async_read(session.socket, session.buffer, parser, use);
    if (session.expired) {
        const std::lock_guard lock(counts_mutex);
        ++counts.clients_too_slow;
        co_return Incoming{.refusal = too_slow(options)};
    }
    if (was_malformed(error)) co_return Incoming{.refusal = refusal_of(error, options)};
    if (error) co_return Incoming{};
    Incoming incoming;
    wire::request<wire::string_body> message = parser.release();
    incoming.keep_alive = message.keep_alive();
    Request request = request_from(session, message, incoming);
    if (!read_target(std::string_view(message.target().data(), message.target().size()), request)) {
        incoming.refusal =
            error_response(400, "malformed_target", "The path or query is not valid.",
                           "Percent-encode what is not a letter, a digit, - . _ or ~.");
        co_return incoming;
    }
    incoming.request = std::move(request);
    co_return incoming;
}

Request Server::Implementation::request_from(const Session& session,
                                             wire::request<wire::string_body>& message,
                                             Incoming& incoming) const {
    Request request;
    request.method =
        std::string_view(message.method_string().data(), message.method_string().size());
    incoming.head_only = request.method == "HEAD";
    if (incoming.head_only) request.method = "GET";
    request.headers = headers_of(message);
    request.body = std::move(message.body());
    request.peer = session.peer;
    request.from_loopback = session.from_loopback;
    return request;
}

Answer Server::Implementation::handled(const Request& request) const {
    try {
        return calls.handle(request);
    } catch (const std::exception& error) {
        return error_response(500, "internal",
                              std::string("The answer could not be made: ") + error.what(),
                              "This is a bug of ringrift; please report it with the request.");
    }
}

/// True when another request may follow on this connection.
asio::awaitable<bool> Server::Implementation::answer(Session& session, const Incoming& incoming) {
    session.within(options.write_max);
    if (incoming.refusal) co_return co_await send(session, *incoming.refusal, incoming);
    Answer answer = handled(*incoming.request);
    if (Later* later = std::get_if<Later>(&answer)) {
        Response response = co_await wait_for(session, std::move(*later));
        co_return co_await send(session, std::move(response), incoming);
    }
    if (Response* response = std::get_if<Response>(&answer)) {
        co_return co_await send(session, std::move(*response), incoming);
    }
    Stream& stream = std::get<Stream>(answer);
    if (counted().streams >= static_cast<std::int64_t>(options.streams_max)) {
        Response full = error_response(503, "too_many_streams", stream.too_many,
                                       "Close one, or page with after= instead of following.");
        full.headers["Retry-After"] = "5";
        co_return co_await send(session, std::move(full), incoming);
    }
    co_await follow(session, std::move(stream));
    co_return false;
}

asio::awaitable<Response> Server::Implementation::wait_for(Session& session, Later later) {
    const std::uint64_t ticket = ++last_ticket;
    session.reply.reset();
    awaiting[ticket] = &session;
    session.within(later.deadline);
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

asio::awaitable<bool> Server::Implementation::send(Session& session, Response response,
                                                   const Incoming& incoming) {
    count_answer(response.status);
    if (calls.finish) calls.finish(response);
    const bool keep_alive = incoming.keep_alive && !stopping && !incoming.refusal;
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
    text += reason_phrase(response.status);
    text += "\r\nContent-Type: " + response.content_type;
    text += "\r\nContent-Length: " + std::to_string(response.body.size());
    text += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
    text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    session.within(options.write_max +
                   bus::Duration(response.body.size() / 64));  // 64 KiB/s at least
    if (incoming.head_only) response.body.clear();
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(text),
                                                       asio::buffer(response.body)};
    auto [error, bytes] = co_await asio::async_write(session.socket, buffers, use);
    co_return !error && !session.expired && keep_alive;
}

asio::awaitable<bool> Server::Implementation::send_text(Session& session, std::string text) {
    session.within(options.write_max);
    auto [error, bytes] = co_await asio::async_write(session.socket, asio::buffer(text), use);
    co_return !error && !session.expired;
}

asio::awaitable<void> Server::Implementation::follow(Session& session, Stream stream) {
    session.streaming = true;
    {
        const std::lock_guard lock(counts_mutex);
        ++counts.streams;
    }
    count_answer(200);
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Accel-Buffering: no\r\nConnection: close\r\n";
    for (const auto& [name, value] : stream.headers) head += name + ": " + value + "\r\n";
    bool taken = co_await send_text(session, head + "\r\n");
    auto last_said = Steady::now();
    while (taken && !stopping) {
        StreamPart part = stream.next();
        if (part.text.empty() && Steady::now() - last_said >= options.heartbeat)
            part.text = ": still here\n\n";
        if (!part.text.empty()) {
            taken = co_await send_text(session, std::move(part.text));
            if (!taken)
                count_drop(session,
                           "its client did not take what was sent within the time allowed");
            last_said = Steady::now();
        } else if (!part.last) {
            session.deadline = Steady::time_point::max();
            session.timer.expires_after(options.poll);
            co_await session.timer.async_wait(use);
            taken = !session.expired;  // The client has gone.
        }
        if (part.last) break;
    }
    if (taken && stopping)
        co_await send_text(session, "event: end\ndata: {\"reason\":\"the node stops\"}\n\n");
    session.streaming = false;
    const std::lock_guard lock(counts_mutex);
    --counts.streams;
}

/// Closes so that the client gets to read the answer: a socket closed with unread data resets.
asio::awaitable<void> Server::Implementation::hang_up(Session& session) {
    error_code error;
    session.socket.shutdown(tcp::socket::shutdown_send, error);
    session.within(std::chrono::seconds(1));
    std::size_t discarded = 0;
    std::array<char, 16 * 1024> bytes;
    while (!error && !session.expired && !stopping && discarded < discard_bytes_max) {
        auto [failed, count] = co_await session.socket.async_read_some(asio::buffer(bytes), use);
        error = failed;
        discarded += count;
    }
    session.socket.close(error);
}

void Server::Implementation::count_answer(int status) {
    const std::lock_guard lock(counts_mutex);
    ++counts.requests;
    if (status < 400) ++counts.answers_2xx;
    if (status >= 400 && status < 500) ++counts.answers_4xx;
    if (status >= 500) ++counts.answers_5xx;
}

void Server::Implementation::count_drop(const Session& session, std::string_view why) {
    const std::lock_guard lock(counts_mutex);
    ++counts.streams_dropped;
    counts.last_drop = "The stream to " + session.peer + " was dropped: " + std::string(why) + ".";
}

Server::Server(ServerOptions options, ServerCalls calls)
    : implementation_(std::make_unique<Implementation>(std::move(options), std::move(calls))) {}

Server::~Server() {
    stop();
}

bus::Result<int, BindFailure> Server::listen() {
    return implementation_->listen();
}

void Server::wake() {
    implementation_->wake();
}

void Server::stop() {
    implementation_->stop();
}

ServerCounts Server::counts() const {
    return implementation_->counted();
}

}  // namespace ringrift::ops::http
