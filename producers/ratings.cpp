#include "producers/ratings.hpp"

#include <algorithm>
#include <set>

#include "producers/drafting.hpp"
#include "producers/training.hpp"
#include "projections/rating_solver.hpp"

namespace ringrift::producers {
namespace {

projections::RatingTable solve(const projections::RatingPool& pool) {
    std::vector<projections::PairResult> results;
    for (const auto& [pair, total] : pool.pairs) {
        results.push_back({.first = pair.first.value,
                           .second = pair.second.value,
                           .wins = total.wins,
                           .draws = total.draws,
                           .losses = total.losses});
    }
    return projections::solve_ratings(results, {.anchor = bus::init_model.value});
}

bool counted(const projections::ClusterView& cluster, const bus::WorkId& match) {
    return cluster.ratings.matches.contains(match.value);
}

}  // namespace

bus::WorkId rating_match(const bus::ConfigKey& config, const bus::ModelId& model,
                         const bus::ModelId& opponent, std::int64_t round) {
    return {"tournament-" + config.value + "-" + short_name(model) + "-" + short_name(opponent) +
            "-" + std::to_string(round)};
}

std::string tournament_of(const bus::ConfigKey& config, const bus::ModelId& model) {
    return "tournament-" + config.value + "-" + short_name(model);
}

Decision decide(const Sight& sight, const UpdateElo& command) {
    const auto at = sight.cluster.ratings.pools.find(command.config);
    if (at == sight.cluster.ratings.pools.end()) {
        return refuse(Refusal::Kind::unknown,
                      "no rating game of " + command.config.value + " was played");
    }
    const projections::RatingPool& pool = at->second;
    if (pool.games == pool.games_said) return refuse(Refusal::Kind::duplicate, "no game was added");
    auto table = solve(pool);
    if (table.problem != projections::RatingProblem::none) {
        return refuse(Refusal::Kind::invalid, "the pool of " + command.config.value +
                                                  " cannot be rated; leave out old models");
    }
    std::vector<Draft> drafts;
    // The anchor is said last, whatever became of it: it closes the list, so that a list that was
    // cut short is said again (projections/ratings_view).
    const auto is_other = [](const projections::Rating& rating) {
        return rating.player != bus::init_model.value;
    };
    std::stable_partition(table.ratings.begin(), table.ratings.end(), is_other);
    for (const projections::Rating& rating : table.ratings) {
        const bus::EloUpdated update = {.config = command.config,
                                        .model = {rating.player},
                                        .elo_milli = rating.elo_milli,
                                        .error95_milli = rating.error95_milli,
                                        .games = rating.games};
        const auto said = pool.elo.find(update.model);
        const bool closes = update.model == bus::init_model;
        if (said != pool.elo.end() && said->second == update && !closes) continue;
        drafts.push_back({.id = {"elo:" + command.config.value + ":" + rating.player + ":" +
                                 std::to_string(pool.games)},
                          .causation = pool.last_match,
                          .correlation = pool.correlation,
                          .fact = update});
    }
    return drafts;
}

Decision decide(const Sight& sight, const CompleteTournament& command) {
    const auto& cluster = sight.cluster;
    const std::string tournament = tournament_of(command.config, command.model);
    if (cluster.ratings.tournaments.contains(tournament)) {
        return refuse(Refusal::Kind::duplicate, "it has been said");
    }
    const auto config = cluster.training.configs.find(command.config);
    const projections::Candidate* candidate = nullptr;
    if (config != cluster.training.configs.end()) {
        const auto at = config->second.candidates.find(command.model);
        if (at != config->second.candidates.end()) candidate = &at->second;
    }
    if (candidate == nullptr) return refuse(Refusal::Kind::unknown, "no such candidate");
    std::int64_t games = 0;
    for (const bus::ModelId& opponent : std::set{bus::init_model, candidate->baseline}) {
        const bus::WorkId match = rating_match(command.config, command.model, opponent, 0);
        if (!counted(cluster, match))
            return refuse(Refusal::Kind::nothing_waits, match.value + " is open");
        if (const auto* item = find(cluster.work, match)) games += item->result.games;
    }
    return std::vector<Draft>{{.id = {tournament + ":completed"},
                               .causation = candidate->last_event,
                               .correlation = candidate->correlation,
                               .fact = bus::TournamentCompleted{.tournament = tournament,
                                                                .config = command.config,
                                                                .model = command.model,
                                                                .games = games}}};
}

}  // namespace ringrift::producers
