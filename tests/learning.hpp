#pragma once

// A cluster that learns, for tests of the loop of learning: one config, jobs that run at once on
// node `boss` and leave what the test says, candidates brought to any stage.
//
// Everything goes through the real deciders and the real fold.

#include <array>

#include "consumers/loop.hpp"
#include "producers/training.hpp"
#include "tests/scenario.hpp"

namespace ringrift::tests {

using Pairs = std::array<std::int64_t, 5>;  // LL, LD, DD or WL, WD, WW

inline const bus::ConfigKey hex = {"hex4_2p"};
inline const Pairs winning = {0, 1, 2, 3, 14};
inline const Pairs even = {4, 4, 4, 4, 4};
inline const Pairs losing = {14, 3, 2, 1, 0};

inline bus::ConfigPolicy policy(const std::string& config = "hex4_2p") {
    return {.config = {config},
            .games_per_job = 10,
            .games_to_export = 20,
            .window_games = 40,
            .samples_to_train = 100,
            .pairs_per_batch = 20,
            .pairs_max = 60,
            .games_min = 40};
}

inline bus::ClusterConfigChanged rules(std::vector<bus::ConfigPolicy> configs) {
    return {.hash = "rules", .configs = std::move(configs)};
}

inline bus::GamesRecorded games(const std::string& file, std::int64_t count = 10,
                                const std::string& on = "boss") {
    return {.file = {file},
            .name = file + ".jsonl",
            .node = {on},
            .config = hex,
            .games = count,
            .bytes = 99};
}

inline bus::TrainingCompleted trained(const std::string& model) {
    return {.work = {"training-of-" + model},
            .config = hex,
            .model = {model},
            .parent = bus::init_model,
            .node = boss};
}

inline bus::WorkQueued order(bus::WorkType type, const std::string& work) {
    return {.work = {work}, .type = type, .config = hex, .games = 20};
}

/// Asks for all of them in their order and says what is decided.
inline void carry_out(Given& given, const consumers::Commands& commands) {
    for (const producers::Command& command : commands) given.when(command).and_said();
}

/// `boss` claims the queued item, runs it, and reports that it left `result`.
inline void run_job(Given& given, const std::string& work, const bus::WorkResult& result) {
    given.say(claimed(work, boss.value));
    given.say(of_claim<bus::WorkStarted>(given, work));
    auto done = of_claim<bus::WorkCompleted>(given, work);
    done.result = result;
    given.when(producers::ReportCompleted{done}).and_said();
}

inline bus::WorkResult files(std::vector<bus::FileMade> made) {
    bus::WorkResult result;
    result.files = std::move(made);
    return result;
}

inline bus::WorkResult match(const Pairs& pairs) {
    bus::WorkResult result;
    for (const std::int64_t count : pairs) result.games += 2 * count;
    result.wins = pairs[3] + 2 * pairs[4];
    result.losses = 2 * pairs[0] + pairs[1];
    result.draws = result.games - result.wins - result.losses;
    result.pentanomial = pairs;
    return result;
}

inline const projections::ConfigTraining& learnt(const Given& given) {
    return given.view().training.configs.at(hex);
}
inline const projections::Candidate& candidate(const Given& given, const std::string& model) {
    return learnt(given).candidates.at({model});
}

inline bus::WorkQueued evaluation(const Given& given, const std::string& model, std::int64_t n) {
    bus::WorkQueued queued =
        order(bus::WorkType::evaluation, producers::evaluation_match(hex, {model}, n).value);
    queued.model = {model};
    queued.baseline = candidate(given, model).baseline;
    return queued;
}

/// The candidate's evaluation begins and its n-th match is played.
inline void play(Given& given, const std::string& model, const Pairs& pairs, std::int64_t n = 0) {
    if (candidate(given, model).status == projections::CandidateStatus::trained) {
        given.when(producers::StartEvaluation{hex, {model}}).and_said();
    }
    const bus::WorkQueued queued = evaluation(given, model, n);
    given.say(queued);
    run_job(given, queued.work.value, match(pairs));
}

/// The candidate is trained, plays so, and is decided upon.
inline void decide_on(Given& given, const std::string& model, const Pairs& pairs) {
    given.say(trained(model));
    play(given, model, pairs);
    carry_out(given, {producers::ConcludeEvaluation{hex, {model}},
                      producers::DecidePromotion{hex, {model}}});
}

}  // namespace ringrift::tests
