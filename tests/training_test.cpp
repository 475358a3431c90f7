// What finished jobs mean, when a candidate becomes the best model, and when it stops being that.
// Evidence that is missing is a failure, never a pass.

#include "producers/training.hpp"

#include "producers/ingest.hpp"
#include "producers/ratings.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Kind = Refusal::Kind;
using projections::CandidateStatus;

namespace {

Given cluster() {
    Given given({rules({policy()})});
    return given;
}

/// The one fact that was decided.
template <class Fact>
Fact decided(const Given& given) {
    REQUIRE(given.drafts().size() == 1);
    REQUIRE(std::holds_alternative<Fact>(given.drafts()[0].fact));
    return std::get<Fact>(given.drafts()[0].fact);
}

bus::EvaluationCompleted passed() {
    return {.config = hex,
            .model = {"m1"},
            .baseline = bus::init_model,
            .verdict = bus::Verdict::stronger,
            .pentanomial = winning,
            .games = 40,
            .llr_micro = 3'000'000,
            .llr_lower_micro = -2'944'439,
            .llr_upper_micro = 2'944'439,
            .elo_milli = 200'000};
}

bus::PromotionRejected rejected(const bus::EvaluationCompleted& evaluation,
                                const bus::ModelId& best = bus::init_model) {
    const bus::Fact fact = promotion(evaluation, best, policy());
    REQUIRE(std::holds_alternative<bus::PromotionRejected>(fact));
    return std::get<bus::PromotionRejected>(fact);
}

bus::EloUpdated rated(const std::string& model, std::int64_t elo, std::int64_t of_games) {
    return {.config = hex, .model = {model}, .elo_milli = elo * 1000, .games = of_games};
}

std::string refusal_of(bus::Fact fact) {
    Given given;
    given.when(IngestFact{.id = {"x"}, .fact = std::move(fact)}).then_refused(Kind::invalid);
    return given.refusal_sentence();
}

}  // namespace

// ---- what a finished job means ------------------------------------------------------------------

TEST_CASE("a finished export is announced with its file, samples and games") {
    Given given = cluster();
    given.say(order(bus::WorkType::export_, "e1"));
    auto result = files({{.file = {"npz"}, .name = "samples.npz", .bytes = 9}});
    result.samples = 500;
    result.games = 20;
    run_job(given, "e1", result);
    given.when(AnnounceResult{{"e1"}});
    given.then({bus::NpzExportComplete{.work = {"e1"},
                                       .config = hex,
                                       .file = {"npz"},
                                       .node = boss,
                                       .samples = 500,
                                       .games = 20}});
    given.and_said();
    REQUIRE(learnt(given).export_waiting);
    CHECK(learnt(given).export_waiting->samples == 500);
    given.when(AnnounceResult{{"e1"}}).then_refused(Kind::duplicate);
}

TEST_CASE("a finished training is announced by the digest of its model file") {
    Given given = cluster();
    given.say(order(bus::WorkType::training, "t1"));
    auto result = files({{.file = {"log"}, .name = "history.json", .bytes = 3},
                         {.file = {"m1"}, .name = "model.bin", .bytes = 7}});
    result.steps = 11;
    run_job(given, "t1", result);
    given.when(AnnounceResult{{"t1"}});
    CHECK(decided<bus::TrainingCompleted>(given).model == bus::ModelId{"m1"});
    CHECK(decided<bus::TrainingCompleted>(given).bytes == 7);
    CHECK(decided<bus::TrainingCompleted>(given).steps == 11);
    CHECK(given.drafts()[0].causation == given.item("t1").last_event);
    given.and_said();
    CHECK(candidate(given, "m1").status == CandidateStatus::trained);
}

TEST_CASE("a training that left no model file has failed") {
    Given given = cluster();
    given.say(order(bus::WorkType::training, "t1"));
    run_job(given, "t1", files({{.file = {"log"}, .name = "history.json", .bytes = 3}}));
    given.when(AnnounceResult{{"t1"}});
    CHECK(decided<bus::TrainingFailed>(given).reason == "it left no model file");
    given.and_said();
    CHECK(learnt(given).candidates.empty());
    CHECK(learnt(given).trainings_failed == 1);
    given.when(AnnounceResult{{"t1"}}).then_refused(Kind::duplicate);
}

TEST_CASE("a rating match is announced as a match that was played") {
    Given given = cluster();
    auto tournament = order(bus::WorkType::tournament, "r1");
    tournament.model = {"m1"};
    tournament.baseline = {"m0"};
    given.say(tournament);
    run_job(given, "r1", match(winning));
    given.when(AnnounceResult{{"r1"}});
    const auto played = decided<bus::MatchPlayed>(given);
    CHECK(played.games == 40);
    CHECK(played.scores ==
          std::vector<bus::PairScore>{
              {.first = {"m1"}, .second = {"m0"}, .wins = 31, .draws = 8, .losses = 1}});
}

TEST_CASE("what an evaluation or selfplay means needs no event of its own") {
    Given given = cluster();
    given.say(selfplay("w1"));
    run_job(given, "w1",
            {.games = 10, .files = {{.file = {"f1"}, .name = "g", .bytes = 9, .games = 10}}});
    given.say(trained("m1"));
    play(given, "m1", even);
    CHECK(given.view().training.unannounced.empty());
}

TEST_CASE("a job that shows no evidence has failed, whatever its exit code") {
    const auto fails = [](bus::WorkType type, const bus::WorkResult& result) {
        Given given = cluster();
        given.say(order(type, "w1"));
        run_job(given, "w1", result);
        CHECK(given.item("w1").setbacks_total == 1);
        CHECK(given.view().training.unannounced.empty());
        CHECK(given.view().data.configs.empty());
    };
    const auto npz = files({{.file = {"npz"}, .name = "s.npz", .bytes = 9}});
    auto no_digest = npz;
    no_digest.files[0].file = {};
    no_digest.samples = 5;
    fails(bus::WorkType::selfplay, files({{.file = {"f1"}, .name = "g", .bytes = 9}}));
    fails(bus::WorkType::export_, npz);
    fails(bus::WorkType::export_, no_digest);
    fails(bus::WorkType::training, {});
    fails(bus::WorkType::evaluation, {});
    fails(bus::WorkType::tournament, match({0, 0, 0, 0, 0}));
}

TEST_CASE("late games of selfplay count, a late training does not") {
    Given given = cluster();
    given.say(selfplay("w1")).say(order(bus::WorkType::training, "t1"));
    given.say(claimed("w1", "n1")).say(claimed("t1", "n1"));
    const auto late = [&](const std::string& work, bus::FileMade made) {
        auto done = of_claim<bus::WorkCompleted>(given, work);
        done.result = files({std::move(made)});
        done.result.games = 10;
        given.say(of_claim<bus::WorkLeaseExpired>(given, work));
        return ReportCompleted{done};
    };
    const auto late_games = late("w1", {.file = {"f1"}, .name = "g", .bytes = 9, .games = 10});
    const auto late_model = late("t1", {.file = {"m1"}, .name = "model.bin", .bytes = 9});
    given.when(late_games).and_said();
    CHECK(given.view().data.configs.at(hex).games == 10);
    CHECK(given.item("w1").status == projections::WorkStatus::pending);
    given.when(late_model).and_said();  // For the fold to refuse, where everybody sees it.
    CHECK(given.item("t1").status == projections::WorkStatus::pending);
    CHECK(given.view().training.unannounced.empty());
}

TEST_CASE("a training is announced when it starts and when it is given up, each once") {
    Given given = cluster();
    auto training = order(bus::WorkType::training, "t1");
    training.attempts_max = 1;
    given.say(training);
    given.when(AnnounceTraining{{"t1"}}).then_refused(Kind::duplicate);
    given.say(claimed("t1", "boss"));
    given.say(of_claim<bus::WorkStarted>(given, "t1"));
    given.when(AnnounceTraining{{"t1"}});
    CHECK(decided<bus::TrainingStarted>(given).node == boss);
    given.and_said().when(AnnounceTraining{{"t1"}}).then_refused(Kind::duplicate);
    given.say(of_claim<bus::WorkFailed>(given, "t1"));
    given.when(AnnounceTraining{{"t1"}});
    CHECK(decided<bus::TrainingFailed>(given).reason.find("all 1 attempts went wrong") == 0);
    given.and_said().when(AnnounceTraining{{"t1"}}).then_refused(Kind::duplicate);
    CHECK(learnt(given).trainings_failed == 1);
    given.when(AnnounceTraining{{"unheard"}}).then_refused(Kind::unknown);
}

// ---- exports and trainings ----------------------------------------------------------------------

TEST_CASE("an export of no samples, or of no file, makes no training due") {
    Given given({bus::NpzExportComplete{.config = hex, .file = {"npz"}, .samples = 0},
                 bus::NpzExportComplete{.config = hex, .samples = 10}});
    CHECK(given.view().training.configs.empty());
}

TEST_CASE("a training uses up the export that it is made from, and no other") {
    Given given({bus::NpzExportComplete{.config = hex, .file = {"npz"}, .samples = 10}});
    given.say(order(bus::WorkType::training, "by-hand"));
    CHECK(learnt(given).export_waiting);
    auto training = order(bus::WorkType::training, "t1");
    training.inputs = {{"npz"}};
    given.say(training);
    CHECK_FALSE(learnt(given).export_waiting);
}

TEST_CASE("an export added by hand does not make older games new again") {
    Given given;
    auto exports = order(bus::WorkType::export_, "e1");
    exports.games = 400;
    given.say(exports);
    exports.work = {"by-hand"};
    exports.games = 50;
    given.say(exports);
    CHECK(learnt(given).games_exported == 400);
}

TEST_CASE("a training from outside the cluster makes a candidate like any other") {
    Given given = cluster();
    given.when(IngestFact{.id = {"x1"}, .fact = trained("m1")}).then({trained("m1")}).and_said();
    CHECK(candidate(given, "m1").generation == 1);
    play(given, "m1", winning);
    carry_out(given, {ConcludeEvaluation{hex, {"m1"}}, DecidePromotion{hex, {"m1"}}});
    CHECK(learnt(given).best == bus::ModelId{"m1"});
}

TEST_CASE("a training that names no model, or the untrained one, makes no candidate") {
    Given given({trained(""), trained("init")});
    CHECK(given.view().training.configs.empty());
}

TEST_CASE("the same model trained twice is one candidate") {
    Given given({trained("m1"), trained("m2"), trained("m1")});
    CHECK(learnt(given).candidates.size() == 2);
    CHECK(learnt(given).trainings == 2);
    CHECK(candidate(given, "m2").generation == 2);
}

TEST_CASE("only facts about data, training and ratings, and alerts, are taken from outside") {
    for (const bus::Fact& fact : std::vector<bus::Fact>{
             bus::Unread{}, bus::LeaderElected{}, bus::NodeJoined{}, selfplay("w1"),
             bus::WorkCompleted{}, bus::EvaluationCompleted{}, bus::ModelPromoted{},
             bus::EloUpdated{}, bus::ClusterConfigChanged{}}) {
        CHECK_FALSE(may_be_ingested(fact));
        Given().when(IngestFact{.id = {"x"}, .fact = fact}).then_refused(Kind::invalid);
    }
    const bus::Fact alert = bus::ResourceAlert{.alert = "disk"};
    Given().when(IngestFact{.id = {"x"}, .fact = alert}).then({alert});
    Given().when(IngestFact{.id = {"x"}, .fact = games("f1")}).then({games("f1")});
}

TEST_CASE("a fact from outside that shows nothing is refused with what it lacks") {
    CHECK(refusal_of(games("f1", 0)).find("games must be at least 1") != std::string::npos);
    CHECK(refusal_of(games("")).find("digest") != std::string::npos);
    CHECK(refusal_of(trained("")).find("name the model") != std::string::npos);
    CHECK(refusal_of(bus::NpzExportComplete{.config = hex, .file = {"npz"}}).find("samples") !=
          std::string::npos);
    CHECK(refusal_of(bus::MatchPlayed{.match = "r1", .config = hex}).find("games") !=
          std::string::npos);
}

// ---- evaluation ---------------------------------------------------------------------------------

TEST_CASE("a candidate is measured against the best model of the moment") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    given.say(trained("m2"));
    given.when(StartEvaluation{hex, {"m2"}});
    given.then({bus::EvaluationStarted{.config = hex, .model = {"m2"}, .baseline = {"m1"}}})
        .and_said();
    given.when(StartEvaluation{hex, {"m2"}}).then_refused(Kind::duplicate);
}

