// Which events are news for the operator's log, how they read, and the line that shows the
// progress.

#include "ops/log_lines.hpp"

#include "ops/progress_line.hpp"
#include "tests/any_event.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using ops::LineLevel;
using ops::LogLine;

namespace {

LogLine line_of(bus::Fact fact) {
    const auto line = ops::log_line({.position = 1, .event = {.fact = std::move(fact)}});
    REQUIRE(line);
    return *line;
}

bool begins(const LogLine& line, std::string_view pattern) {
    return line.text.starts_with(pattern);
}

}  // namespace

TEST_CASE("the runbook's four patterns are in the log, to the letter") {
    CHECK(begins(line_of(bus::LeaderElected{.epoch = 3, .leader = boss}), "[P2P] Leader elected"));
    CHECK(begins(ops::subscriptions_line({}), "[P2P] Event subscriptions"));
    CHECK(begins(ops::subscriptions_line({"TRAINING_COMPLETED"}), "[P2P] CRITICAL"));
    CHECK(begins(line_of(bus::DataSyncCompleted{.config = hex, .files = {{"f1"}}, .games = 10}),
                 "[P2P] Sync completed"));
}

TEST_CASE("lines are transitions as key=value") {
    CHECK(line_of(bus::LeaderElected{.epoch = 3, .leader = boss}).text ==
          "[P2P] Leader elected leader=boss epoch=3");
    CHECK(line_of(bus::DataSyncCompleted{.config = hex, .files = {{"f1"}}, .games = 10}).text ==
          "[P2P] Sync completed config=hex4_2p files=1 games=10");
    CHECK(ops::subscriptions_line({}).text ==
          "[P2P] Event subscriptions: daemon=OK, feedback=OK, manager=OK");
    CHECK(ops::subscriptions_line({"TRAINING_COMPLETED", "DATA_SYNC_COMPLETED"}).text ==
          "[P2P] CRITICAL Event subscriptions failed: TRAINING_COMPLETED, DATA_SYNC_COMPLETED");
    auto model = trained("0123456789abcdef");
    model.samples = 7;
    model.loss_micro = 1'234'567;
    CHECK(line_of(model).text ==
          "[P2P] Training completed config=hex4_2p model=0123456789ab samples=7 loss=1.235");
    CHECK(line_of(bus::EvaluationCompleted{.config = hex,
                                           .model = {"m1"},
                                           .games = 40,
                                           .llr_micro = 2'950'000,
                                           .elo_milli = -7'600})
              .text ==
          "[P2P] Evaluation completed config=hex4_2p model=m1 games=40 llr=2.95 elo=-8");
    CHECK(line_of(bus::PromotionRejected{
                      .config = hex, .model = {"m1"}, .gate = "games", .reason = "too few games"})
              .text ==
          "[P2P] Promotion rejected config=hex4_2p model=m1 gate=games reason=\"too few games\"");
}

TEST_CASE("level error means that a person must look") {
    CHECK(line_of(bus::WorkParked{.work = {"w1"}}).level == LineLevel::error);
    CHECK(line_of(bus::TrainingFailed{.work = {"t1"}}).level == LineLevel::error);
    CHECK(line_of(bus::ModelRolledBack{.config = hex}).level == LineLevel::error);
    CHECK(line_of(bus::HostOffline{.node = boss}).level == LineLevel::error);
    CHECK(line_of(bus::ResourceAlert{.severity = "critical"}).level == LineLevel::error);
    CHECK(ops::subscriptions_line({"TRAINING_COMPLETED"}).level == LineLevel::critical);
    CHECK(line_of(bus::ResourceAlert{.severity = "warning"}).level == LineLevel::warning);
    CHECK(line_of(bus::WorkFailed{.work = {"w1"}}).level == LineLevel::warning);
    CHECK(line_of(bus::PromotionRejected{.config = hex}).level == LineLevel::info);
    CHECK(line_of(bus::WorkCompleted{.work = {"w1"}}).level == LineLevel::debug);
    CHECK(line_of(bus::Unread{.type = "NEWER", .problem = "no such type"}).level ==
          LineLevel::warning);
}

TEST_CASE("every line begins alike, and every day's routine is silent") {
    SampleFiller filler;
    for (const bus::Event& event : events_of_every_type(filler, 1)) {
        const auto line = ops::log_line({.position = 1, .event = event});
        if (line) CHECK(begins(*line, "[P2P] "));
    }
    CHECK_FALSE(ops::log_line({.event = {.fact = bus::Fact(selfplay("w1"))}}));
    CHECK_FALSE(ops::log_line({.event = {.fact = bus::Fact(bus::ManifestCollected{})}}));
}

// ---- the progress line --------------------------------------------------------------------------

TEST_CASE("the progress line says games, queue, generation, Elo and what runs") {
    Given given({rules({policy()}), games("f1", 400), selfplay("w1"), selfplay("w2"),
                 claimed("w1", "boss")});
    const auto show = [&](std::size_t width = 0) {
        return ops::progress_line(given.view(), given.host(), 1h + 2min + 3s, width);
    };
    CHECK(show() ==
          "01:02:03  games 400  queue 1  generation 0  Elo hex4_2p untrained  running: nothing");
    given.host().jobs[7] = {.work = {"w1"}, .fence = 7, .progress_ppm = 420'000};
    decide_on(given, "m1", winning);
    CHECK(show() ==
          "01:02:03  games 400  queue 1  generation 1  Elo hex4_2p unrated  running: selfplay "
          "hex4_2p 42%");
    given.say(bus::EloUpdated{.config = hex,
                              .model = {"m1"},
                              .elo_milli = 123'400,
                              .error95_milli = 45'600,
                              .games = 40});
    CHECK(show().find("Elo hex4_2p +123±45  running: selfplay") != std::string::npos);
}

TEST_CASE("the progress line is cut to the terminal without cutting a character in two") {
    Given given({rules({policy()})});
    decide_on(given, "m1", winning);
    given.say(
        bus::MatchPlayed{.match = "r1",
                         .config = hex,
                         .games = 1,
                         .scores = {{.first = {"m1"}, .second = bus::init_model, .wins = 1}}});
    given.say(bus::EloUpdated{.config = hex,
                              .model = {"m1"},
                              .elo_milli = 123'400,
                              .error95_milli = 45'600,
                              .games = 40});
    const std::string whole = ops::progress_line(given.view(), given.host(), 0s);
    CHECK(whole.find("Elo hex4_2p +123±45  running: nothing") != std::string::npos);
    const std::size_t columns = whole.find("±") + 1;
    CHECK(ops::progress_line(given.view(), given.host(), 0s, columns).ends_with("+123±"));
    CHECK(ops::progress_line(given.view(), given.host(), 0s, columns - 1).ends_with("+123"));
}

TEST_CASE("the closing words say what was learnt") {
    Given given({rules({policy()}), games("f1", 400)});
    decide_on(given, "m1", winning);
    CHECK(ops::closing_words(given.view(), 90s) ==
          "After 00:01:30: 1 candidates were decided upon.\n  hex4_2p: 400 games, 1 promoted, Elo "
          "unrated\n");
}
