// How strong a match says the candidate is, and how sure that is.
//
// The estimate is the most plausible Elo on each scale. Its 95 % interval holds every Elo that a
// likelihood-ratio test at 5 % would not reject (A. Owen, "Empirical Likelihood Ratio Confidence
// Intervals for a Single Functional", 1988): on ordinary matches the same as fishtest's mean
// +- 1.96 standard errors to a hundredth of its width, and still honest when every game was won.
// LOS, the likelihood of superiority, is the normal probability of the signed root of the
// likelihood ratio against Elo 0. For a match that a sequential test has ended the estimate is
// biased outward, as everywhere that stops early; judge by the verdict, read the estimate as a
// size. Pure; callable from any thread.

#pragma once

#include <cstdint>

#include "projections/elo_scale.hpp"
#include "projections/match_counts.hpp"

namespace ringrift::projections {

/// Estimates and intervals end here; an end at it means "unbounded on this side".
inline constexpr double elo_estimate_max = 2000;

struct EloInterval {
    double elo = 0;
    double low = -elo_estimate_max;  ///< The truth lies below it in about 25 matches of 1,000.
    double high = elo_estimate_max;
};

struct EloEstimate {
    CountsProblem problem = CountsProblem::none;  ///< Unless none: as if there were no games.
    std::int64_t games = 0;
    double score = 0.5;  ///< Mean score of a game, 0..1.
    EloInterval logistic = {};
    EloInterval normalized = {};
    double superiority = 0.5;  ///< LOS, 0..1.
};

[[nodiscard]] EloEstimate estimate_elo(const Pentanomial& counts);
[[nodiscard]] EloEstimate estimate_elo(const Trinomial& counts);

/// `estimate_elo(counts).logistic`, without the rest, which takes ten times as long.
[[nodiscard]] EloInterval logistic_elo(const Pentanomial& counts);

}  // namespace ringrift::projections
