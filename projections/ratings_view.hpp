#pragma once

// Rating games as the log tells it: the score of every pair of models, one pool per config.
//
// A pure fold of MATCH_PLAYED, independent of the order of arrival: sums of distinct matches. The
// ratings themselves are worked out from it on demand (projections/rating_solver.hpp), since that
// is too slow for a fold; EloSync says them as ELO_UPDATED.

#include <map>
#include <set>
#include <string>
#include <utility>

#include "bus/event.hpp"

namespace ringrift::projections {

struct PairTotal {
    std::int64_t wins = 0;  ///< Of the first model of the pair, which is the smaller id.
    std::int64_t draws = 0;
    std::int64_t losses = 0;
    friend bool operator==(const PairTotal&, const PairTotal&) = default;
};
BOOST_DESCRIBE_STRUCT(PairTotal, (), (wins, draws, losses))

struct RatingPool {
    std::map<std::pair<bus::ModelId, bus::ModelId>, PairTotal> pairs = {};
    std::map<bus::ModelId, bus::EloUpdated> elo = {};  ///< As last said.
    std::int64_t games = 0;
    std::int64_t games_said = 0;  ///< `games` when ELO_UPDATED last covered them.
    bus::EventId last_match = {};
    bus::EventId correlation = {};
    friend bool operator==(const RatingPool&, const RatingPool&) = default;
};
BOOST_DESCRIBE_STRUCT(RatingPool, (), (pairs, elo, games, games_said, last_match, correlation))

struct RatingsView {
    std::map<bus::ConfigKey, RatingPool> pools = {};
    std::set<std::string> matches = {};      ///< Ids counted; a match counts once.
    std::set<std::string> tournaments = {};  ///< Ids completed.
    friend bool operator==(const RatingsView&, const RatingsView&) = default;
};
BOOST_DESCRIBE_STRUCT(RatingsView, (), (pools, matches, tournaments))

/// Whether the fact can change this view.
template <class Fact>
inline constexpr bool concerns_ratings = Fact::info.noun == bus::Noun::ratings;

void apply(RatingsView& view, const bus::Recorded& recorded);

}  // namespace ringrift::projections
