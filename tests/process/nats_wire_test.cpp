// Letters between nodes over a real nats-server: they reach whom they are for, never block, and
// what does not arrive is counted.

#include "bus/nats_wire.hpp"

#include "tests/process/nats_world.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace ringrift::tests;

namespace {

/// A node's wire with a connection of its own.
struct Station {
    NatsConnection connection;
    NatsWire wire;
    std::vector<Letter> heard = {};

    Station(const NatsServer& server, NatsWireSettings settings)
        : connection(quick_settings({server.url()})), wire(connection, std::move(settings)) {}
    Station(const NatsServer& server, const std::string& node)
        : Station(server, NatsWireSettings{.self = {node}}) {}

    bool is_up() {
        return await([&] { return wire.connected(); }, 30s);
    }
    /// Waits until so many letters were heard in all.
    bool hears(std::size_t count) {
        return await(
            [&] {
                for (Letter& letter : wire.take()) heard.push_back(std::move(letter));
                return heard.size() >= count;
            },
            30s);
    }
};

Letter letter_to(const std::string& node, Epoch epoch = 1) {
    return {.to = {node}, .message = Resignation{.epoch = epoch}};
}

Epoch epoch_of(const Letter& letter) {
    return std::get<Resignation>(letter.message).epoch;
}

}  // namespace

TEST_CASE("a letter reaches whom it is for and nobody else, whatever the names look like") {
    NatsServer server;
    const std::string odd = "gpu.7 *>/ü";
    Station a(server, "a"), b(server, odd), c(server, "c");
    REQUIRE((a.is_up() && b.is_up() && c.is_up()));
    std::atomic<int> wakes = 0;
    b.wire.on_news([&] { ++wakes; });
    a.wire.send(letter_to(odd, 7));
    REQUIRE(b.hears(1));
    CHECK(b.heard[0].from == NodeId{"a"});
    CHECK(epoch_of(b.heard[0]) == 7);
    CHECK(wakes == 1);
    b.wire.send(letter_to("c", 8));
    REQUIRE(c.hears(1));
    CHECK(c.heard[0].from == NodeId{odd});
    CHECK(a.wire.take().empty());
    CHECK(a.wire.counts().sent == 1);
    CHECK(b.wire.counts().received == 1);
}

TEST_CASE("a letter to all reaches all others, and not its sender") {
    NatsServer server;
    Station a(server, "a"), b(server, "b"), c(server, "c");
    REQUIRE((a.is_up() && b.is_up() && c.is_up()));
    a.wire.send(letter_to("", 1));
    b.wire.send(letter_to("", 2));
    CHECK(b.hears(1));
    CHECK(c.hears(2));
    CHECK(a.hears(1));
    CHECK(epoch_of(a.heard[0]) == 2);
    CHECK(epoch_of(b.heard[0]) == 1);
}

TEST_CASE("telemetry is heard where it is listened to, and nowhere else") {
    NatsServer server;
    const auto is_telemetry = [](const Message& message) {
        return std::holds_alternative<Resignation>(message);
    };
    Station a(server, NatsWireSettings{.self = {"a"}, .is_telemetry = is_telemetry});
    Station leader(server, NatsWireSettings{.self = {"leader"}, .hears_telemetry = true});
    Station c(server, "c");
    REQUIRE((a.is_up() && leader.is_up() && c.is_up()));
    a.wire.send(letter_to("", 1));
    a.wire.send({.message = Beacon{}});
    CHECK(leader.hears(2));
    CHECK(c.hears(1));
    CHECK(std::holds_alternative<Beacon>(c.heard[0].message));
}

