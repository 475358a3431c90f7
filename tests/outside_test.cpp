// Programs written for the Python original keep working: what they really send, without ids,
// digests and lists of files, is taken where that is honest, kept where something lacks, and
// refused where it is wrong. And nothing that is said from outside promotes a model by itself.

#include "producers/outside.hpp"

#include <boost/json.hpp>

#include "bus/codec.hpp"
#include "consumers/managers/training_coordinator.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;

namespace {

const std::string digest(64, 'a');
const std::string another(64, 'b');

OutsideEvent event(const std::string& type, const std::string& data) {
    return {.id = {"x"}, .type = type, .data = data};
}

/// "taken", "parked: …" or "refused: …".
std::string outcome(const Given& given, const OutsideEvent& said) {
    const auto answer = take_in(given.sight(), said);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) return "refused: " + refusal->sentence;
    const auto& taken = std::get<TakenIn>(answer);
    return taken.parked.empty() ? "taken" : "parked: " + taken.parked;
}

/// Appends what the event leads to.
void say(Given& given, const OutsideEvent& said) {
    const auto answer = take_in(given.sight(), said);
    REQUIRE(std::holds_alternative<TakenIn>(answer));
    for (const Command& command : std::get<TakenIn>(answer).commands) {
        given.when(command);
        INFO(given.refusal_sentence());
        REQUIRE(std::holds_alternative<std::vector<Draft>>(decide(given.sight(), command)));
        for (const Draft& draft : given.drafts()) {
            given.say_event({.id = draft.id, .causation = draft.causation, .fact = draft.fact});
        }
    }
}

template <class Fact>
Fact fact_of(const Given& given, const OutsideEvent& said) {
    INFO(outcome(given, said));
    const auto answer = take_in(given.sight(), said);
    REQUIRE(std::holds_alternative<TakenIn>(answer));
    const auto& commands = std::get<TakenIn>(answer).commands;
    REQUIRE(commands.size() == 1);
    REQUIRE(std::holds_alternative<IngestFact>(commands[0]));
    return std::get<Fact>(std::get<IngestFact>(commands[0]).fact);
}

bool begins(const std::string& text, const std::string& with) {
    return text.rfind(with, 0) == 0;
}

// As train.py, the selfplay scripts, the sync daemons and the export script of the original send
// them.
const std::string trained_there = R"({"config_key":"hex4_2p","board_type":"hex4","num_players":2,
    "model_id":"canonical_hex4_2p","model_path":"models/candidate_hex4_2p.pth","model_version":"v2",
    "final_loss":0.42,"val_loss":0.5,"training_samples":1200,"training_games":80,"epochs":20,
    "duration_seconds":93.5,"early_stopped":false,"success":true,"trained_by":"gpu-7"})";
const std::string played_there = R"({"task_id":"t1","config_key":"hex4_2p","board_type":"hex4",
    "num_players":2,"games_generated":50,"success":true,"node_id":"gpu-7","duration_seconds":12.5,
    "games_per_second":4.0,"selfplay_type":"gpu_selfplay","iteration":0,"db_path":"data/g.db"})";
const std::string synced_there = R"({"sync_type":"games","source_node":"gpu-7",
    "target_nodes":["boss"],"files_synced":3,"games_synced":30,"bytes_transferred":1000,
    "duration_seconds":3.25})";
const std::string exported_there = R"({"config_key":"hex4_2p","board_type":"hex4","num_players":2,
    "samples_exported":900,"games_exported":30,"output_path":"data/training/hex4_2p.npz",
    "success":true,"duration_seconds":9.0,"feature_version":2})";
const std::string evaluated_there = R"({"config_key":"hex4_2p","board_type":"hex4","num_players":2,
    "model_id":"candidate_hex4_2p","passed":true,"success":true,"elo":1612.5,"win_rate":0.8,
    "games_played":0,"vs_random_rate":1.0})";

}  // namespace

// ---- what is taken
// --------------------------------------------------------------------------------

