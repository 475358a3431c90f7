#include "projections/elo_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "projections/score_distribution.hpp"

namespace ringrift::projections {
namespace {

constexpr double chi_square_95 =
    3.841458820694124;          // 1.959964^2: 95 % quantile, 1 degree of freedom.
constexpr int bisections = 48;  // 4,000 Elo halved to below 1e-10.

/// Twice the log-likelihood lost by insisting on `elo`.
double deviance(const ScoreDistribution& observed, EloModel model, double elo) {
    return 2 * log_likelihood_ratio(observed, observed.probability,
                                    likeliest_with_elo(observed, model, elo));
}

/// The last Elo between `inside` and `outside` that the match does not reject.
double interval_end(const ScoreDistribution& observed, EloModel model, double inside,
                    double outside) {
    if (deviance(observed, model, outside) <= chi_square_95) return outside;
    for (int i = 0; i < bisections; ++i) {
        const double middle = inside + (outside - inside) / 2;
        (deviance(observed, model, middle) <= chi_square_95 ? inside : outside) = middle;
    }
    return inside;
}

EloInterval interval_of(const ScoreDistribution& observed, EloModel model) {
    const double elo =
        std::clamp(observed_elo(observed, model), -elo_estimate_max, elo_estimate_max);
    return {.elo = elo,
            .low = interval_end(observed, model, elo, -elo_estimate_max),
            .high = interval_end(observed, model, elo, elo_estimate_max)};
}

double superiority_of(const ScoreDistribution& observed, double mean) {
    const double evidence = std::max(0.0, deviance(observed, EloModel::logistic, 0));
    const double root = std::copysign(std::sqrt(evidence), mean - 0.5);
    return 0.5 * std::erfc(-root / std::numbers::sqrt2);
}

template <class Counts>
EloEstimate estimate_of(const Counts& counts) {
    EloEstimate estimate{.problem = problem_of(counts)};
    if (estimate.problem != CountsProblem::none || results_in(counts) == 0) return estimate;
    const ScoreDistribution observed = distribution_of(counts);
    const double mean = moments_of(observed, observed.probability).mean;
    estimate.games = results_in(counts) * static_cast<std::int64_t>(observed.games_per_observation);
    estimate.score = mean;
    estimate.logistic = interval_of(observed, EloModel::logistic);
    estimate.normalized = interval_of(observed, EloModel::normalized);
    estimate.superiority = superiority_of(observed, mean);
    return estimate;
}

}  // namespace

EloEstimate estimate_elo(const Pentanomial& counts) {
    return estimate_of(counts);
}

EloEstimate estimate_elo(const Trinomial& counts) {
    return estimate_of(counts);
}

EloInterval logistic_elo(const Pentanomial& counts) {
    if (problem_of(counts) != CountsProblem::none || results_in(counts) == 0) return {};
    return interval_of(distribution_of(counts), EloModel::logistic);
}

}  // namespace ringrift::projections