TEST_CASE("clusters on one server do not hear each other") {
    NatsServer server;
    Station a(server, NatsWireSettings{.cluster = "one", .self = {"a"}});
    Station b(server, NatsWireSettings{.cluster = "two", .self = {"b"}});
    Station c(server, NatsWireSettings{.cluster = "one", .self = {"c"}});
    REQUIRE((a.is_up() && b.is_up() && c.is_up()));
    a.wire.send(letter_to(""));
    a.wire.send(letter_to("b"));
    CHECK(c.hears(1));
    CHECK(b.wire.counts() == WireCounts{});
}

TEST_CASE("many letters arrive in order, and more than fit are dropped and counted") {
    NatsServer server;
    constexpr std::int64_t count = 5000;
    Station a(server, "a");
    Station b(server, NatsWireSettings{.self = {"b"}, .letters_waiting_max = 1000});
    REQUIRE((a.is_up() && b.is_up()));
    for (std::int64_t i = 0; i < count; ++i) a.wire.send(letter_to("b", Epoch(i)));
    CHECK(await(
        [&] {
            const WireCounts counts = b.wire.counts();
            return counts.received + counts.overflowed == count;
        },
        30s));
    const auto letters = b.wire.take();
    REQUIRE(letters.size() == 1000);
    for (std::size_t i = 0; i < letters.size(); ++i) REQUIRE(epoch_of(letters[i]) == i);
    CHECK(b.wire.counts().overflowed == count - 1000);
}

TEST_CASE("what is no letter is counted and harms nobody") {
    NatsServer server;
    Station a(server, "a");
    REQUIRE(a.is_up());
    Operator person(server.url());
    for (const char* text : {"", "{", "hello", R"({"type":"NEVER_HEARD_OF","from":"x","data":{}})",
                             R"({"type":"RESIGNATION","from":"x","to":"b","data":{"epoch":1}})"})
        REQUIRE(natsConnection_PublishString(person.connection(), "ringrift.main.wire.a", text) ==
                NATS_OK);
    natsConnection_Flush(person.connection());
    CHECK(
        await([&] { return a.wire.counts().malformed + a.wire.counts().unknown_type == 5; }, 10s));
    CHECK(a.wire.counts().unknown_type == 1);
    CHECK(a.wire.take().empty());
}

TEST_CASE("while the server is away letters are dropped and counted, not sent late") {
    NatsServer server;
    Station a(server, "a"), b(server, "b");
    REQUIRE((a.is_up() && b.is_up()));
    server.kill();
    REQUIRE(await([&] { return !a.wire.connected() && !b.wire.connected(); }, 10s));
    CHECK_FALSE(a.wire.trouble().empty());
    a.wire.send(letter_to("b", 1));
    CHECK(a.wire.counts().not_sent == 1);
    server.start();
    REQUIRE((a.is_up() && b.is_up()));
    CHECK(a.wire.trouble().empty());
    a.wire.send(letter_to("b", 2));
    REQUIRE(b.hears(1));
    CHECK(epoch_of(b.heard[0]) == 2);
}

TEST_CASE("a frozen server never holds up who sends") {
    NatsServer server;
    Station a(server, "a"), b(server, "b");
    REQUIRE((a.is_up() && b.is_up()));
    server.pause();
    const Letter large = {.to = {"b"}, .message = VoteReply{.reason = std::string(200'000, 'x')}};
    auto longest = std::chrono::steady_clock::duration::zero();
    for (int i = 0; i < 300; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        a.wire.send(large);
        longest = std::max(longest, std::chrono::steady_clock::now() - begin);
    }
    CHECK(longest < 200ms);  // It encodes 200 KB, on a machine that may be busy.
    CHECK(a.wire.counts().not_sent > 0);
    CHECK(await([&] { return !a.wire.connected(); }, 15s));
    server.resume();
    REQUIRE((a.is_up() && b.is_up()));
    b.heard.clear();
    a.wire.send(letter_to("b", 9));
    CHECK(await(
        [&] {
            for (const Letter& letter : b.wire.take())
                if (letter == Letter{{"a"}, {"b"}, Resignation{.epoch = 9}}) return true;
            return false;
        },
        15s));
}
