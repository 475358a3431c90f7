// MachineKeeper: what the log asks for is ordered of the provider until it is in the log.

#include "consumers/machine_keeper.hpp"

#include "consumers/loops/auto_scaling.hpp"
#include "tests/asked.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using consumers::MachineDeed;
using consumers::MachineOrder;
using consumers::MachineRequest;

namespace {

/// Notes what is ordered; answers what the test says.
struct RecordingProvider final : consumers::Provider {
    void start(const MachineOrder& order) override { orders.push_back(order); }
    void stop_all() override { stops += 1; }
    std::vector<consumers::MachineReport> drain() override { return std::exchange(reports, {}); }

    std::vector<MachineOrder> orders;
    std::vector<consumers::MachineReport> reports;
    int stops = 0;
};

struct Bench {
    explicit Bench(Given& given_, std::int64_t per_hour = 100)
        : given(given_), keeper(provider, per_hour) {}

    producers::Sight sight(bus::Time now) const {
        return {.cluster = given.view(), .host = given.sight().host, .now = now};
    }
    /// One round of the node; returns the orders that it gave.
    std::size_t round(bus::Time now) {
        keeper.sense(now);
        for (const producers::Command& command : keeper.reports(sight(now))) {
            given.when(command, now).and_said();
        }
        return keeper.carry_out(sight(now), true);
    }
    void answer(std::string machine, std::string trouble = {}) {
        provider.reports.push_back(
            {provider.orders.back().request, std::move(machine), std::move(trouble)});
    }

    Given& given;
    RecordingProvider provider;
    consumers::MachineKeeper keeper;
};

/// A decision for `count` machines, and its requests.
Given with_machines_requested(std::int64_t count) {
    Given given({node("boss"), node("a")});
    given.say(bus::ScaleDecided{.decision = "s", .change = count, .reason = "40 items wait"});
    for (std::int64_t n = 0; n < count; ++n) {
        given.when(producers::RequestProvision{"s"}).and_said();
    }
    return given;
}

Given with_end_requested() {
    Given given({node("boss"), node("a"), node("b"), node("old")});
    given.say(bus::ScaleDecided{.decision = "s", .change = -1, .node = {"old"}, .reason = "idle"});
    given.when(producers::RequestTermination{"s"}).and_said();
    return given;
}

bool alert_stands(const Given& given, const std::string& alert) {
    return given.view().nodes.alerts.contains(alert);
}

}  // namespace

TEST_CASE("each machine that is requested is ordered once, and is then in the log with its name") {
    Given given = with_machines_requested(2);
    Bench bench(given);
    CHECK(bench.round(start) == 2);
    CHECK(bench.round(start + 1h / 4) == 0);
    CHECK(bench.provider.orders[0].request == MachineRequest{MachineDeed::provision, {"s-1"}});
    CHECK(bench.provider.orders[0].decision == "s");
    CHECK(bench.provider.orders[1].request.node == bus::NodeId{"s-2"});
    bench.answer("i-0815");
    bench.round(start + 1min);
    CHECK(given.view().nodes.expected.at({"s-2"}).machine == "i-0815");
    CHECK(bench.round(start + 2min) == 0);
    CHECK(bench.provider.orders.size() == 2);
}

TEST_CASE("a machine whose provider names nothing bears our name") {
    Given given = with_machines_requested(1);
    Bench bench(given);
    bench.round(start);
    bench.answer("");
    bench.round(start);
    CHECK(given.view().nodes.expected.at({"s-1"}).machine == "s-1");
    CHECK(bench.round(start + 20min) == 0);
}

TEST_CASE("what failed is ordered again, after a pause that doubles from 30 s to 10 min") {
    Given given = with_end_requested();
    Bench bench(given);
    bus::Time now = start;
    bench.round(now);
    for (const bus::Duration pause : {30s, 60s, 120s, 240s, 480s, 600s, 600s}) {
        bench.answer("", "no such zone");
        CHECK(bench.round(now) == 0);
        CHECK(bench.round(now + pause - 1ms) == 0);
        now += pause;
        CHECK(bench.round(now) == 1);
    }
    CHECK(bench.provider.orders.back().attempt == 8);
}