TEST_CASE("each step is refused to a candidate that is not at its stage") {
    Given given = cluster();
    given.say(trained("m1"));
    given.when(ConcludeEvaluation{hex, {"m1"}}).then_refused(Kind::duplicate);
    given.when(DecidePromotion{hex, {"m1"}}).then_refused(Kind::duplicate);
    given.when(RebalanceCurriculum{hex, {"m1"}}).then_refused(Kind::duplicate);
    given.when(StartEvaluation{hex, {"unheard"}}).then_refused(Kind::duplicate);
    given.when(StartEvaluation{{"unheard"}, {"m1"}}).then_refused(Kind::duplicate);
}

TEST_CASE("pairs are counted from accepted matches against the right baseline, each once") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", {1, 2, 3, 4, 5}, 0);
    CHECK(candidate(given, "m1").pentanomial == Pairs{1, 2, 3, 4, 5});
    play(given, "m1", {1, 0, 0, 0, 1}, 1);
    CHECK(candidate(given, "m1").pentanomial == Pairs{2, 2, 3, 4, 6});

    auto wrong = evaluation(given, "m1", 2);
    wrong.baseline = {"another"};
    given.say(wrong);
    run_job(given, wrong.work.value, match(winning));
    CHECK(candidate(given, "m1").matches.size() == 2);

    given.say(evaluation(given, "m1", 3));
    const std::string work = evaluation_match(hex, {"m1"}, 3).value;
    given.say(claimed(work, "n1"));
    auto late = of_claim<bus::WorkCompleted>(given, work);
    late.result = match(winning);
    given.say(of_claim<bus::WorkLeaseExpired>(given, work));
    given.say(late);
    CHECK(candidate(given, "m1").pentanomial == Pairs{2, 2, 3, 4, 6});
}

