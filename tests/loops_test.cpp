// The loops that keep work moving: WorkerPull, JobReaper, WorkQueueMaintenance, and the watch over
// leases. One test for each sentence of their specification.

#include "consumers/lease_watch.hpp"
#include "consumers/leased_work.hpp"
#include "consumers/loops/job_reaper.hpp"
#include "consumers/loops/work_queue_maintenance.hpp"
#include "consumers/loops/worker_pull.hpp"
#include "tests/asked.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using Names = std::vector<std::string>;

namespace {

/// `work` is claimed and runs on `by` since now.
void run_on(Given& given, const std::string& work, const std::string& by) {
    given.say(claimed(work, by));
    given.say(of_claim<bus::WorkStarted>(given, work));
}

void fail_on(Given& given, const std::string& work, const std::string& by) {
    run_on(given, work, by);
    auto failed = of_claim<bus::WorkFailed>(given, work);
    failed.reason = "exit code 1";
    given.say(failed);
}

producers::Sight at(const Given& given, bus::Time now) {
    return {.cluster = given.view(), .host = given.sight().host, .now = now};
}

bus::WorkQueued with_timeout(bus::WorkQueued order, bus::Duration timeout) {
    order.timeout_ms = timeout;
    return order;
}

}  // namespace

// ---- WorkerPull ---------------------------------------------------------------------------------

TEST_CASE("a node with room asks for as many items as it has free slots") {
    Given given({node("boss", 4), selfplay("w1"), selfplay("w2")});
    given.say(claimed("w1", "boss"));
    const auto claims = asked<producers::ClaimWork>(consumers::WorkerPull{}.step(given.sight()));
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].node == boss);
    CHECK(claims[0].claims_max == 3);
}

TEST_CASE("a large node asks for a bounded number of items at a time") {
    Given given({node("boss", 500), selfplay("w1")});
    const auto claims = asked<producers::ClaimWork>(consumers::WorkerPull{}.step(given.sight()));
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].claims_max == 16);
}

TEST_CASE("a full node asks for nothing") {
    Given given({node("boss", 1), selfplay("w1"), selfplay("w2"), claimed("w1", "boss")});
    CHECK(consumers::WorkerPull{}.step(given.sight()).empty());
}

TEST_CASE("a node asks for nothing while nothing waits") {
    Given given({node("boss", 1)});
    CHECK(consumers::WorkerPull{}.step(given.sight()).empty());
}

TEST_CASE("a node asks for work whose back-off is over") {
    bus::WorkQueued later = selfplay("w1");
    later.not_before_at = start + 10s;
    Given given({node("boss", 1), later});
    CHECK(consumers::WorkerPull{}.step(at(given, start + 9s)).empty());
    CHECK(consumers::WorkerPull{}.step(at(given, start + 10s)).size() == 1);
}

TEST_CASE("a node that drains or is in quarantine asks for nothing") {
    Given draining({node("boss", 1), selfplay("w1"), bus::NodeDraining{.node = boss}});
    CHECK(consumers::WorkerPull{}.step(draining.sight()).empty());
    Given quarantined({node("boss", 1), selfplay("w1"),
                       bus::NodeQuarantined{.node = boss, .until_at = start + 1h}});
    CHECK(consumers::WorkerPull{}.step(quarantined.sight()).empty());
    CHECK(consumers::WorkerPull{}.step(at(quarantined, start + 1h)).size() == 1);
}

TEST_CASE("a node whose disk is halted asks for nothing, one whose disk is low goes on") {
    Given given({node("boss", 1), selfplay("w1")});
    given.host().disk.state = projections::DiskState::halted;
    CHECK(consumers::WorkerPull{}.step(given.sight()).empty());
    given.host().disk.state = projections::DiskState::low;
    CHECK(consumers::WorkerPull{}.step(given.sight()).size() == 1);
}

TEST_CASE("a node that has not joined asks for nothing") {
    CHECK(consumers::WorkerPull{}.step(Given({selfplay("w1")}).sight()).empty());
}

// ---- JobReaper ----------------------------------------------------------------------------------

TEST_CASE("a claim that was not started for an hour is stale") {
    Given given({node("a"), selfplay("w1"), claimed("w1", "a")});
    CHECK(consumers::JobReaper{}.step(at(given, start + 1h - 1ms)).empty());
    const auto ends =
        asked<producers::TimeOutWork>(consumers::JobReaper{}.step(at(given, start + 1h)));
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].fence == given.position());
    CHECK(ends[0].reason == "stale: a claimed it 60 min ago and never started it");
}

TEST_CASE("a job that runs for two hours is stuck") {
    Given given({node("a"), selfplay("w1")});
    run_on(given, "w1", "a");
    CHECK(consumers::JobReaper{}.step(at(given, start + 2h - 1ms)).empty());
    const auto ends =
        asked<producers::TimeOutWork>(consumers::JobReaper{}.step(at(given, start + 2h)));
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].reason == "stuck: it runs on a for 120 min");
}