TEST_CASE("a training that names its model by digest is taken without the id of any work") {
    const Given given({rules({policy()})});
    for (const char* field : {"model", "model_id"}) {
        const auto fact = fact_of<bus::TrainingCompleted>(
            given, event("training_complete", std::string(R"({"config":"hex4_2p",")") + field +
                                                  R"(":")" + digest +
                                                  R"(","final_loss":0.25,"trained_by":"gpu-7"})"));
        CHECK(fact.model == bus::ModelId{digest});
        CHECK(fact.work.empty());
        CHECK(fact.about() == digest);
        CHECK(fact.config == hex);
        CHECK(fact.node == bus::NodeId{"gpu-7"});
        CHECK(fact.loss_micro == 250'000);
    }
}

TEST_CASE("a training that says of itself that it failed has failed") {
    const Given given;
    const auto said = event("TRAINING_COMPLETED",
                            R"({"config_key":"hex4_2p","success":false,"error":"cuda_oom:rc=1"})");
    const auto fact = fact_of<bus::TrainingFailed>(given, said);
    CHECK(fact.reason == "cuda_oom:rc=1");
    CHECK(begins(fact.work.value, "outside-"));
    CHECK(fact == fact_of<bus::TrainingFailed>(given, said));
    CHECK(begins(outcome(given, event("selfplay_complete",
                                      R"({"config_key":"hex4_2p","success":false,"games":5})")),
                 "refused: it says of itself that it failed"));
}

TEST_CASE("starts and failures without an id get one that follows from what they say") {
    const Given given;
    const auto started = fact_of<bus::TrainingStarted>(
        given, event("TRAINING_STARTED", R"({"config":"hex4_2p","model_version":"v2"})"));
    const auto failed = fact_of<bus::TrainingFailed>(
        given, event("TRAINING_FAILED", R"({"config_key":"hex4_2p","error":"disk full"})"));
    CHECK(begins(started.work.value, "outside-"));
    CHECK(started.work != failed.work);
    CHECK(fact_of<bus::TrainingStarted>(
              given, event("training_start", R"({"config":"hex4_2p","job_id":"j1"})"))
              .work == bus::WorkId{"j1"});
    const auto sync = fact_of<bus::DataSyncStarted>(
        given, event("sync_started", R"({"sync_type":"games","host":"gpu-7","file_count":4})"));
    CHECK(begins(sync.sync, "outside-"));
    CHECK(sync.files == 4);
    CHECK(fact_of<bus::DataSyncFailed>(
              given, event("sync_failed", R"({"host":"gpu-7","error":"timeout","retry_count":2})"))
              .reason == "timeout");
}

TEST_CASE(
    "a sync that names no files synchronises what the log knows to lie there, and only that") {
    Given given({rules({policy()}), games("f1"), games("f2", 5, "gpu-7")});
    given.when(std::get<TakenIn>(take_in(given.sight(), event("sync_completed", synced_there)))
                   .commands[0]);
    const auto synced = std::get<bus::DataSyncCompleted>(given.drafts().at(0).fact);
    CHECK(synced.files == std::vector<bus::FileDigest>{{"f1"}});
    CHECK(synced.games == 10);
    CHECK(synced.node == boss);
    given.and_said();
    CHECK(begins(outcome(given, event("sync_completed", synced_there)), "refused: "));
}

TEST_CASE("games and exports that name their file by digest are taken") {
    const Given given;
    const auto games = fact_of<bus::GamesRecorded>(
        given, event("selfplay_complete", R"({"config_key":"hex4_2p","games_generated":50,
                     "node_id":"gpu-7","db_path":"g.db","file":")" +
                                              digest + "\"}"));
    CHECK(games.games == 50);
    CHECK(games.name == "g.db");
    CHECK(fact_of<bus::NpzExportComplete>(
              given, event("export_complete", R"({"config_key":"hex4_2p","samples_exported":900,
                           "file":")" + digest + "\"}"))
              .samples == 900);
}

// ---- what is kept
// ---------------------------------------------------------------------------------

TEST_CASE("what the original's programs send without a digest is parked with what it lacks") {
    const Given given({rules({policy()})});
    for (const auto& [type, data] : {std::pair("TRAINING_COMPLETED", trained_there),
                                     std::pair("selfplay_complete", played_there),
                                     std::pair("export_complete", exported_there)}) {
        INFO(type);
        CHECK(begins(outcome(given, event(type, data)), "parked: it names no file by its SHA-256"));
    }
    CHECK(begins(
        outcome(given, event("sync_completed", R"({"config_key":"hex4_2p","host":"gpu-7"})")),
        "parked: it names no files"));
}

TEST_CASE("what is parked changes no view, is shown, and stands in the log as it came") {
    Given given({rules({policy()})});
    const auto training = given.view().training;
    say(given, event("TRAINING_COMPLETED", trained_there));
    CHECK(given.view().training == training);
    CHECK(given.view().data.files.empty());
    CHECK(given.view().counts.parked_events == 1);
    REQUIRE(given.view().counts.parked.size() == 1);
    CHECK(given.view().counts.parked[0].type == "TRAINING_COMPLETED");
    CHECK(begins(given.view().counts.parked[0].problem, "it names no file by its SHA-256"));

    const auto taken =
        std::get<TakenIn>(take_in(given.sight(), event("TRAINING_COMPLETED", trained_there)));
    const auto decision = decide(given.sight(), taken.commands[0]);
    const bus::Event written = {.id = {"x"},
                                .source = boss,
                                .time = start,
                                .fact = std::get<std::vector<Draft>>(decision)[0].fact};
    const std::string text = bus::encode(written);
    CHECK(text.size() <= bus::encoded_bytes_at_most(written));
    const bus::Event read = bus::decode(text);
    CHECK(bus::encode(read) == text);
    const auto& unread = std::get<bus::Unread>(read.fact);
    CHECK(unread.why == bus::Unread::Why::parked);
    CHECK(unread.type == "TRAINING_COMPLETED");
    CHECK(unread.subject == "hex4_2p");
    CHECK(unread.problem == taken.parked);
    CHECK(boost::json::parse(text).at("data") == boost::json::parse(trained_there));
}

TEST_CASE(
    "a parked event that is a fact for a later program stays parked until it is driven anew") {
    const bus::Event event = {.id = {"x"},
                              .source = boss,
                              .time = start,
                              .fact = bus::Unread{.why = bus::Unread::Why::parked,
                                                  .type = "WORK_CANCELLED",
                                                  .problem = "it lacks something",
                                                  .data = R"({"work":"w","reason":"r"})"}};
    const bus::Event read = bus::decode(bus::encode(event));
    CHECK(std::get<bus::Unread>(read.fact).problem == "it lacks something");
}

TEST_CASE("a parked event driven anew with what it lacked is taken, and parked no more") {
    Given given({rules({policy()})});
    say(given, event("TRAINING_COMPLETED", trained_there));
    boost::json::object more = boost::json::parse(trained_there).as_object();
    more["model"] = digest;
    OutsideEvent again = event("TRAINING_COMPLETED", boost::json::serialize(more));
    again.id = {"y"};
    again.cause = {"x"};
    say(given, again);
    CHECK(given.view().counts.parked.empty());
    CHECK(candidate(given, digest).generation == 1);
    CHECK(candidate(given, digest).trained.node == bus::NodeId{"gpu-7"});
}

TEST_CASE("what a job of ours says without a digest is in its result file with one") {
    Given given({rules({policy()}), order(bus::WorkType::training, "training-1")});
    OutsideEvent said = event("TRAINING_COMPLETED", R"({"model_path":"out/model.pth"})");
    said.job = {"training-1"};
    CHECK(begins(outcome(given, said), "refused: the result file of training-1 says it"));
    said = event("TRAINING_COMPLETED", R"({"model":")" + digest + "\"}");
    said.job = {"training-1"};
    const auto fact = fact_of<bus::TrainingCompleted>(given, said);
    CHECK(fact.work == bus::WorkId{"training-1"});
    CHECK(fact.config == hex);
    CHECK(fact.node == boss);
}

