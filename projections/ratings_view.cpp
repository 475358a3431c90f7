#include "projections/ratings_view.hpp"

#include <array>

#include "projections/counts.hpp"

namespace ringrift::projections {
namespace {

bool makes_sense(const bus::MatchPlayed& match) {
    const bool is_played = match.games > 0 && is_count_of_games(match.games);
    if (!is_played || match.scores.empty() || match.config.empty()) return false;
    for (const bus::PairScore& score : match.scores) {
        const bool valid = score.first != score.second && !score.first.empty() &&
                           !score.second.empty() &&
                           are_counts_of_games(std::array{score.wins, score.draws, score.losses});
        if (!valid) return false;
    }
    return true;
}

void count(RatingsView& view, const bus::MatchPlayed& match, const bus::Event& event) {
    if (!makes_sense(match) || !view.matches.insert(match.match).second) return;
    RatingPool& pool = view.pools[match.config];
    for (const bus::PairScore& score : match.scores) {
        const bool in_order = score.first < score.second;
        PairTotal& total = pool.pairs[in_order ? std::pair(score.first, score.second)
                                               : std::pair(score.second, score.first)];
        total.wins += in_order ? score.wins : score.losses;
        total.draws += score.draws;
        total.losses += in_order ? score.losses : score.wins;
    }
    pool.games += match.games;
    pool.last_match = event.id;
    pool.correlation = event.correlation;
}

}  // namespace

void apply(RatingsView& view, const bus::Recorded& recorded) {
    std::visit(
        bus::Overloaded{
            [&](const bus::MatchPlayed& e) { count(view, e, recorded.event); },
            [&](const bus::TournamentCompleted& e) { view.tournaments.insert(e.tournament); },
            [&](const bus::EloUpdated& e) {
                RatingPool& pool = view.pools[e.config];
                pool.elo[e.model] = e;
                if (e.model == bus::init_model) pool.games_said = pool.games;  // said last
            },
            [](const auto&) {},
        },
        recorded.event.fact);
}

}  // namespace ringrift::projections
