#include "projections/rating_solver.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <utility>

#include "projections/match_counts.hpp"
#include "projections/sparse_cholesky.hpp"

namespace ringrift::projections {
namespace {

constexpr double elo_milli_per_unit =
    400'000 / std::numbers::ln10;  // A unit multiplies the odds by e.
constexpr double quantile_975 = 1.959963984540054;
constexpr int steps_max = 200;       // Usually 6; a few dozen where one side won nearly everything.
constexpr double step_small = 1e-6;  // Units, 0.0002 Elo: the next step would be its square.

/// What two players, by index and `low` < `high`, did against each other, seen from `low`.
struct Pairing {
    std::size_t low = 0;
    std::size_t high = 0;
    Trinomial counts = {};
    double won = 0;   ///< By `low`: wins, and half of the draws, the prior's included.
    double lost = 0;  ///< By `low`. Kept beside `won`, as it may be 1e-15 of it.
};

struct Pool {
    std::vector<Rating> players;    ///< By id.
    std::vector<Pairing> pairings;  ///< With at least one game; by (low, high).
    std::size_t anchor = 0;
};

double logistic(double difference) {
    return 1 / (1 + std::exp(-difference));
}

RatingProblem problem_of(std::span<const PairResult> results, const RatingConfig& config) {
    if (config.anchor.empty()) return RatingProblem::anchor_missing;
    if (config.anchor_elo_milli < -anchor_elo_milli_max ||
        config.anchor_elo_milli > anchor_elo_milli_max) {
        return RatingProblem::anchor_elo_out_of_range;
    }
    if (!(config.prior_draws >= prior_draws_min && config.prior_draws <= prior_draws_max)) {
        return RatingProblem::prior_out_of_range;
    }
    std::int64_t room = match_results_max;
    for (const PairResult& result : results) {
        if (result.first.empty() || result.second.empty()) return RatingProblem::player_unnamed;
        if (result.first == result.second) return RatingProblem::player_meets_itself;
        const Trinomial counts{result.losses, result.draws, result.wins};
        const CountsProblem problem = problem_of(counts);
        if (problem == CountsProblem::negative) return RatingProblem::count_negative;
        if (problem == CountsProblem::too_many) return RatingProblem::too_many_games;
        room -= results_in(counts);
        if (room < 0) return RatingProblem::too_many_games;
    }
    return RatingProblem::none;
}

void add_prior(Pool& pool, double prior_draws) {
    const auto games_of = [&](std::size_t i) { return static_cast<double>(pool.players[i].games); };
    for (Pairing& pairing : pool.pairings) {
        const auto games = static_cast<double>(results_in(pairing.counts));
        const double draws =
            static_cast<double>(pairing.counts.draws) +
            prior_draws / 2 * games * (1 / games_of(pairing.low) + 1 / games_of(pairing.high));
        pairing.won = static_cast<double>(pairing.counts.wins) + draws / 2;
        pairing.lost = static_cast<double>(pairing.counts.losses) + draws / 2;
    }
}

Pool pool_of(std::span<const PairResult> results, const RatingConfig& config) {
    std::map<std::string, std::size_t> index_of{{config.anchor, 0}};
    for (const PairResult& result : results) {
        index_of.emplace(result.first, 0);
        index_of.emplace(result.second, 0);
    }
    Pool pool;
    for (auto& [player, index] : index_of) {
        index = pool.players.size();
        pool.players.push_back({.player = player,
                                .elo_milli = config.anchor_elo_milli,
                                .error95_milli = error95_unknown_milli});
    }
    pool.anchor = index_of.at(config.anchor);
    std::map<std::pair<std::size_t, std::size_t>, Trinomial> met;
    for (const PairResult& result : results) {
        const std::size_t first = index_of.at(result.first);
        const std::size_t second = index_of.at(result.second);
        const Trinomial counts{result.losses, result.draws, result.wins};
        const Trinomial added = first < second ? counts : swapped(counts);
        if (results_in(added) == 0) continue;
        Trinomial& sum = met[std::minmax(first, second)];
        sum = {sum.losses + added.losses, sum.draws + added.draws, sum.wins + added.wins};
        pool.players[first].games += results_in(added);
        pool.players[second].games += results_in(added);
    }
    for (const auto& [both, counts] : met) {
        pool.pairings.push_back({.low = both.first, .high = both.second, .counts = counts});
    }
    return pool;
}

/// Marks whoever a chain of games joins to the anchor, and drops the pairings of all others.
void keep_connected(Pool& pool) {
    std::vector<std::vector<std::size_t>> met(pool.players.size());
    for (const Pairing& pairing : pool.pairings) {
        met[pairing.low].push_back(pairing.high);
        met[pairing.high].push_back(pairing.low);
    }
    std::vector<std::size_t> to_visit{pool.anchor};
    pool.players[pool.anchor].connected = true;
    while (!to_visit.empty()) {
        const std::size_t player = to_visit.back();
        to_visit.pop_back();
        for (const std::size_t opponent : met[player]) {
            if (std::exchange(pool.players[opponent].connected, true)) continue;
            to_visit.push_back(opponent);
        }
    }
    std::erase_if(pool.pairings, [&](const Pairing& p) { return !pool.players[p.low].connected; });
}

/// Newton's method on the log posterior. The anchor and the unconnected keep a row, so that indices
/// stay those of the pool: a row of the unit matrix, which moves nobody.
class Newton {
  public:
    explicit Newton(const Pool& pool) : pool_(pool), units_(pool.players.size(), 0.0) {
        matrix_.diagonal.resize(units_.size());
        gradient_.resize(units_.size());
        for (const Pairing& p : pool_.pairings) {
            if (p.low == pool_.anchor || p.high == pool_.anchor) continue;
            matrix_.entries.push_back({.row = p.high, .column = p.low, .value = 0});
        }
        cholesky_ = SparseCholesky::make(matrix_, rating_work_max);
    }

