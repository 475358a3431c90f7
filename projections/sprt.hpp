// The sequential test that decides whether a candidate is stronger: a GSPRT on pairs of games, as
// fishtest runs it, or on single games where pairs are impossible.
//
// H0 says that the candidate's Elo is elo0, H1 that it is elo1. The log-likelihood ratio (LLR)
// compares the likeliest distribution of results under each; the test ends when it leaves (lower,
// upper).
//
// Sources: A. Wald, "Sequential Tests of Statistical Hypotheses" (1945) for the bounds
// log(beta / (1 - alpha)) and log((1 - beta) / alpha); X. Li, J. Liu, Z. Ying, "Generalized
// sequential probability ratio test for separate families of hypotheses" (2014); M. Van den Bergh's
// notes for the estimates under each hypothesis, see projections/score_distribution.hpp.
//
// Pure; callable from any thread. LLRs are doubles: decide once, and put the verdict on the log.

#pragma once

#include "projections/elo_scale.hpp"
#include "projections/match_counts.hpp"

namespace ringrift::projections {

struct SprtConfig {
    EloModel model = EloModel::normalized;
    double elo0 = 0;
    double elo1 = 5;      ///< Above elo0.
    double alpha = 0.05;  ///< How often H1 may be accepted though H0 holds. 0..0.5, both excluded.
    double beta = 0.05;   ///< How often H0 may be accepted though H1 holds. 0..0.5, both excluded.

    bool operator==(const SprtConfig&) const = default;
};

/// Bounds outside -1,000..1,000 Elo are refused: one game there says more than a test could.
inline constexpr double sprt_elo_max = 1000;

enum class SprtProblem {
    none,
    count_negative,
    too_many_results,         ///< More than match_results_max.
    elo_out_of_range,         ///< Not a number, or beyond sprt_elo_max.
    elo_not_ascending,        ///< elo1 is not above elo0.
    error_rate_out_of_range,  ///< alpha or beta is not a number in 0..0.5, both excluded.
};

enum class SprtVerdict { continue_testing, accept_h0, accept_h1 };

struct SprtStatus {
    SprtProblem problem = SprtProblem::none;  ///< Unless none: no verdict, LLR and bounds are 0.
    SprtVerdict verdict = SprtVerdict::continue_testing;
    double llr = 0;    ///< 0 where there are no results. Always finite.
    double lower = 0;  ///< At or below it H0 is accepted.
    double upper = 0;  ///< At or above it H1 is accepted.
};

[[nodiscard]] SprtProblem problem_of(const SprtConfig& config);

/// Where the test stands. Never fails: what cannot be used is named in `problem`. Whether to look
/// after each pair or each batch is the caller's choice; the most games to play, too.
[[nodiscard]] SprtStatus sprt_status(const Pentanomial& counts, const SprtConfig& config);
[[nodiscard]] SprtStatus sprt_status(const Trinomial& counts, const SprtConfig& config);

}  // namespace ringrift::projections
