#include "projections/sprt.hpp"

#include <cmath>

#include "projections/elo_scale.hpp"
#include "projections/score_distribution.hpp"

namespace ringrift::projections {
namespace {

bool is_error_rate(double rate) {
    return rate > 0 && rate < 0.5;
}

bool is_elo_bound(double elo) {
    return std::abs(elo) <= sprt_elo_max;
}

SprtProblem problem_of(CountsProblem problem) {
    switch (problem) {
        case CountsProblem::none: return SprtProblem::none;
        case CountsProblem::negative: return SprtProblem::count_negative;
        case CountsProblem::too_many: return SprtProblem::too_many_results;
    }
    return SprtProblem::count_negative;
}

template <class Counts>
double llr_of(const Counts& counts, const SprtConfig& config) {
    if (results_in(counts) == 0) return 0;
    const ScoreDistribution observed = distribution_of(counts);
    return log_likelihood_ratio(observed, likeliest_with_elo(observed, config.model, config.elo1),
                                likeliest_with_elo(observed, config.model, config.elo0));
}

template <class Counts>
SprtStatus status_of(const Counts& counts, const SprtConfig& config) {
    SprtStatus status{.problem = problem_of(config)};
    if (status.problem == SprtProblem::none) status.problem = problem_of(problem_of(counts));
    if (status.problem != SprtProblem::none) return status;
    status.lower = std::log(config.beta / (1 - config.alpha));
    status.upper = std::log((1 - config.beta) / config.alpha);
    status.llr = llr_of(counts, config);
    if (status.llr <= status.lower) status.verdict = SprtVerdict::accept_h0;
    if (status.llr >= status.upper) status.verdict = SprtVerdict::accept_h1;
    return status;
}

}  // namespace

SprtProblem problem_of(const SprtConfig& config) {
    if (!is_elo_bound(config.elo0) || !is_elo_bound(config.elo1)) {
        return SprtProblem::elo_out_of_range;
    }
    if (!(config.elo0 < config.elo1)) return SprtProblem::elo_not_ascending;
    if (!is_error_rate(config.alpha) || !is_error_rate(config.beta)) {
        return SprtProblem::error_rate_out_of_range;
    }
    return SprtProblem::none;
}

SprtStatus sprt_status(const Pentanomial& counts, const SprtConfig& config) {
    return status_of(counts, config);
}

SprtStatus sprt_status(const Trinomial& counts, const SprtConfig& config) {
    return status_of(counts, config);
}

}  // namespace ringrift::projections