TEST_CASE("after three failures in a row an alert says so, until it is done") {
    Given given = with_end_requested();
    Bench bench(given);
    bus::Time now = start;
    for (int failures = 1; failures <= 3; ++failures) {
        CHECK_FALSE(alert_stands(given, "provider/old"));
        bench.round(now);
        bench.answer("", "it ended with code 1: quota exceeded");
        bench.round(now);
        now += 10min;
    }
    REQUIRE(alert_stands(given, "provider/old"));
    CHECK(given.view().nodes.alerts.at("provider/old").alert.message ==
          "the provider cannot terminate old: it ended with code 1: quota exceeded; it is tried "
          "again");
    bench.round(now);
    bench.answer("");
    bench.round(now);
    CHECK_FALSE(alert_stands(given, "provider/old"));
}

TEST_CASE("a node whose machine is ended is retired, once") {
    Given given = with_end_requested();
    Bench bench(given);
    bench.round(start);
    CHECK(bench.provider.orders[0].request == MachineRequest{MachineDeed::terminate, {"old"}});
    CHECK(bench.provider.orders[0].reason == "idle");
    bench.answer("");
    bench.round(start);
    CHECK(given.view().nodes.nodes.at({"old"}).status == projections::NodeStatus::retired);
    given.when(producers::ReportTerminated{{"old"}})
        .then_refused(producers::Refusal::Kind::duplicate);
    CHECK(bench.round(start + 24h) == 0);
}

TEST_CASE("a node that has become needed, or was released, is not ended after all") {
    Given needed = with_end_requested();
    needed.say(bus::VotersChanged{.voters = {boss, {"old"}}});
    CHECK(Bench(needed).round(start) == 0);
    Given released = with_end_requested();
    released.say(bus::NodeReleased{.node = {"old"}, .reason = "we need it"});
    CHECK(Bench(released).round(start) == 0);
}

TEST_CASE("a machine that was asked for half an hour ago is not ordered any more") {
    Given given = with_machines_requested(1);
    Bench bench(given);
    CHECK(bench.round(start + 30min) == 0);
    CHECK(bench.round(start + 30min - 1ms) == 1);
}

TEST_CASE("only a leader orders, and one that leads no more ends what it had begun") {
    Given given = with_machines_requested(1);
    Bench bench(given);
    CHECK(bench.keeper.carry_out(bench.sight(start), false) == 0);
    CHECK(bench.provider.stops == 0);
    bench.round(start);
    CHECK(bench.keeper.carry_out(bench.sight(start), false) == 0);
    CHECK(bench.provider.stops == 1);
    CHECK(bench.keeper.reports(bench.sight(start)).empty());
    bench.answer("too late");
    bench.keeper.sense(start);
    CHECK(bench.keeper.reports(bench.sight(start)).empty());
    CHECK(bench.round(start) == 1);  // It leads again, and the log still asks for it.
}

TEST_CASE("no more than the budget is begun within an hour, and an alert says what waits") {
    Given given = with_machines_requested(3);
    Bench bench(given, 2);
    CHECK(bench.round(start) == 2);
    bench.round(start + 1min);
    CHECK(alert_stands(given, "provider_budget"));
    CHECK(bench.round(start + 29min) == 0);
    bench.round(start + 31min);  // Nobody wants the third any more.
    bench.round(start + 31min);
    CHECK_FALSE(alert_stands(given, "provider_budget"));
}

TEST_CASE("nothing new is decided while a machine is being ended, for half an hour") {
    Given given = with_end_requested();
    for (int n = 0; n < 90; ++n) given.say(selfplay("w" + std::to_string(n)));
    const consumers::AutoScaling scaling = {.has_provider = true};
    const Bench bench(given);
    CHECK(scaling.step(bench.sight(start + 10min)).empty());
    CHECK_FALSE(scaling.step(bench.sight(start + 30min)).empty());
}

TEST_CASE("what was not asked for is not taken for provisioned or terminated") {
    Given given = with_machines_requested(1);
    given.when(producers::ReportProvisioned{{"other"}, "m"})
        .then_refused(producers::Refusal::Kind::unknown);
    given.when(producers::ReportTerminated{{"a"}}).then_refused(producers::Refusal::Kind::not_open);
    given.when(producers::ReportProvisioned{{"s-1"}, "m"}).and_said();
    given.when(producers::ReportProvisioned{{"s-1"}, "n"})
        .then_refused(producers::Refusal::Kind::duplicate);
    CHECK(given.view().nodes.expected.at({"s-1"}).machine == "m");
}