TEST_CASE("an evaluation ends as soon as its test is sure, with all that it rests on") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", winning);
    given.when(ConcludeEvaluation{hex, {"m1"}});
    const auto evaluation = decided<bus::EvaluationCompleted>(given);
    CHECK(evaluation.verdict == bus::Verdict::stronger);
    CHECK(evaluation.baseline == bus::init_model);
    CHECK(evaluation.pentanomial == winning);
    CHECK(evaluation.games == 40);
    CHECK(evaluation.llr_micro >= evaluation.llr_upper_micro);
    CHECK(evaluation.llr_upper_micro == 2'944'439);
    CHECK(evaluation.llr_lower_micro == -2'944'439);
    CHECK(evaluation.elo_low_milli < evaluation.elo_milli);
    CHECK(evaluation.elo_milli < evaluation.elo_high_milli);
    CHECK(evaluation.works == std::vector<bus::WorkId>{evaluation_match(hex, {"m1"}, 0)});
    CHECK(given.drafts()[0].causation == candidate(given, "m1").last_event);
}

TEST_CASE("an evaluation goes on while its test is unsure, up to the most pairs allowed") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", even, 0);
    given.when(ConcludeEvaluation{hex, {"m1"}}).then_refused(Kind::nothing_waits);
    play(given, "m1", even, 1);
    given.when(ConcludeEvaluation{hex, {"m1"}}).then_refused(Kind::nothing_waits);
    play(given, "m1", even, 2);
    given.when(ConcludeEvaluation{hex, {"m1"}});
    CHECK(decided<bus::EvaluationCompleted>(given).verdict == bus::Verdict::undecided);
    CHECK(decided<bus::EvaluationCompleted>(given).games == 120);
}

