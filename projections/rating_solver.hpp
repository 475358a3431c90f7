// Ratings of a pool of players from who scored how much against whom, as if every result had come
// at once: the same results in any order give the same ratings, to the bit.
//
// Model: Bradley-Terry; player i expects 1 / (1 + 10^((r_j - r_i) / 400)) against j, a draw counts
// half (R. Bradley, M. Terry, 1952; E. Zermelo, 1929). Prior: each player has drawn `prior_draws`
// games more, spread over the opponents in proportion to the games (after R. Coulom's BayesElo); it
// keeps an unbeaten player's rating finite. The posterior's maximum is unique; Newton steps
// shortened by log(1 + s) / s, s being the step of the most moved pairing, climb to it (F. Bach,
// "Self-concordant analysis for logistic regression", 2010). Error bars: 1.96 standard deviations
// from the inverse Hessian times the dispersion, squared residuals over what win-or-lose games
// would show, because draws vary less (P. McCullagh, J. Nelder, "Generalized Linear Models", 1989,
// chapter 9). They are errors of the distance to the anchor, whose own is 0. A game of three or
// four players enters as a result between each two; these are not independent, so its error bars
// are too small, by sqrt(players - 1) at worst. Pure; callable from any thread.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ringrift::projections {

/// Results between two players. The same two may appear any number of times, either way round.
struct PairResult {
    std::string first;
    std::string second;
    std::int64_t wins = 0;  ///< Of `first`.
    std::int64_t draws = 0;
    std::int64_t losses = 0;  ///< Of `first`.
};

struct RatingConfig {
    std::string anchor;                 ///< Whose rating is given.
    std::int64_t anchor_elo_milli = 0;  ///< Within +-anchor_elo_milli_max.
    double prior_draws = 1;             ///< prior_draws_min..prior_draws_max.
};

inline constexpr std::int64_t anchor_elo_milli_max = 10'000'000;
inline constexpr double prior_draws_min = 0.001;
inline constexpr double prior_draws_max = 100;
inline constexpr std::size_t rated_players_max = 20'000;
/// Multiplications of one Newton step; allows 1,400 players who all met, or 20,000 in a long chain.
inline constexpr std::uint64_t rating_work_max = 460'000'000;

enum class RatingProblem {
    none,
    anchor_missing,  ///< No anchor is named.
    anchor_elo_out_of_range,
    prior_out_of_range,
    player_unnamed,  ///< A result has an empty player id.
    player_meets_itself,
    count_negative,
    too_many_games,    ///< More than match_results_max in all.
    too_many_players,  ///< More than rated_players_max.
    too_entangled,     ///< More work than rating_work_max: leave out old players.
};

struct Rating {
    std::string player;
    std::int64_t games = 0;
    /// Whether a chain of games joins the player to the anchor. If not, the rating means nothing:
    /// it is the anchor's, with the error error95_unknown_milli.
    bool connected = false;
    std::int64_t elo_milli = 0;
    std::int64_t error95_milli = 0;  ///< The truth lies within +- this in 95 cases of 100.

    bool operator==(const Rating&) const = default;
};

inline constexpr std::int64_t error95_unknown_milli = 10'000'000;

struct RatingTable {
    RatingProblem problem = RatingProblem::none;  ///< Unless none: no ratings.
    bool converged =
        true;  ///< False after 200 steps: ratings are the best so far; a person must look.
    int steps = 0;
    std::vector<Rating> ratings = {};  ///< By player id, rising; the anchor always among them.

    bool operator==(const RatingTable&) const = default;
};

[[nodiscard]] RatingTable solve_ratings(std::span<const PairResult> results,
                                        const RatingConfig& config);

}  // namespace ringrift::projections