// ---- what is refused
// ------------------------------------------------------------------------------

TEST_CASE("an evaluation or promotion from outside decides nothing, and is told so") {
    const Given given;
    CHECK(begins(outcome(given, event("EVALUATION_COMPLETED", evaluated_there)),
                 "refused: an evaluation from outside decides nothing"));
    CHECK(begins(outcome(given, event("promotion_complete", R"({"config_key":"hex4_2p"})")),
                 "refused: nobody promotes a model from outside"));
    CHECK(begins(outcome(given, event("WORK_QUEUED", "{}")), "refused: this event is not taken"));
}

TEST_CASE("zero games, wrong kinds, unknown types and what is no object are refused") {
    const Given given;
    CHECK(begins(outcome(given, event("selfplay_complete",
                                      R"({"config_key":"hex4_2p","games":0,"node_id":"a"})")),
                 "refused: the event shows nothing: games must be at least 1"));
    CHECK(outcome(given, event("TRAINING_COMPLETED", R"({"config":7})")) ==
          "refused: this is no TRAINING_COMPLETED: field 'config' should be text");
    CHECK(begins(outcome(given, event("NEW_GAMES_AVAILABLE", "{}")), "refused: type "));
    CHECK(outcome(given, event("TRAINING_COMPLETED", "[]")) ==
          "refused: the data should be an object");
    CHECK(begins(outcome(given, event("TRAINING_COMPLETED", "{")), "refused: "));
    CHECK(outcome(given, event("TRAINING_COMPLETED", "{}")) ==
          "refused: this is no TRAINING_COMPLETED: field 'config' is missing");
}

