// The server's promises: what is bounded, what a bad or slow client gets, how streams and late
// answers end. Real sockets on 127.0.0.1.

#include "ops/http/server.hpp"

#include <atomic>
#include <thread>

#include "ops/http/request_target.hpp"
#include "tests/catch.hpp"
#include "tests/raw_http.hpp"

using namespace ringrift::ops::http;
using namespace ringrift::tests;
using namespace std::chrono_literals;
namespace bus = ringrift::bus;

namespace {

ServerOptions local(ServerOptions options = {}) {
    options.host = "127.0.0.1";
    options.port = 0;
    return options;
}

/// Says what it was asked.
Answer echo(const Request& request) {
    std::string text = request.method;
    for (const std::string& segment : request.segments) text += " " + segment;
    for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
    return Response{.content_type = "text/plain", .body = text + " [" + request.body + "]"};
}

struct Running {
    explicit Running(Handler handler, ServerOptions options = {})
        : server(local(options), {.handle = std::move(handler)}) {
        auto bound = server.listen();
        REQUIRE(bound.ok());
        port = *bound;
    }
    Server server;
    int port = 0;
};

template <class Condition>
bool becomes_true(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return condition();
}

}  // namespace

TEST_CASE("a request is taken apart, and its answer says what it is") {
    Running running(echo);
    const std::string answer =
        get(running.port, "/work/a%2Fb%20c?type=self+play&limit=5&limit=7&x=1%2B2");
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer) == "GET work a/b c limit=7 type=self play x=1+2 []");
    CHECK(answer.find("Content-Type: text/plain") != std::string::npos);
    CHECK(answer.find("nosniff") != std::string::npos);
    CHECK(body_of(post(running.port, "/x/", "", "hello")) == "POST x [hello]");
}

TEST_CASE("requests sent at once on one connection are answered in order") {
    Running running(echo);
    RawHttp client(running.port);
    client.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
        "2\r\n\r\nhi"
        "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(body_of(client.answer()) == "GET 1 []");
    CHECK(body_of(client.answer()) == "POST 2 [hi]");
    CHECK(body_of(client.answer()) == "GET 3 []");
    CHECK(client.rest().empty());
}

