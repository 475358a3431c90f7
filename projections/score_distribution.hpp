// How the score of one observation (a game, or a pair of games) is distributed, and the
// distribution nearest to it under which a hypothesis holds. This is the mathematics under
// projections/sprt.hpp.
//
// Scores are 0..1 per observation. For observed frequencies p, "nearest" is the q that maximises
// sum p_i log q_i, the likelihood, among the q that fulfil the hypothesis.
//
// For a mean s, q_i = p_i / (1 + x (a_i - s)), where x solves sum p_i (a_i - s) / (1 + x (a_i - s))
// = 0: M. Van den Bergh, hardy.uhasselt.be/Fishtest/support_MLE_multinomial.pdf, Proposition 1.1;
// A. Owen's empirical likelihood (1988). For a t-value t = (mean - 1/2) / deviation, Lagrange's
// conditions are the same with a_i - 1/2 - (t d / 2)(1 + ((a_i - m) / d)^2) in place of a_i - s, m
// and d being mean and deviation of q itself: M. Van den Bergh, normalized_elo.pdf, same place.
//
// Pure; callable from any thread.

#pragma once

#include <array>
#include <cstddef>

#include "projections/match_counts.hpp"

namespace ringrift::projections {

/// The most slots: the five scores of a pair.
inline constexpr std::size_t score_slots_max = 5;

using SlotValues = std::array<double, score_slots_max>;

/// Observed frequencies. Scores rise evenly from 0 to 1; slots beyond `slots` are not used.
struct ScoreDistribution {
    std::size_t slots = 0;             ///< 3 (games) or 5 (pairs).
    double games_per_observation = 1;  ///< 1 (games) or 2 (pairs).
    double observations = 0;           ///< The counts' sum after empty slots got their share.
    SlotValues probability = {};       ///< Each above 0; they add up to 1.
};

/// An empty slot counts as this much of a result, as in fishtest, so that no likelihood is zero.
inline constexpr double empty_slot_count = 1e-3;

/// REQUIRES: problem_of(counts) == CountsProblem::none.
[[nodiscard]] ScoreDistribution distribution_of(const Trinomial& counts);
[[nodiscard]] ScoreDistribution distribution_of(const Pentanomial& counts);

[[nodiscard]] double score_of_slot(const ScoreDistribution& observed, std::size_t slot);

struct Moments {
    double mean = 0;       ///< 0..1, both excluded.
    double deviation = 0;  ///< Of one observation; above 0.
};

[[nodiscard]] Moments moments_of(const ScoreDistribution& observed, const SlotValues& probability);

/// The likeliest distribution whose mean is `mean`. REQUIRES: 0 < mean < 1.
[[nodiscard]] SlotValues likeliest_with_mean(const ScoreDistribution& observed, double mean);

/// The likeliest distribution whose (mean - 1/2) / deviation is `t_value`, of one observation.
[[nodiscard]] SlotValues likeliest_with_t_value(const ScoreDistribution& observed, double t_value);

/// Log of how many times likelier the whole match is under `numerator` than under `denominator`.
[[nodiscard]] double log_likelihood_ratio(const ScoreDistribution& observed,
                                          const SlotValues& numerator,
                                          const SlotValues& denominator);

}  // namespace ringrift::projections
