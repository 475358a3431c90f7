// TrainingCoordinator: the next missing step of the loop of learning, asked for until it is there.

#include "consumers/managers/training_coordinator.hpp"

#include "bus/memory_log.hpp"
#include "consumers/loops/data_management.hpp"
#include "producers/command_handler.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using consumers::TrainingCoordinator;

namespace {

consumers::Commands step(const Given& given) {
    return TrainingCoordinator().step(given.sight());
}
consumers::Readiness readiness(const Given& given) {
    return TrainingCoordinator().check_readiness(given.sight(), hex);
}

Given cluster(bus::ConfigPolicy of_hex = policy()) {
    Given given({rules({std::move(of_hex)})});
    return given;
}

/// Two files of ten games, recorded and synchronised.
void synchronise(Given& given, const std::string& names = "f") {
    given.say(games(names + "1")).say(games(names + "2"));
    given.when(CompleteSync{.config = hex, .node = boss}).and_said();
}

void export_samples(Given& given, std::int64_t samples) {
    given.say(
        bus::NpzExportComplete{.config = hex, .file = {"npz"}, .node = boss, .samples = samples});
}

bus::WorkQueued only_order(const consumers::Commands& commands) {
    const auto orders = asked<QueueWork>(commands);
    REQUIRE(orders.size() == 1);
    return orders[0].work;
}

/// Ids of all that is missing, asked for so much later.
std::vector<bus::EventId> ids_after(const Given& given, bus::Duration later) {
    const Sight sight = {
        .cluster = given.view(), .host = given.sight().host, .now = given.now() + later};
    std::vector<bus::EventId> ids;
    for (const Command& command : TrainingCoordinator().step(sight)) {
        const Decision decision = decide(sight, command);
        const auto* drafts = std::get_if<std::vector<Draft>>(&decision);
        if (drafts == nullptr) continue;
        for (const Draft& draft : *drafts) ids.push_back(draft.id);
    }
    return ids;
}

/// Runs whatever job is open, with a result that suits its type.
void run_open_jobs(Given& given) {
    std::vector<bus::WorkQueued> open;
    for (const auto& [work, item] : given.view().work.items) {
        if (item.status == projections::WorkStatus::pending) open.push_back(item.order);
    }
    for (const bus::WorkQueued& order : open) {
        bus::WorkResult result = match(winning);
        if (order.type == bus::WorkType::export_) {
            result = files({{.file = {"npz-of-" + order.work.value}, .name = "s.npz", .bytes = 9}});
            result.samples = 500;
        }
        if (order.type == bus::WorkType::training) {
            result = files(
                {{.file = {"model-of-" + order.work.value}, .name = "model.bin", .bytes = 9}});
        }
        run_job(given, order.work.value, result);
    }
}

}  // namespace

// ---- readiness ----------------------------------------------------------------------------------

TEST_CASE("a config that the cluster does not name is never ready") {
    const auto ready = TrainingCoordinator().check_readiness(cluster().sight(), {"unheard"});
    CHECK_FALSE(ready.export_due);
    CHECK(ready.reason == "the cluster config does not name unheard");
}

TEST_CASE("an export is due once enough new games are synchronised") {
    Given given = cluster();
    given.say(games("f1")).say(games("f2"));
    CHECK(readiness(given).reason == "0 of 20 new games for the next export");
    given.when(CompleteSync{.config = hex, .node = boss}).and_said();
    CHECK(readiness(given).export_due);
    carry_out(given, step(given));
    CHECK_FALSE(readiness(given).export_due);
    CHECK(readiness(given).reason == "an export is under way");
}

TEST_CASE("games that an export was asked for do not count for the next one") {
    Given given = cluster();
    synchronise(given);
    carry_out(given, step(given));
    run_open_jobs(given);
    CHECK(readiness(given).reason == "0 of 20 new games for the next export");
    synchronise(given, "g");
    CHECK(readiness(given).export_due);
}

TEST_CASE(
    "a training is due once an export has enough samples and the last one is long enough ago") {
    auto slow = policy();
    slow.training_cooldown_ms = 10min;
    Given given = cluster(slow);
    export_samples(given, 99);
    CHECK(readiness(given).reason == "99 of 100 samples to train");
    CHECK(TrainingCoordinator().dispatch_training_job(given.sight(), hex).empty());
    export_samples(given, 100);
    CHECK(readiness(given).training_due);
    carry_out(given, step(given));
    CHECK_FALSE(readiness(given).training_due);
    run_open_jobs(given);
    export_samples(given, 100);
    CHECK(readiness(given).reason == "the last training is too recent");
    given.say_at(start + 10min, games("f9"));
    CHECK(readiness(given).training_due);
}

