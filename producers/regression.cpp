#include <algorithm>

#include "producers/drafting.hpp"
#include "producers/training.hpp"

// A promoted model that the rating games show to be weaker than its predecessor: said twice, with
// more games in between, it is rolled back (the original's numbers: 50 Elo over 50 games).

namespace ringrift::producers {
namespace {

constexpr std::int64_t regression_elo_milli = 50'000;
constexpr std::int64_t regressions_to_roll_back = 2;

struct Comparison {
    bus::ModelId best = {};
    bus::ModelId previous = {};
    std::int64_t drop_milli = 0;  ///< Positive when the best is rated below the one before.
    std::int64_t games = 0;       ///< Of the one with fewer rating games.
};

/// The best model beside the one it replaced; empty games when either is not rated.
Comparison compare(const Sight& sight, const bus::ConfigKey& config) {
    Comparison comparison;
    const auto training = sight.cluster.training.configs.find(config);
    if (training == sight.cluster.training.configs.end()) return comparison;
    comparison.best = training->second.best;
    const auto candidate = training->second.candidates.find(comparison.best);
    if (candidate == training->second.candidates.end()) return comparison;
    comparison.previous = candidate->second.baseline;
    const auto pool = sight.cluster.ratings.pools.find(config);
    if (pool == sight.cluster.ratings.pools.end()) return comparison;
    const auto best = pool->second.elo.find(comparison.best);
    const auto previous = pool->second.elo.find(comparison.previous);
    if (best == pool->second.elo.end() || previous == pool->second.elo.end()) return comparison;
    comparison.drop_milli = previous->second.elo_milli - best->second.elo_milli;
    comparison.games = std::min(best->second.games, previous->second.games);
    return comparison;
}

}  // namespace

Decision decide(const Sight& sight, const DetectRegression& command) {
    const Comparison now = compare(sight, command.config);
    const bool regressed = now.drop_milli >= regression_elo_milli && now.games >= regression_games;
    if (!regressed)
        return refuse(Refusal::Kind::nothing_waits, "no regression of " + command.config.value);
    const auto& training = sight.cluster.training.configs.at(command.config);
    if (training.regressions > 0 && now.games < training.regression_games + regression_games) {
        return refuse(Refusal::Kind::duplicate, "said with these games already");
    }
    const auto& candidate = training.candidates.at(now.best);
    return std::vector<Draft>{{.id = {command.config.value + ":" + now.best.value +
                                      ":regression:" + std::to_string(now.games)},
                               .causation = candidate.last_event,
                               .correlation = candidate.correlation,
                               .fact = bus::RegressionDetected{.config = command.config,
                                                               .model = now.best,
                                                               .drop_milli = now.drop_milli,
                                                               .games = now.games}}};
}

Decision decide(const Sight& sight, const RollBackModel& command) {
    const auto at = sight.cluster.training.configs.find(command.config);
    if (at == sight.cluster.training.configs.end() ||
        at->second.regressions < regressions_to_roll_back) {
        return refuse(Refusal::Kind::nothing_waits, "a rollback needs two regressions");
    }
    const auto candidate = at->second.candidates.find(at->second.best);
    if (candidate == at->second.candidates.end())
        return refuse(Refusal::Kind::unknown, "the best model is the first");
    return std::vector<Draft>{
        {.id = {command.config.value + ":" + at->second.best.value + ":rolled-back"},
         .causation = candidate->second.last_event,
         .correlation = candidate->second.correlation,
         .fact = bus::ModelRolledBack{.config = command.config,
                                      .model = at->second.best,
                                      .restored = candidate->second.baseline,
                                      .reason = "rated 50 Elo below its predecessor, twice"}}};
}

}  // namespace ringrift::producers
