// The two scales on which strength is measured, and their likelihoods.
//
// Logistic Elo says what score to expect: 1 / (1 + 10^(-elo / 400)) (A. Elo, 1978). Normalized Elo
// says how fast a difference shows: (mean - 1/2) / deviation per game, times 800 / ln 10, so that
// both scales agree for small differences without draws (M. Van den Bergh, "Normalized Elo";
// fishtest PR 875). Pure; callable from any thread.

#pragma once

#include "projections/score_distribution.hpp"

namespace ringrift::projections {

/// What an Elo difference is measured in.
enum class EloModel {
    logistic,    ///< Expected score is 1 / (1 + 10^(-elo / 400)).
    normalized,  ///< 800 / ln 10 times (mean score - 1/2) / deviation, per game.
};

/// 0..1, both excluded for any |elo| below 6,000.
[[nodiscard]] double expected_score(double elo);

/// The inverse of expected_score. REQUIRES: 0 < score < 1.
[[nodiscard]] double logistic_elo(double score);

/// The most plausible Elo: the one under which the observed frequencies need no change.
[[nodiscard]] double observed_elo(const ScoreDistribution& observed, EloModel model);

/// The likeliest distribution of results if the difference were `elo`.
[[nodiscard]] SlotValues likeliest_with_elo(const ScoreDistribution& observed, EloModel model,
                                            double elo);

}  // namespace ringrift::projections