    bool too_entangled() const { return !cholesky_; }
    const std::vector<double>& units() const { return units_; }

    /// Gradient and Hessian where `units` stand now; false only if rounding spoils the Hessian.
    bool differentiate() {
        for (std::size_t i = 0; i < units_.size(); ++i) {
            gradient_[i] = 0;
            matrix_.diagonal[i] = pool_.players[i].connected && i != pool_.anchor ? 0 : 1;
        }
        std::size_t entry = 0;
        for (const Pairing& p : pool_.pairings) {
            const double expected = logistic(units_[p.low] - units_[p.high]);
            const double against = logistic(units_[p.high] - units_[p.low]);
            const double pull = p.won * against - p.lost * expected;
            const double stiffness = (p.won + p.lost) * expected * against;
            gradient_[p.low] += pull;
            gradient_[p.high] -= pull;
            if (p.low != pool_.anchor) matrix_.diagonal[p.low] += stiffness;
            if (p.high != pool_.anchor) matrix_.diagonal[p.high] += stiffness;
            if (p.low == pool_.anchor || p.high == pool_.anchor) continue;
            matrix_.entries[entry++].value = -stiffness;
        }
        gradient_[pool_.anchor] = 0;
        return cholesky_->factor(matrix_);
    }

    /// One shortened step; how far the most moved pairing's distance wanted to move.
    double step() {
        const std::vector<double> move = cholesky_->solve(gradient_);
        double largest = 0;
        for (const Pairing& p : pool_.pairings) {
            largest = std::max(largest, std::abs(move[p.low] - move[p.high]));
        }
        const double share = largest > 0 ? std::log1p(largest) / largest : 0;
        for (std::size_t i = 0; i < units_.size(); ++i) units_[i] += share * move[i];
        return largest;
    }

    std::vector<double> variances() const { return cholesky_->inverse_diagonal(); }

  private:
    const Pool& pool_;
    std::vector<double> units_;  ///< Distance to the anchor.
    std::vector<double> gradient_;
    SparseSymmetric matrix_;
    std::optional<SparseCholesky> cholesky_;
};

/// Squared residuals over what games without draws would show; 1 where there are hardly any games.
double dispersion_of(const Pool& pool, const std::vector<double>& units) {
    double seen = 1;
    double without_draws = 1;
    for (const Pairing& p : pool.pairings) {
        const double expected = logistic(units[p.low] - units[p.high]);
        const double against = logistic(units[p.high] - units[p.low]);
        const double draw = 0.5 - expected;
        seen += static_cast<double>(p.counts.wins) * against * against +
                static_cast<double>(p.counts.draws) * draw * draw +
                static_cast<double>(p.counts.losses) * expected * expected;
        without_draws += static_cast<double>(results_in(p.counts)) * expected * against;
    }
    return seen / without_draws;
}

void write_ratings(Pool& pool, const Newton& newton, const RatingConfig& config) {
    const double dispersion = dispersion_of(pool, newton.units());
    const std::vector<double> variances = newton.variances();
    for (std::size_t i = 0; i < pool.players.size(); ++i) {
        Rating& rating = pool.players[i];
        if (!rating.connected) continue;
        const double error = quantile_975 * std::sqrt(dispersion * variances[i]);
        rating.elo_milli =
            config.anchor_elo_milli + std::llround(elo_milli_per_unit * newton.units()[i]);
        rating.error95_milli = i == pool.anchor ? 0 : std::llround(elo_milli_per_unit * error);
    }
}

}  // namespace

RatingTable solve_ratings(std::span<const PairResult> results, const RatingConfig& config) {
    RatingTable table{.problem = problem_of(results, config)};
    if (table.problem != RatingProblem::none) return table;
    Pool pool = pool_of(results, config);
    if (pool.players.size() > rated_players_max)
        return {.problem = RatingProblem::too_many_players};
    keep_connected(pool);
    add_prior(pool, config.prior_draws);
    Newton newton(pool);
    if (newton.too_entangled()) return {.problem = RatingProblem::too_entangled};
    table.converged = false;
    bool sound = newton.differentiate();
    while (sound && !table.converged && table.steps < steps_max) {
        table.converged = newton.step() < step_small;
        ++table.steps;
        sound = newton.differentiate();
    }
    if (sound) write_ratings(pool, newton, config);
    table.ratings = std::move(pool.players);
    return table;
}

}  // namespace ringrift::projections
