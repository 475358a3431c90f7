#include "ops/http/server.hpp"

#include <sys/socket.h>

#include <csignal>

#include "ops/http/server_core.hpp"

namespace ringrift::ops::http {
namespace {

constexpr auto tick_period = std::chrono::milliseconds(50);  ///< How exactly deadlines are kept.

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
