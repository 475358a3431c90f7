// Which config plays next, how many jobs a node should have, and how the queue is kept filled.

#include "consumers/managers/selfplay_scheduler.hpp"

#include "consumers/loops/queue_populator.hpp"
#include "producers/ratings.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using consumers::QueuePopulator;
using consumers::SelfplayScheduler;

namespace {

using Asked = std::map<bus::ConfigKey, std::int64_t>;

bus::ConfigPolicy weighted(const std::string& config, std::int64_t weight_ppm) {
    auto of = policy(config);
    of.weight_ppm = weight_ppm;
    return of;
}

std::string picked(const Given& given, const Asked& already = {}) {
    const auto config = SelfplayScheduler().pick_weighted_config(given.sight(), already);
    return config ? config->value : "none";
}

/// How often each config is among the next `count` picks.
Asked shares_of(const Given& given, int count) {
    Asked shares;
    for (int n = 0; n < count; ++n) {
        const auto config = SelfplayScheduler().pick_weighted_config(given.sight(), shares);
        if (config) ++shares[*config];
    }
    return shares;
}

/// Rounds of the rating matches asked for, by opponent.
std::map<std::string, int> matches_of(const Given& given, const std::string& model) {
    std::map<std::string, int> rounds;
    for (const QueueWork& command : asked<QueueWork>(QueuePopulator{}.step(given.sight()))) {
        const bool is_match =
            command.work.type == bus::WorkType::tournament && command.work.model.value == model;
        if (is_match) ++rounds[command.work.baseline.value];
    }
    return rounds;
}

void rate(Given& given) {
    for (const QueueWork& command : asked<QueueWork>(QueuePopulator{}.step(given.sight()))) {
        if (command.work.type != bus::WorkType::tournament) continue;
        carry_out(given, {command});
        run_job(given, command.work.work.value, match(losing));
        carry_out(given, {AnnounceResult{command.work.work}});
    }
    carry_out(given, {UpdateElo{hex}});
}

}  // namespace

TEST_CASE("configs play in proportion to their weights") {
    auto heavy = weighted("heavy", 3'000'000), light = weighted("light", 1'000'000);
    heavy.selfplay_ahead = light.selfplay_ahead = 100;
    CHECK(shares_of(Given({rules({light, heavy})}), 40) == Asked{{{"heavy"}, 30}, {{"light"}, 10}});
}

TEST_CASE("what is open already counts against a config, ties go to the one listed first") {
    Given given({rules({weighted("b", 1'000'000), weighted("a", 1'000'000)})});
    CHECK(picked(given) == "b");
    given.say(selfplay("w1", "b"));
    CHECK(picked(given) == "a");
    CHECK(picked(given, {{{"a"}, 2}}) == "b");
}

TEST_CASE("the curriculum's weights go before the config's") {
    Given given({rules({weighted("a", 1'000'000), weighted("b", 1'000'000)})});
    given.say(bus::CurriculumRebalanced{
        .weights = {{.config = {"a"}, .weight_ppm = 1}, {.config = {"b"}, .weight_ppm = 9}}});
    CHECK(picked(given) == "b");
}

TEST_CASE("a config of weight 0 rests, at once and whatever the curriculum says") {
    Given given({rules({weighted("a", 1'000'000)})});
    given.say(bus::CurriculumRebalanced{.weights = {{.config = {"a"}, .weight_ppm = 1'500'000}}});
    CHECK(picked(given) == "a");
    given.say(rules({weighted("a", 0)}));
    CHECK(picked(given) == "none");
}

TEST_CASE(
    "a config with enough items waiting gets no more, but what runs does not count as waiting") {
    auto config = weighted("a", 1'000'000);
    config.selfplay_ahead = 2;
    Given given({rules({config}), selfplay("w1", "a"), selfplay("w2", "a")});
    CHECK(picked(given) == "none");
    given.say(claimed("w1", "n1"));
    CHECK(picked(given) == "a");
    CHECK(picked(given, {{{"a"}, 1}}) == "none");
}

TEST_CASE("a node should have a selfplay job for each slot that nothing else has taken") {
    Given given({node("n1", 4), selfplay("w1"), order(bus::WorkType::training, "t1"),
                 claimed("w1", "n1"), claimed("t1", "n1")});
    CHECK(SelfplayScheduler().get_target_jobs(given.sight(), {"n1"}) == 3);
    CHECK(SelfplayScheduler().get_target_jobs(given.sight(), {"unheard"}) == 0);
    given.say(bus::NodeDraining{.node = {"n1"}});
    CHECK(SelfplayScheduler().get_target_jobs(given.sight(), {"n1"}) == 0);
}

