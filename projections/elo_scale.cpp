#include "projections/elo_scale.hpp"

#include <cmath>
#include <numbers>

namespace ringrift::projections {
namespace {

constexpr double elo_per_t = 800 / std::numbers::ln10;  // 347.4355852..., per game.

}  // namespace

double expected_score(double elo) {
    return 1 / (1 + std::pow(10.0, -elo / 400));
}

double logistic_elo(double score) {
    return 400 * std::log10(score / (1 - score));
}

double observed_elo(const ScoreDistribution& observed, EloModel model) {
    const Moments moments = moments_of(observed, observed.probability);
    if (model == EloModel::logistic) return logistic_elo(moments.mean);
    const double t = (moments.mean - 0.5) / moments.deviation;
    return elo_per_t * t / std::sqrt(observed.games_per_observation);
}

SlotValues likeliest_with_elo(const ScoreDistribution& observed, EloModel model, double elo) {
    if (model == EloModel::logistic) return likeliest_with_mean(observed, expected_score(elo));
    const double t = elo / elo_per_t * std::sqrt(observed.games_per_observation);
    return likeliest_with_t_value(observed, t);
}

}  // namespace ringrift::projections
