// PredictiveMonitoring: one test for each sentence of its specification. Its statistics have their
// own tests in trend_test.cpp.

#include "consumers/loops/predictive_monitoring.hpp"

#include "tests/asked.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using producers::ClearAlert;
using producers::RaiseAlert;

namespace {

producers::Sight at(const Given& given, bus::Time now) {
    return {.cluster = given.view(), .host = given.sight().host, .now = now};
}

projections::HostSample disk_at(bus::Time at, std::int64_t used_percent) {
    return {.at = at, .disk_free_bytes = 100 - used_percent, .disk_total_bytes = 100};
}

/// The disk of `boss` went from `before` to `now` per cent, evenly, within the last hour.
void disk_goes(Given& given, std::int64_t before, std::int64_t now) {
    auto& history = given.host().history;
    history.clear();
    for (int n = 0; n <= 12; ++n) {
        history.push_back({.at = start + n * 5min,
                           .disk_free_bytes = 12 * 100 - (12 * before + n * (now - before)),
                           .disk_total_bytes = 12 * 100});
    }
    given.host().sample = disk_at(start + 1h, now);
}

bus::ResourceAlert standing(const std::string& alert, const std::string& severity) {
    return {.alert = alert, .node = boss, .severity = severity};
}

}  // namespace

TEST_CASE("a disk that is 90 % full is a critical alert at once") {
    Given given({node("boss")});
    given.host().sample = disk_at(start, 89);
    CHECK(consumers::PredictiveMonitoring{}.step(given.sight()).empty());
    given.host().sample = disk_at(start, 90);
    const auto raised = asked<RaiseAlert>(consumers::PredictiveMonitoring{}.step(given.sight()));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].alert.alert == "disk_full/boss");
    CHECK(raised[0].alert.severity == "critical");
    CHECK_FALSE(raised[0].alert.predicted_at);
}

TEST_CASE("a disk that will be full within four hours is a warning that says when") {
    Given given({node("boss")});
    disk_goes(given, 70, 75);  // 5 points an hour: 5 hours left.
    CHECK(consumers::PredictiveMonitoring{}.step(at(given, start + 1h)).empty());
    disk_goes(given, 70, 80);  // 10 points an hour: 2 hours left.
    const auto raised =
        asked<RaiseAlert>(consumers::PredictiveMonitoring{}.step(at(given, start + 1h)));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].alert.severity == "warning");
    REQUIRE(raised[0].alert.predicted_at);
    CHECK(std::chrono::round<std::chrono::seconds>(*raised[0].alert.predicted_at) == start + 3h);
}

TEST_CASE(
    "an alert that stands is not raised again, and a critical one does not become a warning") {
    Given given({node("boss"), standing("disk_full/boss", "critical")});
    given.host().sample = disk_at(start, 95);
    CHECK(consumers::PredictiveMonitoring{}.step(given.sight()).empty());
    disk_goes(given, 70, 80);
    CHECK(consumers::PredictiveMonitoring{}.step(at(given, start + 1h)).empty());
}

TEST_CASE("a warning becomes critical") {
    Given given({node("boss"), standing("disk_full/boss", "warning")});
    given.host().sample = disk_at(start, 95);
    CHECK(asked<RaiseAlert>(consumers::PredictiveMonitoring{}.step(given.sight())).size() == 1);
}

TEST_CASE("an alert is cleared only when the disk is clearly better") {
    Given given({node("boss"), standing("disk_full/boss", "critical")});
    disk_goes(given, 88, 88);
    CHECK(consumers::PredictiveMonitoring{}.step(at(given, start + 1h)).empty());
    disk_goes(given, 88, 86);
    CHECK(asked<ClearAlert>(consumers::PredictiveMonitoring{}.step(at(given, start + 1h))).size() ==
          1);
}

TEST_CASE("memory that will be exhausted within two hours is a warning") {
    Given given({node("boss")});
    for (int n = 0; n <= 12; ++n) {
        given.host().history.push_back(
            {.at = start + n * 5min, .memory_bytes = 1200 + n * 20, .memory_total_bytes = 1800});
    }
    given.host().sample = given.host().history.back();
    const auto raised =
        asked<RaiseAlert>(consumers::PredictiveMonitoring{}.step(at(given, start + 1h)));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].alert.alert == "memory_exhaustion/boss");
}

TEST_CASE("a queue that outgrows the cluster is a warning until half of it is worked off") {
    Given given({node("boss", 1)});
    for (int n = 0; n < 11; ++n) given.say(selfplay("w" + std::to_string(n)));
    const auto raised = asked<RaiseAlert>(consumers::PredictiveMonitoring{}.step(given.sight()));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].alert.alert == "queue_backlog");
    CHECK(consumers::PredictiveMonitoring{}
              .step(at(given, start + 1h))
              .empty());  // It grows no more.
    given.say(raised[0].alert);
    for (int n = 0; n < 6; ++n) given.say(bus::WorkCancelled{.work = {"w" + std::to_string(n)}});
    CHECK(asked<ClearAlert>(consumers::PredictiveMonitoring{}.step(given.sight())).size() == 1);
}

TEST_CASE("a config with new games and no training for six hours stalls") {
    Given given({node("boss"),
                 bus::ClusterConfigChanged{.hash = "h", .configs = {{.config = {"hex4_2p"}}}}});
    const consumers::PredictiveMonitoring loop;
    CHECK(loop.step(at(given, start + 6h)).empty());  // No games, no training: nothing stalls.
    given.say(bus::GamesRecorded{
        .file = {"f"}, .node = boss, .config = {"hex4_2p"}, .games = 100, .bytes = 1});
    CHECK(loop.step(at(given, start + 6h - 1ms)).empty());
    const auto raised = asked<RaiseAlert>(loop.step(at(given, start + 6h)));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].alert.alert == "training_stall/hex4_2p");
    given.say(raised[0].alert);
    given.say_at(start + 7h,
                 bus::TrainingCompleted{.work = {"t"}, .config = {"hex4_2p"}, .model = {"m"}});
    CHECK(asked<ClearAlert>(loop.step(at(given, start + 7h))).size() == 1);
}

TEST_CASE("a follower watches its own disk and not the queue") {
    Given given({node("a", 1)}, {"a"});
    for (int n = 0; n < 20; ++n) given.say(selfplay("w" + std::to_string(n)));
    given.host().sample = disk_at(start, 95);
    const auto raised = asked<RaiseAlert>(consumers::PredictiveMonitoring{}.step(given.sight()));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].alert.alert == "disk_full/a");
}