TEST_CASE("a job is not stuck before its own timeout") {
    Given given({node("a"), with_timeout(selfplay("w1"), 5h)});
    run_on(given, "w1", "a");
    CHECK(consumers::JobReaper{}.step(at(given, start + 5h)).empty());
    CHECK(works<producers::TimeOutWork>(consumers::JobReaper{}.step(
              at(given, start + 5h + consumers::timeout_grace))) == Names{"w1"});
}

TEST_CASE("the reaper ends at most ten jobs at a time, the longest held first") {
    Given given({node("a", 100)});
    for (int n = 0; n < 12; ++n) given.say(selfplay("w" + std::to_string(n)));
    for (int n = 0; n < 12; ++n) given.say(claimed("w" + std::to_string(n), "a"));
    // Started in the other order, so that neither names nor fences can decide.
    for (int n = 11; n >= 0; --n) {
        given.say_at(given.now() + 1min,
                     of_claim<bus::WorkStarted>(given, "w" + std::to_string(n)));
    }
    const auto ended =
        works<producers::TimeOutWork>(consumers::JobReaper{}.step(at(given, start + 3h)));
    CHECK(ended == Names{"w11", "w10", "w9", "w8", "w7", "w6", "w5", "w4", "w3", "w2"});
}

// ---- WorkQueueMaintenance -----------------------------------------------------------------------

TEST_CASE("what runs a minute longer than its timeout is revoked") {
    Given given({node("a"), with_timeout(selfplay("w1"), 10min)});
    run_on(given, "w1", "a");
    const consumers::WorkQueueMaintenance loop;
    CHECK(loop.step(at(given, start + 11min - 1ms)).empty());
    const auto ends = asked<producers::TimeOutWork>(loop.step(at(given, start + 11min)));
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].reason == "it runs on a for 11 min; its timeout is 10 min");
}

TEST_CASE("what is claimed and not started has no timeout yet") {
    Given given({node("a"), with_timeout(selfplay("w1"), 10min), claimed("w1", "a")});
    CHECK(consumers::WorkQueueMaintenance{}.step(at(given, start + 50min)).empty());
}

TEST_CASE("work that had its chances is parked") {
    bus::WorkQueued once = selfplay("w1");
    once.attempts_max = 1;
    Given given({node("a"), once});
    fail_on(given, "w1", "a");
    REQUIRE(given.item("w1").status == projections::WorkStatus::failed);
    const auto parks =
        asked<producers::ParkWork>(consumers::WorkQueueMaintenance{}.step(given.sight()));
    REQUIRE(parks.size() == 1);
    CHECK(parks[0].work == bus::WorkId{"w1"});
    CHECK_FALSE(parks[0].reason.empty());
}

TEST_CASE("work that waits for something cancelled is cancelled") {
    bus::WorkQueued second = selfplay("w2");
    second.depends_on = {{"w1"}};
    Given given({selfplay("w1"), second});
    CHECK(consumers::WorkQueueMaintenance{}.step(given.sight()).empty());
    given.say(bus::WorkCancelled{.work = {"w1"}});
    CHECK(works<producers::CancelWork>(consumers::WorkQueueMaintenance{}.step(given.sight())) ==
          Names{"w2"});
}

TEST_CASE("work that failed for want of an input that is nowhere any more is cancelled") {
    bus::WorkQueued order = selfplay("w1");
    order.inputs = {{"f1"}, {"f2"}};
    Given given(
        {node("a"),
         bus::GamesRecorded{.file = {"f1"}, .node = {"a"}, .config = order.config, .games = 1},
         bus::GamesRecorded{.file = {"f2"}, .node = {"a"}, .config = order.config, .games = 1},
         order});
    const auto fail = [&] {
        given.say(claimed("w1", "a"));
        auto failed = of_claim<bus::WorkFailed>(given, "w1");
        failed.kind = bus::FailureKind::missing_input;
        given.say(failed);
    };
    fail();
    const consumers::WorkQueueMaintenance loop;
    CHECK(works<producers::CancelWork>(loop.step(given.sight())).empty());  // it may be copied yet
    given.say(bus::ManifestCollected{.node = {"a"}, .removed = {{"f2"}}});
    const auto cancels = asked<producers::CancelWork>(loop.step(given.sight()));
    REQUIRE(cancels.size() == 1);
    CHECK(cancels[0].work == bus::WorkId{"w1"});
    CHECK(cancels[0].reason == "no copy of its input f2 is left");
}

TEST_CASE("work that failed otherwise is not cancelled, though an input is lost") {
    bus::WorkQueued order = selfplay("w1");
    order.inputs = {{"f1"}};
    Given given(
        {node("a"),
         bus::GamesRecorded{.file = {"f1"}, .node = {"a"}, .config = order.config, .games = 1},
         bus::ManifestCollected{.node = {"a"}, .removed = {{"f1"}}}, order});
    fail_on(given, "w1", "a");
    CHECK(works<producers::CancelWork>(consumers::WorkQueueMaintenance{}.step(given.sight()))
              .empty());
}

TEST_CASE("parked work is tried once more after six hours") {
    Given given({selfplay("w1"), bus::WorkParked{.work = {"w1"}, .reason = "it failed"}});
    const consumers::WorkQueueMaintenance loop;
    CHECK(loop.step(at(given, start + 6h - 1ms)).empty());
    CHECK(works<producers::UnparkWork>(loop.step(at(given, start + 6h))) == Names{"w1"});
}

