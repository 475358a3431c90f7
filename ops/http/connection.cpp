// One client of the server: requests in, answers out, until one of the two sides has enough.

#include <array>

#include "ops/http/request_reader.hpp"
#include "ops/http/server_core.hpp"

namespace ringrift::ops::http {
namespace {

constexpr std::size_t discard_bytes_max =
    4 * 1024 * 1024;  ///< Read from a client that is turned away.

Response too_slow(const ServerOptions& options) {
    return error_response(408, "too_slow",
                          "The request did not arrive within " +
                              std::to_string(options.read_max.count() / 1000) + " s.",
                          "Send the whole request at once.");
}

}  // namespace

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

asio::awaitable<bool> Server::Implementation::read_some(Session& session) {
    std::array<char, 16 * 1024> bytes;
    auto [error, count] = co_await session.socket.async_read_some(asio::buffer(bytes), use);
    session.received.append(bytes.data(), count);
    co_return !error && !session.expired;
}

asio::awaitable<Incoming> Server::Implementation::receive(Session& session) {
    session.idle = true;
    session.idle_since = Steady::now();
    session.within(options.idle_max);
    if (session.received.empty() && !co_await read_some(session)) co_return Incoming{};
    session.idle = false;
    session.within(options.read_max);
    RequestReader reader(options.head_bytes_max, options.body_bytes_max);
    while (true) {
        const RequestReader::State state = reader.take(session.received);
        if (state == RequestReader::State::refused) co_return Incoming{.refusal = reader.refusal()};
        if (state == RequestReader::State::done) break;
        if (state == RequestReader::State::wants_continue) {
            if (!co_await send_text(session, "HTTP/1.1 100 Continue\r\n\r\n")) co_return Incoming{};
            session.within(options.read_max);
        }
        const bool arrived = co_await read_some(session);
        if (session.expired) {
            const std::lock_guard lock(counts_mutex);
            ++counts.clients_too_slow;
            co_return Incoming{.refusal = too_slow(options)};
        }
        if (!arrived) co_return Incoming{};
    }
    reader.request().peer = session.peer;
    reader.request().from_loopback = session.from_loopback;
    co_return Incoming{.request = std::move(reader.request()),
                       .head_only = reader.head_only(),
                       .keep_alive = reader.keep_alive()};
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

}  // namespace ringrift::ops::http
