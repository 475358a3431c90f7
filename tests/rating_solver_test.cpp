// Ratings of a pool: against figures known on paper, against a full inverse, and by playing pools
// whose true strengths are known.

#include "projections/rating_solver.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "projections/sparse_cholesky.hpp"
#include "tests/catch.hpp"

using namespace ringrift::projections;

namespace {

using Random = std::mt19937_64;

double uniform(Random& random) {
    return static_cast<double>(random() >> 11) * 0x1p-53;
}

std::string player(std::size_t i) {
    return "model-" + std::to_string(1000 + i);
}

Rating rating_of(const RatingTable& table, const std::string& name) {
    const auto found = std::ranges::find(table.ratings, name, &Rating::player);
    return found == table.ratings.end() ? Rating{} : *found;
}

/// Games between players of known strength; a draw takes `draws` of the lesser chance of a win.
PairResult play(std::size_t first, std::size_t second, double elo_between, int games, double draws,
                Random& random) {
    PairResult result{.first = player(first), .second = player(second)};
    const double expected = 1 / (1 + std::pow(10.0, -elo_between / 400));
    const double draw = 2 * draws * std::min(expected, 1 - expected);
    for (int i = 0; i < games; ++i) {
        const double chance = uniform(random);
        if (chance < draw) {
            ++result.draws;
        } else {
            ++(chance < draw + expected - draw / 2 ? result.wins : result.losses);
        }
    }
    return result;
}

/// Each player meets the `reach` before it; strength rises by `gap` from one to the next.
std::vector<PairResult> chain(std::size_t players, std::size_t reach, double gap, int games,
                              Random& random) {
    std::vector<PairResult> results;
    for (std::size_t i = 1; i < players; ++i) {
        for (std::size_t back = 1; back <= std::min(reach, i); ++back) {
            const double between = gap * static_cast<double>(back);
            results.push_back(play(i, i - back, between, games, 0.4, random));
        }
    }
    return results;
}

RatingProblem problem_of(const PairResult& result, const RatingConfig& config) {
    return solve_ratings(std::vector{result}, config).problem;
}

/// The inverse's diagonal by Gauss and Jordan, all of it.
std::vector<double> dense_inverse_diagonal(const SparseSymmetric& matrix) {
    const std::size_t n = matrix.diagonal.size();
    std::vector<std::vector<double>> rows(n, std::vector<double>(2 * n));
    for (std::size_t i = 0; i < n; ++i) {
        rows[i][i] = matrix.diagonal[i];
        rows[i][n + i] = 1;
    }
    for (const auto& [row, column, value] : matrix.entries) {
        rows[row][column] = rows[column][row] = value;
    }
    for (std::size_t pivot = 0; pivot < n; ++pivot) {
        const double by = rows[pivot][pivot];
        for (double& value : rows[pivot]) value /= by;
        for (std::size_t i = 0; i < n; ++i) {
            if (i == pivot) continue;
            const double times = rows[i][pivot];
            for (std::size_t k = 0; k < 2 * n; ++k) rows[i][k] -= times * rows[pivot][k];
        }
    }
    std::vector<double> diagonal(n);
    for (std::size_t i = 0; i < n; ++i) diagonal[i] = rows[i][n + i];
    return diagonal;
}

}  // namespace