TEST_CASE("work that is parked again rests as long as it has existed") {
    Given given({selfplay("w1")});
    given.say_at(start + 12h, bus::WorkParked{.work = {"w1"}, .reason = "it failed"});
    const consumers::WorkQueueMaintenance loop;
    CHECK(loop.step(at(given, start + 24h - 1ms)).empty());
    CHECK(loop.step(at(given, start + 24h)).size() == 1);
}

TEST_CASE("at most five parked items are tried at a time, the longest parked first") {
    Given given;
    for (int n = 8; n > 0; --n) {
        const std::string work = "w" + std::to_string(n);
        given.say(selfplay(work));
        given.say_at(given.now() + 1min, bus::WorkParked{.work = {work}, .reason = "it failed"});
    }
    const auto probes =
        works<producers::UnparkWork>(consumers::WorkQueueMaintenance{}.step(at(given, start + 7h)));
    CHECK(probes == Names{"w8", "w7", "w6", "w5", "w4"});
}

TEST_CASE("of parked items with one dedup key one is tried, and none while another is open") {
    Given given;
    for (const char* work : {"w1", "w2", "w3"}) {
        bus::WorkQueued order = selfplay(work);
        if (work != std::string("w3")) order.dedup_key = "export";
        given.say(order);
        given.say(bus::WorkParked{.work = {work}, .reason = "it failed"});
    }
    const consumers::WorkQueueMaintenance loop;
    CHECK(works<producers::UnparkWork>(loop.step(at(given, start + 7h))) == Names{"w1", "w3"});
    given.say(bus::WorkUnparked{.work = {"w1"}});
    CHECK(works<producers::UnparkWork>(loop.step(at(given, start + 7h))) == Names{"w3"});
}

// ---- the watch over leases ----------------------------------------------------------------------

TEST_CASE("a claim that heartbeats name lives") {
    Given given({node("a"), selfplay("w1"), claimed("w1", "a")});
    hear(given.host(), {"a"}, {.at = start + 60s, .fences = {given.position()}});
    CHECK(consumers::expired_leases(at(given, start + 104s)).empty());
    CHECK(works<producers::ExpireLease>(consumers::expired_leases(at(given, start + 105s))) ==
          Names{"w1"});
}

TEST_CASE("a claim ends when its node speaks and no longer names it") {
    Given given({node("a"), selfplay("w1"), claimed("w1", "a")});
    hear(given.host(), {"a"}, {.at = start + 10s, .fences = {given.position()}});
    hear(given.host(), {"a"}, {.at = start + 40s});
    CHECK(consumers::expired_leases(at(given, start + 54s)).empty());
    const auto expired =
        asked<producers::ExpireLease>(consumers::expired_leases(at(given, start + 55s)));
    REQUIRE(expired.size() == 1);
    CHECK(expired[0].fence == given.position());
    CHECK(expired[0].reason == "a has not named this claim for 45 s");
}

TEST_CASE("a fresh claim has a full lease before anybody must have named it") {
    Given given({node("a"), selfplay("w1"), claimed("w1", "a")});
    CHECK(consumers::expired_leases(at(given, start + 44s)).empty());
    CHECK(consumers::expired_leases(at(given, start + 45s)).size() == 1);
}

TEST_CASE("a newly elected leader gives every claim a full lease first") {
    Given given({node("a"), selfplay("w1"), claimed("w1", "a")});
    given.say_at(start + 10min, bus::LeaderElected{.epoch = 2, .leader = boss, .votes = {boss}});
    CHECK(consumers::expired_leases(at(given, start + 10min + 44s)).empty());
    CHECK(consumers::expired_leases(at(given, start + 10min + 45s)).size() == 1);
}

TEST_CASE("only the leader ends leases") {
    Given given({node("a"), selfplay("w1"), claimed("w1", "a")}, {"a"});
    CHECK(consumers::expired_leases(at(given, start + 10min)).empty());
}

TEST_CASE("a node's own heartbeat names the jobs it knows of") {
    projections::HostView host = {.self = boss};
    host.jobs[7] = {.work = {"w1"}, .fence = 7};
    hear(host, boss, own_heartbeat(host, start));
    CHECK(host.named_at.at(7) == start);
}

TEST_CASE("fences that nobody names are forgotten after an hour, within a minute") {
    projections::HostView host;
    hear(host, {"a"}, {.at = start, .fences = {7}});
    hear(host, {"a"}, {.at = start + 1h});
    CHECK(host.named_at.contains(7));
    hear(host, {"a"}, {.at = start + 1h + 1min});
    CHECK_FALSE(host.named_at.contains(7));
}

TEST_CASE("a clock that was set back does not keep fences for ever") {
    projections::HostView host;
    hear(host, {"a"}, {.at = start + 24h, .fences = {7}});
    hear(host, {"a"}, {.at = start, .fences = {7}});
    hear(host, {"a"}, {.at = start + 1h + 1min});
    CHECK_FALSE(host.named_at.contains(7));
}