TEST_CASE("selfplay is played by the best model, with the config's number of games") {
    Given given({rules({policy()})});
    const auto first = SelfplayScheduler().make_selfplay(given.sight(), hex, 7);
    CHECK(first.work.work == bus::WorkId{"selfplay-hex4_2p-7"});
    CHECK(first.work.model == bus::init_model);
    CHECK(first.work.games == 10);
    CHECK(first.cause == given.view().leadership.config_event);
    decide_on(given, "m1", winning);
    carry_out(given, {RebalanceCurriculum{hex, {"m1"}}});
    const auto next = SelfplayScheduler().make_selfplay(given.sight(), hex, 8);
    CHECK(next.work.model == bus::ModelId{"m1"});
    CHECK(next.work.share_ppm == given.view().training.weights_ppm.at(hex));
    CHECK(next.cause == given.view().training.curriculum_event);
    CHECK(next.work.seed != first.work.seed);
}

// ---- QueuePopulator -----------------------------------------------------------------------------

TEST_CASE("the queue holds two selfplay items for each slot of the nodes that take work") {
    auto config = policy();
    config.selfplay_ahead = 100;
    Given given({rules({config}), node("n1", 3), node("n2", 5), bus::NodeDraining{.node = {"n2"}}});
    const auto commands = QueuePopulator{}.step(given.sight());
    CHECK(asked<QueueWork>(commands).size() == 6);
    carry_out(given, commands);
    CHECK(QueuePopulator{}.step(given.sight()).empty());
    CHECK(QueuePopulator{.added_per_step_max = 2}
              .step(Given({rules({config}), node("n1", 3)}).sight())
              .size() == 2);
}

TEST_CASE("a large cluster with a single config is kept busy") {
    Given given({rules({policy()}), node("n1", 32)});
    for (int turn = 0; turn < 20; ++turn) {
        carry_out(given, QueuePopulator{}.step(given.sight()));
        std::vector<std::string> waiting;
        for (const auto& [work, item] : given.view().work.items) {
            if (item.status == projections::WorkStatus::pending) waiting.push_back(work.value);
        }
        for (const std::string& work : waiting) given.say(claimed(work, "n1"));
    }
    CHECK(given.view().work.by_status.at(projections::WorkStatus::claimed) >= 32);
}

TEST_CASE("selfplay asked for again before it is queued has the same names") {
    Given given({rules({policy()}), node("n1", 2)});
    std::vector<std::string> first, again, next;
    for (const auto& command : asked<QueueWork>(QueuePopulator{}.step(given.sight())))
        first.push_back(command.work.work.value);
    for (const auto& command : asked<QueueWork>(QueuePopulator{}.step(given.sight())))
        again.push_back(command.work.work.value);
    CHECK(first == std::vector<std::string>{"selfplay-hex4_2p-1", "selfplay-hex4_2p-2",
                                            "selfplay-hex4_2p-3", "selfplay-hex4_2p-4"});
    CHECK(first == again);
    carry_out(given, QueuePopulator{}.step(given.sight()));
    given.say(claimed("selfplay-hex4_2p-1", "n1"));
    given.say(of_claim<bus::WorkCompleted>(given, "selfplay-hex4_2p-1"));
    for (const auto& command : asked<QueueWork>(QueuePopulator{}.step(given.sight())))
        next.push_back(command.work.work.value);
    CHECK(next == std::vector<std::string>{"selfplay-hex4_2p-5"});
}

TEST_CASE(
    "a promoted model plays rating games against the untrained one and its predecessor, once") {
    Given given({rules({policy()})});
    decide_on(given, "m1", winning);
    CHECK(matches_of(given, "m1") == std::map<std::string, int>{{"init", 1}});
    decide_on(given, "m2", winning);
    CHECK(matches_of(given, "m2") == std::map<std::string, int>{{"init", 1}, {"m1", 1}});
    rate(given);
    CHECK(matches_of(given, "m1").empty());
    CHECK(matches_of(given, "m2").empty());
    given.say_at(start + 30h, selfplay("another-day"));
    given.say_at(start + 30h, selfplay("that-lets-the-view-forget"));
    CHECK(matches_of(given, "m2").empty());
}

TEST_CASE("a model under suspicion of regression plays until the suspicion can be said again") {
    Given given({rules({policy()})});
    decide_on(given, "m1", winning);
    decide_on(given, "m2", winning);
    rate(given);
    given.when(DetectRegression{hex});
    REQUIRE(given.refusal_sentence().empty());
    given.and_said();
    REQUIRE(learnt(given).regressions == 1);
    rate(given);
    given.when(DetectRegression{hex}).and_said();
    given.when(RollBackModel{hex}).and_said();
    CHECK(learnt(given).best == bus::ModelId{"m1"});
}
