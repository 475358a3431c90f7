#include "projections/score_distribution.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <numeric>
#include <span>

namespace ringrift::projections {
namespace {

constexpr int root_steps_max = 200;          // Bisection alone needs about 60; Newton about 6.
constexpr int fixed_point_steps_max = 1000;  // Usually about 8.
constexpr double fixed_point_tolerance = 1e-12;

ScoreDistribution from_counts(std::initializer_list<std::int64_t> counts, double games) {
    ScoreDistribution result{.slots = counts.size(), .games_per_observation = games};
    std::size_t slot = 0;
    for (const std::int64_t count : counts) {
        const double weight = count > 0 ? static_cast<double>(count) : empty_slot_count;
        result.probability[slot++] = weight;
        result.observations += weight;
    }
    for (std::size_t i = 0; i < result.slots; ++i) result.probability[i] /= result.observations;
    return result;
}

std::span<const double> used(const ScoreDistribution& observed, const SlotValues& values) {
    return std::span(values).first(observed.slots);
}

/// The likeliest distribution under which g has mean 0: q_i = p_i / (1 + x g_i) for the x at which
/// sum q_i g_i is 0. With x = 0 the sum has the sign of p's mean of g, so the root lies between 0
/// and the pole -1 / g_k, k being the slot whose g is farthest to the other side. The distance y
/// from that pole is what is solved for, since 1 + x g_k = y |g_k| may be as small as p_k itself
/// (and is no smaller, as q_k <= 1: that is the bracket). The sum falls strictly in y, so Newton's
/// method with bisection where it leaves the bracket always arrives. REQUIRES: some g below 0, some
/// above.
SlotValues likeliest_where_zero(const ScoreDistribution& observed, SlotValues g) {
    const auto p = used(observed, observed.probability);
    const double mean = std::inner_product(p.begin(), p.end(), g.begin(), 0.0);
    const double side = mean > 0 ? -1 : 1;
    for (double& value : g) value *= side;
    const auto k = std::max_element(g.begin(), g.begin() + std::ssize(p)) - g.begin();
    const double g_k = g[static_cast<std::size_t>(k)];

    const auto divisor = [&](std::size_t i, double y) { return 1 - g[i] / g_k + y * g[i]; };
    double low = p[static_cast<std::size_t>(k)] / g_k;
    double high = 1 / g_k;
    double y = high;
    for (int step = 0; step < root_steps_max; ++step) {
        double sum = 0;
        double slope = 0;
        for (std::size_t i = 0; i < observed.slots; ++i) {
            const double term = g[i] / divisor(i, y);
            sum += p[i] * term;
            slope -= p[i] * term * term;
        }
        (sum > 0 ? low : high) = y;
        double next = y - sum / slope;
        if (!(next >= low && next <= high)) next = std::sqrt(low * high);
        const bool arrived = std::abs(next - y) <= 1e-15 * y;
        y = next;
        if (arrived) break;
    }
    SlotValues result{};
    for (std::size_t i = 0; i < observed.slots; ++i) result[i] = p[i] / divisor(i, y);
    return result;
}

/// The condition "t-value is t" made linear at the moments `at`.
SlotValues linear_condition(const ScoreDistribution& observed, double t, const Moments& at) {
    SlotValues g{};
    for (std::size_t i = 0; i < observed.slots; ++i) {
        const double a = score_of_slot(observed, i);
        const double z = (a - at.mean) / at.deviation;
        g[i] = a - 0.5 - t * at.deviation / 2 * (1 + z * z);
    }
    return g;
}

ScoreDistribution mirrored(ScoreDistribution observed) {
    std::reverse(observed.probability.begin(),
                 observed.probability.begin() + static_cast<std::ptrdiff_t>(observed.slots));
    return observed;
}

bool can_be_zero(const ScoreDistribution& observed, const SlotValues& g) {
    const auto [lowest, highest] = std::ranges::minmax(used(observed, g));
    return lowest < 0 && highest > 0;
}

double t_value_of(const Moments& moments) {
    return (moments.mean - 0.5) / moments.deviation;
}

/// A fixed point of "make the condition linear at q's moments, solve, take the solution's moments".
/// Where t is above the observed one, each step raises the likelihood: {t(q) >= t} is the union of
/// the linear conditions' half spaces over all moments, so a q that fulfils one condition also
/// fulfils the one at its own moments. Where it is below, {t(q) <= t} is convex and the answer
/// unique; that the steps arrive there, too, is known from trying 200,000 random counts only.
SlotValues fixed_point_from(const ScoreDistribution& observed, double t, Moments at) {
    SlotValues result{};
    for (int i = 0; i < fixed_point_steps_max; ++i) {
        result = likeliest_where_zero(observed, linear_condition(observed, t, at));
        const Moments next = moments_of(observed, result);
        const double distance =
            std::abs(next.mean - at.mean) + std::abs(next.deviation - at.deviation);
        if (distance < fixed_point_tolerance) break;
        at = next;
    }
    return result;
}

}  // namespace

ScoreDistribution distribution_of(const Trinomial& counts) {
    return from_counts({counts.losses, counts.draws, counts.wins}, 1);
}

ScoreDistribution distribution_of(const Pentanomial& counts) {
    return from_counts({counts.loss_loss, counts.loss_draw, counts.draw_draw_or_win_loss,
                        counts.win_draw, counts.win_win},
                       2);
}

double score_of_slot(const ScoreDistribution& observed, std::size_t slot) {
    return static_cast<double>(slot) / static_cast<double>(observed.slots - 1);
}

Moments moments_of(const ScoreDistribution& observed, const SlotValues& probability) {
    double mean = 0;
    for (std::size_t i = 0; i < observed.slots; ++i) {
        mean += probability[i] * score_of_slot(observed, i);
    }
    double variance = 0;
    for (std::size_t i = 0; i < observed.slots; ++i) {
        const double distance = score_of_slot(observed, i) - mean;
        variance += probability[i] * distance * distance;
    }
    return {.mean = mean, .deviation = std::sqrt(variance)};
}

SlotValues likeliest_with_mean(const ScoreDistribution& observed, double mean) {
    SlotValues g{};
    for (std::size_t i = 0; i < observed.slots; ++i) g[i] = score_of_slot(observed, i) - mean;
    return likeliest_where_zero(observed, g);
}

SlotValues likeliest_with_t_value(const ScoreDistribution& observed, double t_value) {
    if (t_value == 0) return likeliest_with_mean(observed, 0.5);
    if (t_value < 0) {
        SlotValues result = likeliest_with_t_value(mirrored(observed), -t_value);
        std::reverse(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(observed.slots));
        return result;
    }
    const Moments near = moments_of(observed, observed.probability);
    if (t_value <= t_value_of(near)) return fixed_point_from(observed, t_value, near);

    // Above the observed t-value a match of many draws has several summits: try one start per
    // score.
    SlotValues best{};
    double best_likelihood = -std::numeric_limits<double>::infinity();
    const auto consider = [&](const Moments& start) {
        if (!can_be_zero(observed, linear_condition(observed, t_value, start))) return;
        const SlotValues summit = fixed_point_from(observed, t_value, start);
        const double likelihood = log_likelihood_ratio(observed, summit, observed.probability);
        if (likelihood <= best_likelihood) return;
        best_likelihood = likelihood;
        best = summit;
    };
    consider(near);
    for (std::size_t slot = observed.slots / 2 + 1; slot < observed.slots; ++slot) {
        const double mean = score_of_slot(observed, slot);
        consider({.mean = mean, .deviation = (mean - 0.5) / t_value});
    }
    return best;
}

double log_likelihood_ratio(const ScoreDistribution& observed, const SlotValues& numerator,
                            const SlotValues& denominator) {
    double sum = 0;
    for (std::size_t i = 0; i < observed.slots; ++i) {
        sum += observed.probability[i] * std::log(numerator[i] / denominator[i]);
    }
    return observed.observations * sum;
}

}  // namespace ringrift::projections