// ---- orders -------------------------------------------------------------------------------------

TEST_CASE("an export is made from the newest synchronised games that fit the window") {
    Given given = cluster();
    for (const char* name : {"a", "b", "c"}) synchronise(given, name);
    const auto exports = only_order(step(given));
    CHECK(exports.type == bus::WorkType::export_);
    CHECK(exports.inputs == std::vector<bus::FileDigest>{{"b1"}, {"b2"}, {"c1"}, {"c2"}});
    CHECK(exports.games == 60);
    CHECK(exports.work.value == "export-hex4_2p-" + std::to_string(given.position()));
    CHECK(asked<QueueWork>(step(given)).at(0).cause ==
          given.view().data.configs.at(hex).last_sync_event);
}

TEST_CASE("games of which no copy is left do not fail every export from now on") {
    Given given = cluster();
    synchronise(given);
    given.say(bus::FileQuarantined{.file = {"f1"}, .node = boss, .reason = "digest"});
    CHECK(only_order(step(given)).inputs == std::vector<bus::FileDigest>{{"f2"}});
    given.say(bus::ManifestCollected{.node = boss, .digest = "x", .removed = {{"f2"}}});
    CHECK(asked<QueueWork>(step(given)).empty());
}

TEST_CASE("a training goes on from the best model with the export that waits") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    export_samples(given, 100);
    const auto training = only_order(step(given));
    CHECK(training.type == bus::WorkType::training);
    CHECK(training.model == bus::ModelId{"m1"});
    CHECK(training.inputs == std::vector<bus::FileDigest>{{"npz"}});
    CHECK(training.work.value == "training-hex4_2p-" + std::to_string(given.position()));
}

TEST_CASE("an order takes needs and bounds from the cluster config and its seed from its name") {
    auto config = rules({policy()});
    config.work = {{.type = "training",
                    .slots = 2,
                    .gpus = 1,
                    .memory_bytes = 7,
                    .timeout_ms = 5min,
                    .attempts_max = 2}};
    Given given({config});
    export_samples(given, 100);
    const auto training = only_order(step(given));
    CHECK(training.needs == bus::Requirements{.slots = 2, .gpus = 1, .memory_bytes = 7});
    CHECK(training.timeout_ms == 5min);
    CHECK(training.attempts_max == 2);
    CHECK(training.seed == only_order(step(given)).seed);
    CHECK(training.seed != only_order(TrainingCoordinator(1).step(given.sight())).seed);
}

// ---- evaluations --------------------------------------------------------------------------------

TEST_CASE("candidates are judged one at a time, the oldest first") {
    Given given = cluster();
    given.say(trained("z-older")).say(trained("a-younger"));
    const auto started = [&] { return asked<StartEvaluation>(step(given)); };
    REQUIRE(started().size() == 1);
    CHECK(started()[0].model == bus::ModelId{"z-older"});
    play(given, "z-older", winning);
    CHECK(started().empty());
    given.when(ConcludeEvaluation{hex, {"z-older"}}).and_said();
    CHECK(started().empty());
    given.when(DecidePromotion{hex, {"z-older"}}).and_said();
    REQUIRE(started().size() == 1);
    CHECK(started()[0].model == bus::ModelId{"a-younger"});
    carry_out(given, {started()[0]});
    CHECK(candidate(given, "a-younger").baseline == bus::ModelId{"z-older"});
}

TEST_CASE("an evaluation has a bounded number of matches open, and no more pairs than allowed") {
    Given given = cluster();
    given.say(trained("m1"));
    carry_out(given, step(given));
    CHECK(asked<QueueWork>(step(given)).size() == 2);
    CHECK(asked<QueueWork>(step(given))[0].work.games == 20);
    carry_out(given, step(given));
    CHECK(asked<QueueWork>(step(given)).empty());
    run_job(given, evaluation_match(hex, {"m1"}, 0).value, match(even));
    run_job(given, evaluation_match(hex, {"m1"}, 1).value, match(even));
    CHECK(only_order(step(given)).work == evaluation_match(hex, {"m1"}, 2));
    carry_out(given, step(given));
    run_job(given, evaluation_match(hex, {"m1"}, 2).value, match(even));
    CHECK(asked<QueueWork>(step(given)).empty());
    CHECK(asked<ConcludeEvaluation>(step(given)).size() == 1);
}

TEST_CASE("an evaluation that is sure asks for its conclusion and for no further match") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", winning);
    CHECK(asked<QueueWork>(step(given)).empty());
    CHECK(asked<ConcludeEvaluation>(step(given)).size() == 1);
}