TEST_CASE("a test that is sure after too few games goes on") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", {0, 0, 1, 2, 16});
    given.when(ConcludeEvaluation{hex, {"m1"}}).then_refused(Kind::nothing_waits);
    play(given, "m1", {0, 0, 0, 0, 1}, 1);
    given.when(ConcludeEvaluation{hex, {"m1"}});
    CHECK(decided<bus::EvaluationCompleted>(given).verdict == bus::Verdict::stronger);
}

TEST_CASE("a candidate that loses is not stronger") {
    Given given = cluster();
    decide_on(given, "m1", losing);
    CHECK(candidate(given, "m1").evaluation->verdict == bus::Verdict::not_stronger);
    CHECK(candidate(given, "m1").status == CandidateStatus::rejected);
}

TEST_CASE("an evaluation whose match was parked ends as failed and its candidate is rejected") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", winning, 0);
    given.say(evaluation(given, "m1", 1));
    given.say(bus::WorkParked{.work = evaluation_match(hex, {"m1"}, 1), .reason = "no luck"});
    given.when(ConcludeEvaluation{hex, {"m1"}});
    CHECK(decided<bus::EvaluationCompleted>(given).verdict == bus::Verdict::failed);
    given.and_said().when(DecidePromotion{hex, {"m1"}});
    CHECK(decided<bus::PromotionRejected>(given).gate == "evaluation");
    given.and_said();
    CHECK(learnt(given).best == bus::init_model);
}

