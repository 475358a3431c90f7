// The heartbeat of a machine whose node's thread is late: it goes on, says how late, and stops
// speaking for the node as soon as that speaks for itself.

#include "ops/heartbeat_wire.hpp"

#include "consumers/roll_call.hpp"
#include "tests/process/daemon.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

/// What leaves the machine, from whichever thread.
struct Outlet final : bus::Wire {
    mutable std::mutex mutex = {};
    std::vector<bus::NodeHeartbeat> beats = {};

    void send(bus::Letter letter) override {
        const std::lock_guard lock(mutex);
        if (const auto* beat = std::get_if<bus::NodeHeartbeat>(&letter.message))
            beats.push_back(*beat);
    }
    std::vector<bus::Letter> take() override { return {}; }
    void on_news(std::function<void()>) override {}
    bool connected() const override { return true; }
    std::string trouble() const override { return {}; }
    bus::WireCounts counts() const override { return {}; }

    std::vector<bus::NodeHeartbeat> heard() const {
        const std::lock_guard lock(mutex);
        return beats;
    }
};

constexpr bus::Duration period = 40ms;

/// A node's thread as far as the wire sees it: it takes letters and speaks through its RollCall.
struct NodeThread {
    Outlet outlet = {};
    ops::HeartbeatWire wire{outlet, period};
    consumers::RollCall calls{&wire, period};
    projections::HostView host = {.self = {"worker"}};
    bus::Time now = start;

    void turn() {
        now += period;
        wire.take();
        calls.speak(host, 3, 17, now);
    }
};

}  // namespace

TEST_CASE("while the node's thread is blocked, heartbeats go on and say for how long it is") {
    NodeThread node;
    node.host.jobs[42] = {.work = {"w1"}, .fence = 42};
    node.turn();
    // From here on the node's thread does nothing.
    REQUIRE(await([&] { return node.outlet.heard().size() >= 5; }, 60s));
    const auto beats = node.outlet.heard();
    CHECK_FALSE(beats[0].turn_age_ms);
    bus::Duration before = {};
    for (std::size_t i = 1; i < beats.size(); ++i) {
        REQUIRE(beats[i].turn_age_ms);
        CHECK(*beats[i].turn_age_ms > before);
        before = *beats[i].turn_age_ms;
        CHECK(beats[i].incarnation == 3);
        CHECK(beats[i].fences == std::vector<bus::Position>{42});
    }
    CHECK(before >= 4 * period);
    CHECK(node.wire.stood_in() >= 4);
}

TEST_CASE("a node that was late speaks for itself again, and its age is then that of its turn") {
    NodeThread node;
    node.turn();
    REQUIRE(await([&] { return node.wire.stood_in() >= 2; }, 60s));
    node.turn();
    const auto beats = node.outlet.heard();
    CHECK(std::ranges::any_of(beats.begin() + 2, beats.end(),
                              [](const bus::NodeHeartbeat& beat) { return !beat.turn_age_ms; }));
    const std::int64_t so_far = node.wire.stood_in();
    REQUIRE(await([&] { return node.wire.stood_in() > so_far; }, 60s));
    CHECK(*node.outlet.heard().back().turn_age_ms < 60s);
}

TEST_CASE("nobody speaks for a node that has not spoken yet") {
    Outlet outlet;
    {
        const ops::HeartbeatWire wire(outlet, std::chrono::milliseconds(5));
        await([] { return false; }, 100ms);
        CHECK(wire.stood_in() == 0);
    }
    CHECK(outlet.heard().empty());
}