TEST_CASE("who scores 75 percent is 190.8 Elo stronger") {
    const std::vector<PairResult> results{{"new", "old", 7'500'000, 0, 2'500'000}};
    const RatingTable table = solve_ratings(results, {.anchor = "old"});
    REQUIRE(table.converged);
    CHECK(std::abs(rating_of(table, "new").elo_milli - 190'849) <= 1);
    CHECK(rating_of(table, "new").games == 10'000'000);
    CHECK(rating_of(table, "old").elo_milli == 0);
    CHECK(rating_of(table, "old").error95_milli == 0);
}

TEST_CASE("the prior is one drawn game more") {
    const std::vector<PairResult> results{{"new", "old", 10, 0, 0}};
    const RatingTable table = solve_ratings(results, {.anchor = "old"});
    const double paper = 400 * std::log10(10.5 / 0.5);  // 10 of 10, and half of one more.
    CHECK(std::abs(rating_of(table, "new").elo_milli - std::llround(1000 * paper)) <= 1);
    CHECK(rating_of(table, "new").games == 10);
}

TEST_CASE("the error of an even match without draws is that of a coin") {
    const std::vector<PairResult> results{{"new", "old", 5000, 0, 5000}};
    const RatingTable table = solve_ratings(results, {.anchor = "old"});
    const double paper = 1.959964 * 400 / std::log(10.0) / std::sqrt(0.25 * 10'001);
    CHECK(std::abs(rating_of(table, "new").error95_milli - std::llround(1000 * paper)) <= 2);
}

TEST_CASE("draws make an even match more certain") {
    const std::vector<PairResult> decisive{{"new", "old", 500, 0, 500}};
    const std::vector<PairResult> drawish{{"new", "old", 100, 800, 100}};
    const RatingConfig config{.anchor = "old"};
    const auto wide = rating_of(solve_ratings(decisive, config), "new").error95_milli;
    const auto narrow = rating_of(solve_ratings(drawish, config), "new").error95_milli;
    const double paper = std::sqrt(0.2);  // A fifth of the variance.
    CHECK(std::abs(static_cast<double>(narrow) / static_cast<double>(wide) - paper) < 0.01);
}

TEST_CASE("the anchor's rating moves all others by as much") {
    Random random(1);
    const std::vector<PairResult> results = chain(20, 2, 50, 30, random);
    const RatingTable zero = solve_ratings(results, {.anchor = player(3)});
    const RatingTable high = solve_ratings(results, {player(3), 1'500'000});
    for (std::size_t i = 0; i < 20; ++i) {
        CHECK(high.ratings[i].elo_milli == zero.ratings[i].elo_milli + 1'500'000);
        CHECK(high.ratings[i].error95_milli == zero.ratings[i].error95_milli);
    }
}

TEST_CASE("distances between players do not depend on who is the anchor") {
    Random random(2);
    const std::vector<PairResult> results = chain(20, 3, 50, 30, random);
    const RatingTable a = solve_ratings(results, {.anchor = player(0)});
    const RatingTable b = solve_ratings(results, {.anchor = player(19)});
    for (std::size_t i = 0; i < 20; ++i) {
        const auto distance = a.ratings[i].elo_milli - b.ratings[i].elo_milli;
        CHECK(std::abs(distance - a.ratings[19].elo_milli) <= 2);
    }
}

TEST_CASE("results in any order, split or turned around, give the same ratings to the bit") {
    Random random(3);
    std::vector<PairResult> results = chain(40, 4, 30, 25, random);
    const RatingTable expected = solve_ratings(results, {.anchor = player(0)});
    for (int round = 0; round < 5; ++round) {
        std::ranges::shuffle(results, random);
        std::vector<PairResult> told;
        for (const PairResult& r : results) {
            told.push_back({r.first, r.second, r.wins, 0, 0});
            told.push_back({r.second, r.first, r.losses, r.draws, 0});
        }
        std::ranges::shuffle(told, random);
        CHECK(solve_ratings(told, {.anchor = player(0)}) == expected);
    }
}

TEST_CASE("one more win never lowers the winner") {
    Random random(4);
    std::vector<PairResult> results = chain(10, 3, 40, 10, random);
    std::int64_t before = std::numeric_limits<std::int64_t>::min();
    for (int i = 0; i < 10; ++i) {
        results.push_back({player(7), player(5), 1, 0, 0});
        const RatingTable table = solve_ratings(results, {.anchor = player(0)});
        CHECK(rating_of(table, player(7)).elo_milli > before);
        before = rating_of(table, player(7)).elo_milli;
    }
}

TEST_CASE("turning every result around turns every rating around") {
    Random random(5);
    const std::vector<PairResult> results = chain(15, 2, 60, 20, random);
    std::vector<PairResult> turned = results;
    for (PairResult& result : turned) std::swap(result.wins, result.losses);
    const RatingTable a = solve_ratings(results, {.anchor = player(0)});
    const RatingTable b = solve_ratings(turned, {.anchor = player(0)});
    for (std::size_t i = 0; i < 15; ++i) {
        CHECK(a.ratings[i].elo_milli == -b.ratings[i].elo_milli);
        CHECK(a.ratings[i].error95_milli == b.ratings[i].error95_milli);
    }
}

TEST_CASE("players whom no game joins to the anchor say so") {
    const std::vector<PairResult> results{
        {"a", "b", 3, 0, 1}, {"c", "d", 9, 0, 0}, {"b", "d", 0, 0, 0}};
    const RatingTable table = solve_ratings(results, {"a", 1'000'000});
    REQUIRE(table.ratings.size() == 4);
    CHECK(rating_of(table, "b").connected);
    for (const char* apart : {"c", "d"}) {
        CHECK_FALSE(rating_of(table, apart).connected);
        CHECK(rating_of(table, apart).games == 9);
        CHECK(rating_of(table, apart).elo_milli == 1'000'000);
        CHECK(rating_of(table, apart).error95_milli == error95_unknown_milli);
    }
}

TEST_CASE("an anchor that has not played is rated as told") {
    const RatingTable table = solve_ratings({}, {"first", 250'000});
    REQUIRE(table.ratings.size() == 1);
    CHECK(table.ratings[0] ==
          Rating{.player = "first", .connected = true, .elo_milli = 250'000, .error95_milli = 0});
}

TEST_CASE("results and settings that cannot be used are refused by name") {
    const auto most = std::numeric_limits<std::int64_t>::max();
    const RatingConfig config{.anchor = "a"};
    CHECK(problem_of({"a", "b", 1, 1, 1}, config) == RatingProblem::none);
    CHECK(problem_of({"a", "b", 1, 1, 1}, {}) == RatingProblem::anchor_missing);
    CHECK(problem_of({"a", "b", 1, 1, 1}, {"a", most}) == RatingProblem::anchor_elo_out_of_range);
    CHECK(problem_of({"a", "b", 1, 1, 1}, {"a", 0, 0.0}) == RatingProblem::prior_out_of_range);
    CHECK(problem_of({"a", "", 1, 1, 1}, config) == RatingProblem::player_unnamed);
    CHECK(problem_of({"b", "b", 1, 1, 1}, config) == RatingProblem::player_meets_itself);
    CHECK(problem_of({"a", "b", 1, -1, 1}, config) == RatingProblem::count_negative);
    CHECK(problem_of({"a", "b", most, most, most}, config) == RatingProblem::too_many_games);
    const PairResult half{"a", "b", 600'000'000'000, 0, 0};
    CHECK(solve_ratings(std::vector{half, half}, config).problem == RatingProblem::too_many_games);
}

TEST_CASE("a pool where too many have met too many is refused before the work is done") {
    std::vector<PairResult> results;
    for (std::size_t i = 0; i < 1450; ++i) {
        for (std::size_t k = 0; k < i; ++k) results.push_back({player(i), player(k), 1, 0, 1});
    }
    CHECK(solve_ratings(results, {.anchor = player(0)}).problem == RatingProblem::too_entangled);
}

TEST_CASE("the most lopsided pools still converge") {
    std::vector<PairResult> results;
    for (std::size_t i = 1; i < 300; ++i) results.push_back({player(i), player(i - 1), 1000, 0, 0});
    const RatingTable swept = solve_ratings(results, {.anchor = player(0)});
    CHECK(swept.converged);
    CHECK(swept.ratings.back().elo_milli > 299 * 1'000'000);

    const std::vector<PairResult> extreme{{"new", "old", 1'000'000'000'000, 0, 0}};
    const RatingTable table = solve_ratings(extreme, {.anchor = "old", .prior_draws = 0.001});
    CHECK(table.converged);
    const double paper = 400 * std::log10(1e12 / 0.0005);
    CHECK(std::abs(rating_of(table, "new").elo_milli - std::llround(1000 * paper)) <= 2);
}

TEST_CASE("pools of upsets and sweeps, with hardly any prior, converge") {
    Random random(9);
    const auto up_to_a_million = [&] {
        return uniform(random) < 0.5 ? 0 : std::llround(std::pow(10.0, 6 * uniform(random)));
    };
    for (int round = 0; round < 2000; ++round) {
        std::vector<PairResult> results;
        const std::size_t players = 3 + random() % 6;
        for (std::size_t i = 0; i < players + 3; ++i) {
            const std::size_t first = random() % players;
            const std::size_t second = (first + 1 + random() % (players - 1)) % players;
            const std::int64_t wins = up_to_a_million();
            results.push_back({player(first), player(second), wins, 0, up_to_a_million()});
        }
        const RatingTable table =
            solve_ratings(results, {.anchor = player(0), .prior_draws = prior_draws_min});
        REQUIRE(table.converged);
        REQUIRE(table.steps < 100);
    }
}

TEST_CASE("a thousand players are rated near their true strength") {
    Random random(6);
    const RatingTable table =
        solve_ratings(chain(1000, 3, 10, 20, random), {.anchor = player(500)});
    REQUIRE(table.converged);
    CHECK(table.steps < 20);
    int held = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
        const auto truth = (static_cast<std::int64_t>(i) - 500) * 10'000;
        const Rating rating = rating_of(table, player(i));
        held += std::abs(rating.elo_milli - truth) <= 2 * rating.error95_milli ? 1 : 0;
    }
    CHECK(held == 1000);  // Neighbours err together, so one pool says little; four deviations do.
}

TEST_CASE("error bars hold the truth in about 95 ratings of 100") {
    Random random(7);
    int held = 0;
    int all = 0;
    for (int round = 0; round < 150; ++round) {
        constexpr std::size_t players = 12;
        std::vector<double> elo(players);
        for (double& value : elo) value = 400 * uniform(random) - 200;
        std::vector<PairResult> results;
        for (std::size_t i = 1; i < players; ++i) {
            for (std::size_t k = 0; k < i; ++k) {
                if (k + 1 == i || uniform(random) < 0.5) {
                    results.push_back(play(i, k, elo[i] - elo[k], 40, 0.5, random));
                }
            }
        }
        const auto anchor = static_cast<std::size_t>(round) % players;
        const RatingTable table = solve_ratings(results, {.anchor = player(anchor)});
        for (std::size_t i = 0; i < players; ++i) {
            if (i == anchor) continue;
            const Rating rating = rating_of(table, player(i));
            const double error =
                static_cast<double>(rating.elo_milli) / 1000 - (elo[i] - elo[anchor]);
            held += 1000 * std::abs(error) <= static_cast<double>(rating.error95_milli) ? 1 : 0;
            ++all;
        }
    }
    CAPTURE(held, all);
    CHECK(held > all * 93 / 100);
    CHECK(held < all * 975 / 1000);
}

TEST_CASE("the sparse inverse agrees with the full one") {
    Random random(8);
    for (int round = 0; round < 20; ++round) {
        const std::size_t n = 3 + static_cast<std::size_t>(round);
        SparseSymmetric matrix{.diagonal = std::vector<double>(n, 0.5), .entries = {}};
        for (std::size_t i = 1; i < n; ++i) {
            for (std::size_t k = 0; k < i; ++k) {
                if (uniform(random) > 0.3) continue;
                const double value = uniform(random);
                matrix.entries.push_back({.row = i, .column = k, .value = -value});
                matrix.diagonal[i] += value;
                matrix.diagonal[k] += value;
            }
        }
        auto cholesky = SparseCholesky::make(matrix, 1'000'000);
        REQUIRE(cholesky);
        REQUIRE(cholesky->factor(matrix));
        const std::vector<double> expected = dense_inverse_diagonal(matrix);
        const std::vector<double> found = cholesky->inverse_diagonal();
        std::vector<double> right_side(n, 0.0);
        right_side[n / 2] = 1;
        CHECK(std::abs(cholesky->solve(right_side)[n / 2] - expected[n / 2]) < 1e-12);
        for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-12);
    }
}