TEST_CASE("a parked match is not overlooked when earlier ones have left the queue's memory") {
    Given given = cluster();
    given.say(trained("m1"));
    play(given, "m1", even, 0);
    given.say_at(start + projections::ended_kept, selfplay("another-day"));
    REQUIRE(find(given.view().work, evaluation_match(hex, {"m1"}, 0)) == nullptr);
    given.say(evaluation(given, "m1", 1));
    given.say(bus::WorkParked{.work = evaluation_match(hex, {"m1"}, 1)});
    CHECK(matches_failed(given.view().work, hex, candidate(given, "m1")));
}

TEST_CASE("an evaluation whose matches played fewer pairs than asked for ends all the same") {
    Given given = cluster();
    given.say(trained("m1"));
    for (int n = 0; n < 3; ++n) play(given, "m1", {0, 0, 1, 0, 0}, n);
    given.when(ConcludeEvaluation{hex, {"m1"}});
    CHECK(decided<bus::EvaluationCompleted>(given).verdict == bus::Verdict::undecided);
    given.and_said().when(DecidePromotion{hex, {"m1"}});
    CHECK(decided<bus::PromotionRejected>(given).gate == "games");
}

TEST_CASE("an evaluation of which no pair was played has failed") {
    projections::Candidate unplayed = {.trained = trained("m1"),
                                       .status = CandidateStatus::evaluating};
    CHECK_FALSE(judge(unplayed, policy(), false));
    unplayed.matches = {{"w1"}, {"w2"}, {"w3"}};
    const auto evaluation = judge(unplayed, policy(), false);
    REQUIRE(evaluation);
    CHECK(evaluation->verdict == bus::Verdict::failed);
}

TEST_CASE("counts that make no sense end an evaluation as failed") {
    projections::Candidate odd = {.trained = trained("m1"), .pentanomial = {0, 0, 0, -3, 40}};
    const auto evaluation = judge(odd, policy(), false);
    REQUIRE(evaluation);
    CHECK(evaluation->verdict == bus::Verdict::failed);
}

// ---- promotion ----------------------------------------------------------------------------------

TEST_CASE("a candidate that passes every gate is promoted with its evidence") {
    const auto fact = promotion(passed(), bus::init_model, policy());
    CHECK(fact == bus::Fact(bus::ModelPromoted{.config = hex,
                                               .model = {"m1"},
                                               .previous = bus::init_model,
                                               .pentanomial = winning,
                                               .games = 40,
                                               .llr_micro = 3'000'000,
                                               .elo_milli = 200'000,
                                               .gate = "gsprt"}));
}

TEST_CASE("gate evaluation: matches that could not be played promote nothing") {
    auto evaluation = passed();
    evaluation.verdict = bus::Verdict::failed;
    evaluation.reason = "a match could not be played";
    CHECK(rejected(evaluation).gate == "evaluation");
    CHECK(rejected(evaluation).reason == "a match could not be played");
}

