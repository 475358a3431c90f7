// RollCall: heartbeats and wishes for work between nodes, over a wire that may lose them.

#include "consumers/roll_call.hpp"

#include "bus/memory_wire.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::consumers;

namespace {

/// `boss` leads and listens; `worker` speaks.
struct TwoNodes {
    bus::MemoryPost post = bus::MemoryPost{};
    bus::MemoryWire& to_boss = post.wire({"boss"});
    bus::MemoryWire& to_worker = post.wire({"worker"});
    Given given{{node("boss"), node("worker")}};
    projections::HostView worker_host = {.self = {"worker"}};
    RollCall boss_calls{&to_boss, 15s};
    RollCall worker_calls{&to_worker, 15s};

    std::size_t hear(bus::Time now) {
        return boss_calls.hear(to_boss.take(), given.host(), given.view(), now);
    }
    void speak(bus::Time now, std::int64_t incarnation = 1) {
        worker_calls.speak(worker_host, incarnation, 7, now);
    }
};

}  // namespace

TEST_CASE("a node says that it lives once in each period, by the clock of who hears it") {
    TwoNodes nodes;
    nodes.speak(start);
    nodes.speak(start + 14s);
    CHECK(nodes.hear(start + 1h) == 1);
    const auto& heard = nodes.given.host().heartbeats.at({"worker"});
    CHECK(heard.at == start + 1h);
    CHECK(heard.folded == 7);
    nodes.speak(start + 15s);
    CHECK(nodes.hear(start + 2h) == 1);
}

TEST_CASE("a node says at once that its claims have changed, and whoever hears it knows them") {
    TwoNodes nodes;
    nodes.speak(start);
    nodes.worker_host.jobs[42] = {.work = {"w1"}, .fence = 42};
    nodes.speak(start + 1s);
    CHECK(nodes.hear(start + 1s) == 2);
    CHECK(nodes.given.host().named_at.at(42) == start + 1s);
    nodes.speak(start + 2s);
    CHECK(nodes.hear(start + 2s) == 0);
}

TEST_CASE("how long a node has been idle does not depend on its clock") {
    TwoNodes nodes;
    nodes.worker_host.idle_since_at = start - 90s;
    nodes.speak(start);
    nodes.hear(start + 5h);
    CHECK(nodes.given.host().heartbeats.at({"worker"}).idle_since_at == start + 5h - 90s);
}

TEST_CASE("words of a node's former life, and of strangers, are not heard") {
    TwoNodes nodes;
    nodes.speak(start, 0);
    CHECK(nodes.hear(start) == 0);
    RollCall stranger(&nodes.post.wire({"stranger"}), 15s);
    stranger.speak({.self = {"stranger"}}, 1, 0, start);
    CHECK(nodes.hear(start) == 0);
    CHECK(nodes.given.host().heartbeats.empty());
}

TEST_CASE("a node that was started anew is heard before the log shows it, but gets no work yet") {
    TwoNodes nodes;
    nodes.worker_host.jobs[42] = {.work = {"w1"}, .fence = 42};
    nodes.speak(start, 2);
    CHECK(nodes.hear(start) == 1);
    CHECK(nodes.given.host().named_at.at(42) == start);
    nodes.worker_calls.want({.node = {"worker"}, .claims_max = 1}, {"boss"}, 2);
    CHECK(nodes.hear(start) == 0);
}

TEST_CASE("a wish for work reaches the leader alone, the newest of a node until it is answered") {
    TwoNodes nodes;
    bus::MemoryWire& to_other = nodes.post.wire({"other"});
    nodes.worker_calls.want({.node = {"worker"}, .claims_max = 4}, boss, 1);
    nodes.worker_calls.want({.node = {"worker"}, .claims_max = 2}, boss, 1);
    CHECK(to_other.take().empty());
    nodes.hear(start);
    const auto wanted = nodes.boss_calls.wanted();
    REQUIRE(wanted.size() == 1);
    CHECK(wanted[0].node == bus::NodeId{"worker"});
    CHECK(wanted[0].claims_max == 2);
    CHECK(nodes.boss_calls.wanted().size() == 1);
    nodes.boss_calls.forget_wanted();
    CHECK(nodes.boss_calls.wanted().empty());
}

TEST_CASE("without a wire, and without a leader, nothing is said") {
    RollCall alone(nullptr, 15s);
    alone.speak({.self = boss}, 1, 0, start);
    alone.want({.node = boss, .claims_max = 1}, boss, 1);
    TwoNodes nodes;
    nodes.worker_calls.want({.node = {"worker"}, .claims_max = 1}, {}, 1);
    CHECK(nodes.hear(start) == 0);
}