// ---- evidence
// -------------------------------------------------------------------------------------

namespace {

/// A model from outside that says nothing of where its file is.
Given with_stranger() {
    Given given({rules({policy()}), node("boss")});
    given.say(bus::TrainingCompleted{.config = hex, .model = {digest}});
    return given;
}

}  // namespace

TEST_CASE(
    "a model from outside is judged once a node has its file, and holds nobody up until then") {
    Given given = with_stranger();
    const consumers::TrainingCoordinator coordinator(1);
    given.when(StartEvaluation{hex, {digest}}).then_refused(Refusal::Kind::nothing_waits);
    given.say(trained("m2"));
    const auto started = asked<StartEvaluation>(coordinator.step(given.sight()));
    REQUIRE(started.size() == 1);
    CHECK(started[0].model == bus::ModelId{"m2"});
    given.say(bus::ManifestCollected{.node = boss, .files = 1, .added = {{digest}}});
    CHECK(asked<StartEvaluation>(coordinator.step(given.sight())).at(0).model ==
          bus::ModelId{digest});
}

TEST_CASE(
    "a model whose file never came is rejected after an hour, at the gate of the evaluation") {
    Given given = with_stranger();
    given.when(StartEvaluation{hex, {digest}}, start + 1h - 1ms)
        .then_refused(Refusal::Kind::nothing_waits);
    given.when(StartEvaluation{hex, {digest}}, start + 1h).and_said();
    carry_out(given, {ConcludeEvaluation{hex, {digest}}});
    CHECK(candidate(given, digest).evaluation->verdict == bus::Verdict::failed);
    CHECK(candidate(given, digest).evaluation->reason == "no node has the model's file");
    given.when(DecidePromotion{hex, {digest}});
    const auto rejected = std::get<bus::PromotionRejected>(given.drafts().at(0).fact);
    CHECK(rejected.gate == "evaluation");
    given.and_said();
    CHECK(learnt(given).best == bus::init_model);
}

TEST_CASE("a model said to lie where it does not is found out by the next manifest") {
    Given given({rules({policy()}), node("boss")});
    given.say(bus::TrainingCompleted{.config = hex, .model = {digest}, .node = boss});
    given.when(StartEvaluation{hex, {digest}}).and_said();
    given.say(bus::ManifestCollected{.node = boss, .removed = {{digest}}});
    const auto commands = consumers::TrainingCoordinator(1).step(given.sight());
    CHECK(asked<QueueWork>(commands).empty());
    REQUIRE(asked<ConcludeEvaluation>(commands).size() == 1);
    carry_out(given, {ConcludeEvaluation{hex, {digest}}, DecidePromotion{hex, {digest}}});
    CHECK(candidate(given, digest).status == projections::CandidateStatus::rejected);
}