TEST_CASE("gate games: too few games promote nothing, and none never do") {
    auto evaluation = passed();
    evaluation.games = 38;
    CHECK(rejected(evaluation).gate == "games");
    CHECK(rejected(evaluation).actual_milli == 38'000);
    CHECK(rejected(evaluation).threshold_milli == 40'000);
    evaluation.games = 0;
    auto lax = policy();
    lax.games_min = 0;
    CHECK(std::get<bus::PromotionRejected>(promotion(evaluation, bus::init_model, lax)).gate ==
          "games");
}

TEST_CASE("gate baseline: who was measured against a former best is not promoted") {
    const auto rejection = rejected(passed(), {"m0"});
    CHECK(rejection.gate == "baseline");
    CHECK(rejection.reason == "evaluated against init, but the best is now m0");
}

TEST_CASE("gate gsprt: who is not shown to be stronger is not promoted") {
    auto evaluation = passed();
    evaluation.verdict = bus::Verdict::undecided;
    evaluation.llr_micro = 1'500'000;
    CHECK(rejected(evaluation).gate == "gsprt");
    CHECK(rejected(evaluation).actual_milli == 1'500);
    CHECK(rejected(evaluation).threshold_milli == 2'944);
    evaluation.verdict = bus::Verdict::stronger;
    CHECK(rejected(evaluation).gate == "gsprt");
}

TEST_CASE("a promotion makes the candidate the best model, once") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    CHECK(learnt(given).best == bus::ModelId{"m1"});
    CHECK(learnt(given).promoted == std::vector<bus::ModelId>{{"m1"}});
    CHECK(learnt(given).evaluated == 1);
    given.when(DecidePromotion{hex, {"m1"}}).then_refused(Kind::duplicate);
    given.say(bus::PromotionRejected{.config = hex, .model = {"m1"}, .gate = "games"});
    CHECK(learnt(given).best == bus::ModelId{"m1"});
    CHECK(candidate(given, "m1").status == CandidateStatus::promoted);
}

TEST_CASE("a promotion without evidence changes nothing, whoever says it") {
    const auto claimed_promotion = bus::ModelPromoted{.config = hex,
                                                      .model = {"m1"},
                                                      .previous = bus::init_model,
                                                      .pentanomial = winning,
                                                      .games = 4000,
                                                      .gate = "gsprt"};
    const auto nothing_follows = [&](Given given) {
        const auto before = given.view().training;
        given.say(claimed_promotion);
        CHECK(given.view().training == before);
    };
    nothing_follows(cluster());
    Given untested({rules({policy()}), trained("m1")});
    nothing_follows(untested);
    Given testing = untested;
    testing.say(
        bus::EvaluationStarted{.config = hex, .model = {"m1"}, .baseline = bus::init_model});
    nothing_follows(testing);
    for (const auto verdict :
         {bus::Verdict::failed, bus::Verdict::undecided, bus::Verdict::not_stronger}) {
        auto evaluation = passed();
        evaluation.verdict = verdict;
        nothing_follows(Given(testing).say(evaluation));
    }
    auto no_games = passed();
    no_games.games = 0;
    nothing_follows(Given(testing).say(no_games));
    Given said_by_another = Given(testing).say(passed());
    said_by_another.say_in_epoch(0, claimed_promotion);
    CHECK(learnt(said_by_another).best == bus::init_model);
    said_by_another.say(claimed_promotion);
    CHECK(learnt(said_by_another).best == bus::ModelId{"m1"});
}

TEST_CASE("a promotion over another model than the best changes nothing") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    given.say(trained("m2"));
    play(given, "m2", winning);
    given.when(ConcludeEvaluation{hex, {"m2"}}).and_said();
    given.say(bus::ModelPromoted{
        .config = hex, .model = {"m2"}, .previous = bus::init_model, .games = 40});
    CHECK(learnt(given).best == bus::ModelId{"m1"});
}

// ---- regression ---------------------------------------------------------------------------------

TEST_CASE("a best model rated 50 Elo below its predecessor over 50 games is a regression") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    decide_on(given, "m2", winning);
    given.when(DetectRegression{hex}).then_refused(Kind::nothing_waits);
    given.say(rated("m1", 300, 90)).say(rated("m2", 251, 80));
    given.when(DetectRegression{hex}).then_refused(Kind::nothing_waits);
    given.say(rated("m2", 250, 49));
    given.when(DetectRegression{hex}).then_refused(Kind::nothing_waits);
    given.say(rated("m2", 250, 50));
    given.when(DetectRegression{hex});
    given.then({bus::RegressionDetected{
        .config = hex, .model = {"m2"}, .drop_milli = 50'000, .games = 50}});
}

TEST_CASE("a regression said twice, with 50 games more, rolls back to the predecessor") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    decide_on(given, "m2", winning);
    given.say(rated("m1", 300, 200)).say(rated("m2", 200, 80));
    given.when(DetectRegression{hex}).and_said();
    given.when(RollBackModel{hex}).then_refused(Kind::nothing_waits);
    given.when(DetectRegression{hex}).then_refused(Kind::duplicate);
    given.say(rated("m2", 200, 129)).when(DetectRegression{hex}).then_refused(Kind::duplicate);
    given.say(rated("m2", 200, 130)).when(DetectRegression{hex}).and_said();
    CHECK(learnt(given).regressions == 2);
    given.when(RollBackModel{hex});
    CHECK(decided<bus::ModelRolledBack>(given).restored == bus::ModelId{"m1"});
    given.and_said();
    CHECK(learnt(given).best == bus::ModelId{"m1"});
    CHECK(learnt(given).regressions == 0);
    given.when(RollBackModel{hex}).then_refused(Kind::nothing_waits);
}

TEST_CASE("the same regression heard twice is one, and one of a former best is none") {
    const bus::RegressionDetected regression = {
        .config = hex, .model = {"m1"}, .drop_milli = 60'000, .games = 80};
    Given given = cluster();
    decide_on(given, "m1", winning);
    given.say(regression).say(regression);
    CHECK(learnt(given).regressions == 1);
    decide_on(given, "m2", winning);
    CHECK(learnt(given).regressions == 0);
    given.say(regression);
    CHECK(learnt(given).regressions == 0);
    given.say(bus::ModelRolledBack{.config = hex, .model = {"m1"}, .restored = bus::init_model});
    CHECK(learnt(given).best == bus::ModelId{"m2"});
}

// ---- curriculum ---------------------------------------------------------------------------------

TEST_CASE("after each decision the curriculum is said once") {
    for (const Pairs& pairs : {winning, losing}) {
        Given given = cluster();
        decide_on(given, "m1", pairs);
        given.when(RebalanceCurriculum{hex, {"m1"}});
        CHECK(decided<bus::CurriculumRebalanced>(given).reason ==
              (pairs == winning ? "promotion" : "rejection"));
        given.and_said().when(RebalanceCurriculum{hex, {"m1"}}).then_refused(Kind::duplicate);
    }
}

TEST_CASE(
    "the curriculum follows from ratings and games alone, so saying it twice changes nothing") {
    Given given = cluster();
    decide_on(given, "m1", winning);
    given.when(RebalanceCurriculum{hex, {"m1"}});
    const auto once = decided<bus::CurriculumRebalanced>(given);
    given.and_said();
    const auto weights = given.view().training.weights_ppm;
    given.say(once).say(once);
    CHECK(given.view().training.weights_ppm == weights);
    CHECK(curriculum(given.view()) == once.weights);
}

TEST_CASE("a config gets more while it is untrained or short of games, less once it is strong") {
    auto modest = policy("modest");
    modest.elo_target_milli = 100'000;
    Given given({rules({policy(), modest})});
    const auto weight = [&](std::size_t n) { return curriculum(given.view()).at(n).weight_ppm; };
    CHECK(weight(0) == 1'500'000);
    given.say(games("f1", 300));
    CHECK(weight(0) == 1'500'000);
    CHECK(weight(1) == 3'000'000);
    auto theirs = games("f2", 200);
    theirs.config = {"modest"};
    given.say(theirs);
    CHECK(weight(1) == 1'800'000);
    decide_on(given, "m1", winning);
    CHECK(weight(0) == 1'000'000);
    given.say(rated("m1", 2'000, 40));
    CHECK(weight(0) == 500'000);
}

TEST_CASE("a resting config stays at rest in every curriculum") {
    auto resting = policy();
    resting.weight_ppm = 0;
    CHECK(curriculum(Given({rules({resting})}).view()).at(0).weight_ppm == 0);
}