TEST_CASE("HEAD is answered as GET without the body") {
    Running running(echo);
    RawHttp client(running.port);
    client.send("HEAD /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::string answer = client.rest();
    CHECK(answer.find("Content-Length: 8\r\n") != std::string::npos);
    CHECK(body_of(answer).empty());
}

TEST_CASE("what is too large is refused with its limit, and the client gets to read why") {
    Running running(echo);
    const std::string long_head =
        get(running.port, "/", "X-Long: " + std::string(17 * 1024, 'x') + "\r\n");
    CHECK(status_of(long_head) == 431);
    const std::string large(1024 * 1024, 'x');
    CHECK(status_of(post(running.port, "/", "", large)) == 200);
    const std::string too_large = post(running.port, "/", "", large + "x");
    CHECK(status_of(too_large) == 413);
    CHECK(body_of(too_large).find("\"code\":\"body_too_large\"") != std::string::npos);
}

TEST_CASE("what is not HTTP is answered 400 and the connection ends") {
    Running running(echo);
    for (const std::string nonsense :
         {"\x16\x03\x01 hello\r\n\r\n", "GET\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        INFO(nonsense);
        RawHttp client(running.port);
        client.send(nonsense);
        CHECK(status_of(client.rest()) == 400);
    }
    CHECK(status_of(get(running.port, "/")) == 200);
}

TEST_CASE("a client that sends slowly is cut off with 408 and holds nobody up") {
    ServerOptions options;
    options.read_max = 300ms;
    Running running(echo, options);
    RawHttp slow(running.port);
    slow.send("GET / HTTP/1.1\r\nHost:");
    std::thread drip([&] {
        while (slow.send("x")) std::this_thread::sleep_for(20ms);
    });
    CHECK(status_of(get(running.port, "/")) == 200);
    RawHttp half_a_body(running.port);
    half_a_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    CHECK(status_of(half_a_body.answer()) == 408);
    CHECK(status_of(slow.answer()) == 408);
    slow.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both);
    drip.join();
    CHECK(running.server.counts().clients_too_slow == 2);
}

TEST_CASE("when all connections are in use an idle one gives way, a busy one does not") {
    ServerOptions options;
    options.connections_max = 2;
    Running running(echo, options);
    RawHttp idle(running.port);
    idle.send("GET /idle HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(status_of(idle.answer()) == 200);
    RawHttp busy(running.port);
    busy.send("GET /busy HTTP/1.1\r\nHost:");
    REQUIRE(becomes_true([&] { return running.server.counts().requests == 1; }));
    RawHttp newcomer(running.port);
    newcomer.send("GET /new HTTP/1.1\r\nHost:");
    CHECK(idle.rest().empty());
    CHECK(running.server.counts().connections_evicted == 1);
    busy.send(" a\r\n\r\n");
    CHECK(status_of(busy.answer()) == 200);
}

TEST_CASE("a handler that throws is a 500 with a sentence, and the server goes on") {
    Running running([](const Request& request) -> Answer {
        if (request.segments.empty()) throw std::runtime_error("no segments");
        return echo(request);
    });
    const std::string answer = get(running.port, "/");
    CHECK(status_of(answer) == 500);
    CHECK(body_of(answer).find("no segments") != std::string::npos);
    CHECK(status_of(get(running.port, "/ok")) == 200);
}

TEST_CASE("an answer may come from another thread; one that comes too late is 503") {
    Reply kept;
    std::atomic<bool> asked = false;
    Running running([&](const Request& request) -> Answer {
        Later later;
        later.deadline = request.segments.empty() ? 200ms : 10s;
        later.too_late =
            error_response(503, "no_answer", "The node did not answer.", "Look at /health.");
        later.ask = [&](Reply reply) {
            kept = std::move(reply);
            asked = true;
        };
        return later;
    });
    CHECK(status_of(get(running.port, "/")) == 503);
    kept(Response{.body = "late"});  // Nobody waits for it.
    asked = false;
    RawHttp client(running.port);
    client.send("GET /patient HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(becomes_true([&] { return asked.load(); }));
    kept(Response{.body = "soon"});
    CHECK(body_of(client.answer()) == "soon");
}

TEST_CASE("streams are bounded in number, kept warm, woken by news, and told when the node stops") {
    std::atomic<int> news = 0;
    ServerOptions options;
    options.streams_max = 1;
    options.heartbeat = 100ms;
    options.poll = 10s;
    Running running(
        [&](const Request&) -> Answer {
            return Stream{
                .next =
                    [&, said = 0]() mutable {
                        if (news == said) return StreamPart{};
                        return StreamPart{.text = "data: " + std::to_string(++said) + "\n\n"};
                    },
                .too_many = "Too many follow already."};
        },
        options);
    RawHttp first(running.port);
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(first.read_until("\r\n\r\n").find("text/event-stream") != std::string::npos);
    const std::string refused = get(running.port, "/");
    CHECK(status_of(refused) == 503);
    CHECK(refused.find("Too many follow already.") != std::string::npos);
    ++news;
    running.server.wake();
    CHECK(first.read_until("data: 1\n\n").ends_with("data: 1\n\n"));
    running.server.stop();
    CHECK(first.rest().find("the node stops") != std::string::npos);
}

TEST_CASE("a stream whose client has closed is noticed") {
    ServerOptions options;
    options.poll = 10s;
    Running running(
        [](const Request&) -> Answer { return Stream{.next = [] { return StreamPart{}; }}; },
        options);
    {
        RawHttp client(running.port);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.read_until("\r\n\r\n");
        CHECK(running.server.counts().streams == 1);
    }
    CHECK(becomes_true([&] { return running.server.counts().streams == 0; }));
}

TEST_CASE("a stream whose client does not read is dropped, with the reason counted") {
    ServerOptions options;
    options.write_max = 200ms;
    Running running(
        [](const Request&) -> Answer {
            return Stream{.next = [] { return StreamPart{.text = std::string(1024 * 1024, 'x')}; }};
        },
        options);
    RawHttp client(running.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("\r\n\r\n");
    REQUIRE(becomes_true([&] { return running.server.counts().streams_dropped == 1; }));
    CHECK(running.server.counts().last_drop.find("127.0.0.1 was dropped") != std::string::npos);
}

TEST_CASE("a port in use, a strange address and a forbidden port are sentences") {
    Running running(echo);
    const auto failure = [](const std::string& host, int port) {
        ServerOptions options;
        options.host = host;
        options.port = port;
        Server server(options, {.handle = echo});
        auto bound = server.listen();
        REQUIRE_FALSE(bound.ok());
        CHECK(bound.error().sentence.ends_with("."));
        return bound.error().kind;
    };
    CHECK(failure("127.0.0.1", running.port) == BindFailure::Kind::port_in_use);
    CHECK(failure("203.0.113.7", 0) == BindFailure::Kind::bad_address);
    CHECK(failure("no address", 0) == BindFailure::Kind::bad_address);
    CHECK(failure("127.0.0.1", 70000) == BindFailure::Kind::bad_address);
}

TEST_CASE("stop is bounded even when an answer never comes") {
    ServerOptions options;
    options.stop_max = 200ms;
    std::atomic<bool> asked = false;
    Running running(
        [&](const Request&) -> Answer { return Later{.ask = [&](Reply) { asked = true; }}; },
        options);
    RawHttp client(running.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(becomes_true([&] { return asked.load(); }));
    const auto start = std::chrono::steady_clock::now();
    running.server.stop();
    CHECK(std::chrono::steady_clock::now() - start < 3s);
}