TEST_CASE("an evaluation whose match was parked holds nobody up") {
    Given given = cluster();
    given.say(trained("m1")).say(trained("m2"));
    for (int n = 0; n < 2; ++n) carry_out(given, step(given));
    given.say(bus::WorkParked{.work = evaluation_match(hex, {"m1"}, 0), .reason = "no luck"});
    for (int n = 0; n < 4; ++n) carry_out(given, step(given));
    CHECK(candidate(given, "m1").status == projections::CandidateStatus::rejected);
    CHECK(candidate(given, "m1").evaluation->verdict == bus::Verdict::failed);
    CHECK(candidate(given, "m2").status == projections::CandidateStatus::evaluating);
}

TEST_CASE("regressions and roll-backs are asked for only when they would be granted") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    decide_on(given, "m2", winning);
    carry_out(given, step(given));
    CHECK(step(given).empty());
    given.say(bus::EloUpdated{.config = hex, .model = {"m1"}, .elo_milli = 300'000, .games = 300});
    for (const std::int64_t played : {100, 150}) {
        given.say(
            bus::EloUpdated{.config = hex, .model = {"m2"}, .elo_milli = 100'000, .games = played});
        CHECK(asked<DetectRegression>(step(given)).size() == 1);
        CHECK(asked<RollBackModel>(step(given)).empty());
        carry_out(given, step(given));
    }
    CHECK(asked<RollBackModel>(step(given)).size() == 1);
    carry_out(given, step(given));
    CHECK(learnt(given).best == bus::ModelId{"m1"});
}

// ---- the whole loop -----------------------------------------------------------------------------

TEST_CASE(
    "from synchronised games to the next curriculum every step is found and none is missing") {
    Given given = cluster();
    synchronise(given);
    std::vector<std::string> history;
    for (int turn = 0; turn < 20; ++turn) {
        for (const Command& command : step(given)) {
            given.when(command);
            for (const Draft& draft : given.drafts())
                history.emplace_back(bus::type_of({.fact = draft.fact}));
            given.and_said();
        }
        run_open_jobs(given);
    }
    CHECK(history == std::vector<std::string>{"WORK_QUEUED", "NPZ_EXPORT_COMPLETE", "WORK_QUEUED",
                                              "TRAINING_COMPLETED", "EVALUATION_STARTED",
                                              "WORK_QUEUED", "WORK_QUEUED", "EVALUATION_COMPLETED",
                                              "MODEL_PROMOTED", "CURRICULUM_REBALANCED"});
    CHECK(learnt(given).best.value.find("model-of-training-hex4_2p-") == 0);
    CHECK(step(given).empty());
}

TEST_CASE("a step asked for again after a crash has the same ids, so that the log keeps one") {
    Given given = cluster();
    synchronise(given);
    std::size_t compared = 0;
    for (int turn = 0; turn < 20; ++turn) {
        const auto ids = ids_after(given, 0s);
        CHECK(ids == ids_after(given, 3h));
        compared += ids.size();
        carry_out(given, step(given));
        run_open_jobs(given);
    }
    CHECK(compared >= 9);
}

TEST_CASE("what was said before a crash and is said again stands in the log once") {
    bus::MemoryLog log;
    projections::Folded<projections::ClusterView> before, after;
    CommandHandler dying(boss, log, before), restarted(boss, log, after);
    const projections::HostView host = {.self = boss};
    REQUIRE(dying.handle(Lead{.node = boss, .epoch = 1, .votes = {boss}}, host, start).outcome ==
            CommandHandler::Outcome::appended);
    for (const auto& fact : {games("f1"), games("f2")}) {
        REQUIRE(
            dying.handle(IngestFact{.id = {fact.file.value}, .fact = fact}, host, start).outcome ==
            CommandHandler::Outcome::appended);
    }
    const consumers::Commands commands =
        consumers::DataManagement{}.step({before.view, host, start});
    REQUIRE(commands.size() == 1);
    const auto drafts =
        std::get<std::vector<Draft>>(decide({before.view, host, start}, commands[0]));
    REQUIRE(dying.handle(commands[0], host, start).outcome == CommandHandler::Outcome::appended);
    const auto last = log.last().value();
    const bus::Event again = {
        .id = drafts[0].id, .source = boss, .time = start + 1s, .fact = drafts[0].fact};
    CHECK(log.append(std::vector{again}).value().positions == std::vector<bus::Position>{last});
    CHECK(restarted.handle(commands[0], host, start).outcome == CommandHandler::Outcome::refused);
    CHECK(log.last().value() == last);
    CHECK(after.view == before.view);
}
