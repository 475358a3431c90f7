// The sequential test and the Elo estimate: against published figures, against plain numeric
// maximisation that knows none of the formulae, and by playing thousands of matches.

#include "projections/sprt.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "projections/elo_estimate.hpp"
#include "projections/score_distribution.hpp"
#include "tests/catch.hpp"

using namespace ringrift::projections;

namespace {

using Random = std::mt19937_64;

double uniform(Random& random) {
    return static_cast<double>(random() >> 11) * 0x1p-53;
}

bool near(double a, double b, double tolerance) {
    return std::abs(a - b) <= tolerance;
}

double t_value(const ScoreDistribution& observed, const SlotValues& q) {
    const Moments moments = moments_of(observed, q);
    return (moments.mean - 0.5) / moments.deviation;
}

double likelihood(const ScoreDistribution& observed, const SlotValues& q) {
    return log_likelihood_ratio(observed, q, observed.probability);
}

std::int64_t random_count(Random& random) {
    const double size = uniform(random);
    return static_cast<std::int64_t>(std::pow(10.0, 4 * size) * uniform(random));
}

Pentanomial random_pairs(Random& random) {
    return {.loss_loss = random_count(random),
            .loss_draw = random_count(random),
            .draw_draw_or_win_loss = random_count(random) + 1,
            .win_draw = random_count(random),
            .win_win = random_count(random)};
}

/// `q` tilted towards wins or losses until `value(q)`, which rises with wins, is `target`.
template <class Value>
SlotValues tilted_to(const SlotValues& q, double target, const Value& value) {
    double low = -60;
    double high = 60;
    SlotValues result{};
    for (int i = 0; i < 70; ++i) {
        const double tilt = (low + high) / 2;
        double sum = 0;
        for (std::size_t k = 0; k < q.size(); ++k) {
            result[k] = q[k] * std::exp(tilt * static_cast<double>(k));
            sum += result[k];
        }
        for (double& probability : result) probability /= sum;
        (value(result) < target ? low : high) = tilt;
    }
    return result;
}

/// The best likelihood that a blind search finds among the q with value(q) = target.
template <class Value>
double best_found(const ScoreDistribution& observed, double target, const Value& value,
                  Random& random) {
    SlotValues best = tilted_to(observed.probability, target, value);
    double scale = 0.5;
    for (int i = 0; i < 1500; ++i) {
        SlotValues trial = best;
        for (double& probability : trial) {
            probability *= std::exp(scale * (2 * uniform(random) - 1));
        }
        trial = tilted_to(trial, target, value);
        const bool better = near(value(trial), target, 1e-9) &&
                            likelihood(observed, trial) > likelihood(observed, best);
        if (better) best = trial;
        scale = std::max(scale * (better ? 1.3 : 0.97), 1e-6);
    }
    return likelihood(observed, best);
}

struct Model {
    std::array<double, 5> probability;  ///< Of a pair's five scores, loss to win.
};

/// A pair model with the spread of `base` and the normalized Elo `elo`.
Model with_elo(const Pentanomial& base, double elo) {
    const ScoreDistribution observed = distribution_of(base);
    return {.probability = likeliest_with_elo(observed, EloModel::normalized, elo)};
}

void play_pair(Pentanomial& counts, const Model& truth, Random& random) {
    const std::array<std::int64_t*, 5> slots{&counts.loss_loss, &counts.loss_draw,
                                             &counts.draw_draw_or_win_loss, &counts.win_draw,
                                             &counts.win_win};
    double rest = uniform(random);
    std::size_t slot = 0;
    while (slot < 4 && rest >= truth.probability[slot]) rest -= truth.probability[slot++];
    ++*slots[slot];
}

SprtVerdict play_until_decided(const Model& truth, const SprtConfig& config, Random& random) {
    Pentanomial counts;
    for (int pairs = 1; pairs <= 20'000; ++pairs) {
        play_pair(counts, truth, random);
        if (pairs % 4 != 0) continue;
        const SprtVerdict verdict = sprt_status(counts, config).verdict;
        if (verdict != SprtVerdict::continue_testing) return verdict;
    }
    return SprtVerdict::continue_testing;
}

int times_accepted(SprtVerdict verdict, const Model& truth, const SprtConfig& config, int matches,
                   Random& random) {
    int count = 0;
    for (int i = 0; i < matches; ++i) {
        count += play_until_decided(truth, config, random) == verdict ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("the LLR of published fishtest, OpenBench and cutechess-style tests is found again") {
    constexpr auto normalized = EloModel::normalized;
    constexpr auto logistic = EloModel::logistic;
    struct Published {
        const char* where;
        Pentanomial pairs;
        EloModel model;
        double elo0, elo1, llr, tolerance;
    };
    const std::vector<Published> tests{
        // The raw statistics page gives five digits and says "exact".
        {"montytest 69d3c8dc7c5b3724e29d2712",
         {13, 37, 50, 25, 3},
         normalized,
         0,
         4,
         -0.54912,
         1e-5},
        {"the same, bounds 0.000, 2.716", {13, 37, 50, 25, 3}, logistic, 0, 2.716, -0.53772, 1e-4},
        {"Stockfish 4194 STC", {371, 10263, 24989, 10642, 379}, normalized, 0, 2, 2.95, 0.0051},
        {"Stockfish 4194 LTC", {47, 8181, 25234, 8575, 47}, normalized, 0.5, 2.5, 2.94, 0.0051},
        {"Stockfish 6019 STC", {320, 12431, 27275, 12858, 316}, normalized, 0, 2, 2.95, 0.0051},
        {"Stockfish 6019 LTC",
         {197, 45541, 117722, 46579, 228},
         normalized,
         0.5,
         2.5,
         2.96,
         0.0051},
        {"Stockfish 6285 STC",
         {289, 26459, 62934, 26379, 331},
         normalized,
         -1.75,
         0.25,
         2.94,
         0.0051},
        {"Stockfish 6285 LTC",
         {118, 38575, 109888, 38432, 122},
         normalized,
         -1.75,
         0.25,
         2.95,
         0.0051},
        {"Stockfish 6036, no LL", {0, 1236, 4490, 1474, 1}, normalized, 0, 2, 2.94, 0.0051},
        {"Stockfish 6036", {1, 1098, 3954, 1346, 1}, normalized, 0.5, 2.5, 2.94, 0.0051},
        {"Stockfish 5452", {758, 38802, 84253, 39511, 772}, normalized, 0, 2, 2.93, 0.0051},
        {"Stockfish 3098 STC", {491, 7345, 29693, 7670, 465}, logistic, -0.25, 1.25, 2.96, 0.0051},
        {"Stockfish 3098 LTC", {53, 2220, 21459, 2445, 47}, logistic, 0.25, 1.25, 2.97, 0.0051},
        {"Stockfish 2951 STC", {59, 754, 2467, 865, 75}, logistic, -0.5, 1.5, 2.95, 0.0051},
        {"Stockfish 2951 LTC", {33, 1185, 8378, 1302, 50}, logistic, 0.25, 1.75, 2.95, 0.0051},
        {"Serendipity 54", {275, 1381, 2577, 1389, 380}, normalized, 0, 4, 2.95, 0.0051},
        {"Lynx 1899", {235, 1384, 2521, 1341, 239}, logistic, -5, 0, 1.69, 0.0051},
        {"pawnocchio 14 STC", {61, 1919, 4083, 1869, 48}, normalized, 0, 3, -1.87, 0.0051},
        {"pawnocchio 14 LTC", {13, 1820, 4435, 2035, 5}, normalized, 0, 3, 2.91, 0.0051},
    };
    for (const Published& test : tests) {
        INFO(test.where);
        const SprtStatus status =
            sprt_status(test.pairs, {.model = test.model, .elo0 = test.elo0, .elo1 = test.elo1});
        CHECK(near(status.llr, test.llr, test.tolerance));
    }
}

TEST_CASE("the published Elo, normalized Elo and LOS of matches are found again") {
    struct Published {
        Pentanomial pairs;
        double elo, error, normalized, normalized_error, superiority;
    };
    const std::vector<Published> matches{
        {{283, 1151, 2214, 1221, 281}, 2.23, 4.50, 3.32, 6.71, 0.8340},    // Serendipity 55
        {{275, 1381, 2577, 1389, 380}, 6.31, 4.16, 9.42, 6.22, 0.9985},    // Serendipity 54
        {{153, 1043, 2108, 1159, 167}, 5.40, 4.34, 8.82, 7.08, 0.9927},    // Serendipity 62
        {{235, 1384, 2521, 1341, 239}, -1.06, 4.05, -1.67, 6.37, 0.3033},  // Lynx 1899
    };
    for (const Published& match : matches) {
        const EloEstimate estimate = estimate_elo(match.pairs);
        INFO("Elo " << match.elo);
        const auto half = [](const EloInterval& i) { return (i.high - i.low) / 2; };
        CHECK(near(estimate.logistic.elo, match.elo, 0.0051));
        CHECK(near(half(estimate.logistic), match.error, 0.01));
        CHECK(near(estimate.normalized.elo, match.normalized, 0.0051));
        CHECK(near(half(estimate.normalized), match.normalized_error, 0.01));
        CHECK(near(estimate.superiority, match.superiority, 0.0002));
    }
}

TEST_CASE("no distribution that fulfils a hypothesis is likelier than the one the test uses") {
    Random random(1);
    for (int i = 0; i < 40; ++i) {
        const ScoreDistribution observed = distribution_of(random_pairs(random));
        const double t = (2 * uniform(random) - 1) * (i % 2 == 0 ? 0.1 : 1.5);
        const auto t_of = [&](const SlotValues& q) { return t_value(observed, q); };
        const SlotValues with_t = likeliest_with_t_value(observed, t);
        CHECK(near(t_of(with_t), t, 1e-9));
        CHECK(likelihood(observed, with_t) >= best_found(observed, t, t_of, random) - 1e-8);

        const double mean = 0.05 + 0.9 * uniform(random);
        const auto mean_of = [&](const SlotValues& q) { return moments_of(observed, q).mean; };
        const SlotValues with_mean = likeliest_with_mean(observed, mean);
        CHECK(near(mean_of(with_mean), mean, 1e-12));
        CHECK(likelihood(observed, with_mean) >=
              best_found(observed, mean, mean_of, random) - 1e-8);
    }
}

TEST_CASE("the highest of several summits is found where a hypothesis is far from the match") {
    struct Far {
        Pentanomial pairs;
        double t;
    };
    Random random(6);
    for (const Far& far : {Far{{0, 23, 68, 25, 0}, -1.63738}, Far{{0, 1, 30, 12, 0}, 3.10395},
                           Far{{0, 5, 2414, 0, 29}, -0.1933}, Far{{2, 2, 237, 0, 0}, 0.1604},
                           Far{{0, 4, 73, 0, 2}, -2.39801}, Far{{0, 6, 2, 2, 0}, -3.95563}}) {
        const ScoreDistribution observed = distribution_of(far.pairs);
        const auto t_of = [&](const SlotValues& q) { return t_value(observed, q); };
        double best = -std::numeric_limits<double>::infinity();
        for (int start = 0; start < 4; ++start) {
            best = std::max(best, best_found(observed, far.t, t_of, random));
        }
        CHECK(likelihood(observed, likeliest_with_t_value(observed, far.t)) >= best - 1e-8);
    }
}

TEST_CASE("the distribution fulfils its hypothesis, whatever the counts") {
    Random random(7);
    for (int i = 0; i < 5000; ++i) {
        Pentanomial pairs = random_pairs(random);
        if (i % 2 == 0) pairs.loss_loss = pairs.win_draw = 0;
        if (i % 3 == 0) pairs.draw_draw_or_win_loss = pairs.loss_draw = 0;
        const ScoreDistribution observed = distribution_of(pairs);
        const double t = (2 * uniform(random) - 1) * (i % 5 == 0 ? 8 : 1);
        REQUIRE(near(t_value(observed, likeliest_with_t_value(observed, t)), t, 1e-8));
    }
}

TEST_CASE("of single games the best distribution is found as by scanning the draw ratio") {
    Random random(2);
    for (int i = 0; i < 50; ++i) {
        const ScoreDistribution observed = distribution_of(Trinomial{
            random_count(random) + 1, random_count(random) + 1, random_count(random) + 1});
        const double mean = 0.2 + 0.6 * uniform(random);
        double best = -std::numeric_limits<double>::infinity();
        for (int k = 1; k < 20'000; ++k) {
            const double draw = 2 * std::min(mean, 1 - mean) * k / 20'000.0;
            const SlotValues q{1 - mean - draw / 2, draw, mean - draw / 2};
            best = std::max(best, likelihood(observed, q));
        }
        const double ours = likelihood(observed, likeliest_with_mean(observed, mean));
        CHECK(ours >= best - 1e-9);
        CHECK(ours <= best + 1e-4 * observed.observations);
    }
}

TEST_CASE("swapping the sides turns the LLR, the Elo and its interval around") {
    Random random(3);
    for (int i = 0; i < 30; ++i) {
        const Pentanomial pairs = random_pairs(random);
        for (const EloModel model : {EloModel::logistic, EloModel::normalized}) {
            const SprtConfig config{.model = model, .elo0 = -2, .elo1 = 7};
            const SprtConfig turned{.model = model, .elo0 = -7, .elo1 = 2};
            const double llr = sprt_status(pairs, config).llr;
            CHECK(near(sprt_status(swapped(pairs), turned).llr, -llr, 1e-9 + 1e-9 * std::abs(llr)));
        }
        const EloEstimate estimate = estimate_elo(pairs);
        const EloEstimate turned = estimate_elo(swapped(pairs));
        CHECK(near(turned.logistic.elo, -estimate.logistic.elo, 1e-6));
        CHECK(near(turned.logistic.low, -estimate.logistic.high, 1e-6));
        CHECK(near(turned.normalized.high, -estimate.normalized.low, 1e-6));
        CHECK(near(turned.superiority, 1 - estimate.superiority, 1e-9));
    }
}

TEST_CASE("a lost pair that had been won speaks for H1 and for more Elo") {
    for (const EloModel model : {EloModel::logistic, EloModel::normalized}) {
        double llr = -std::numeric_limits<double>::infinity();
        double elo = llr;
        for (std::int64_t won = 0; won <= 100; won += 5) {
            const Pentanomial pairs{100 - won, 300, 500, 300, won};
            const double next = sprt_status(pairs, {.model = model}).llr;
            CHECK(next > llr);
            CHECK(estimate_elo(pairs).logistic.elo > elo);
            llr = next;
            elo = estimate_elo(pairs).logistic.elo;
        }
    }
}

TEST_CASE("twice the same evidence weighs twice as much") {
    const SprtStatus once = sprt_status(Pentanomial{10, 100, 200, 130, 20}, SprtConfig{});
    const SprtStatus twice = sprt_status(Pentanomial{20, 200, 400, 260, 40}, SprtConfig{});
    CHECK(near(twice.llr, 2 * once.llr, 1e-9));
}

TEST_CASE("the bounds follow from the error rates and decide the verdict") {
    const Pentanomial pairs{371, 10263, 24989, 10642, 379};
    const SprtStatus open = sprt_status(pairs, {.elo0 = 0, .elo1 = 2});
    CHECK(near(open.upper, 2.94444, 1e-5));
    CHECK(near(open.lower, -2.94444, 1e-5));
    CHECK(open.verdict == SprtVerdict::accept_h1);
    CHECK(sprt_status(pairs, {.elo0 = 0, .elo1 = 2, .alpha = 0.01}).verdict ==
          SprtVerdict::continue_testing);
    CHECK(sprt_status(swapped(pairs), {.elo0 = 0, .elo1 = 2}).verdict == SprtVerdict::accept_h0);
}

TEST_CASE("one match of one outcome, or of none, gives numbers and no false certainty") {
    CHECK(sprt_status(Pentanomial{}, SprtConfig{}).llr == 0);
    CHECK(estimate_elo(Pentanomial{}).logistic.low == -elo_estimate_max);
    CHECK(estimate_elo(Pentanomial{}).superiority == 0.5);
    for (const std::int64_t n : {std::int64_t{1}, std::int64_t{10}, match_results_max}) {
        for (const Pentanomial& pairs :
             {Pentanomial{n, 0, 0, 0, 0}, Pentanomial{0, n, 0, 0, 0}, Pentanomial{0, 0, n, 0, 0},
              Pentanomial{0, 0, 0, n, 0}, Pentanomial{0, 0, 0, 0, n}}) {
            for (const EloModel model : {EloModel::logistic, EloModel::normalized}) {
                const double llr = sprt_status(pairs, {.model = model}).llr;
                CHECK(std::isfinite(llr));
                if (pairs.win_win + pairs.win_draw > 0) CHECK(llr > 0);
                if (pairs.loss_loss + pairs.loss_draw > 0) CHECK(llr < 0);
            }
            const EloEstimate estimate = estimate_elo(pairs);
            for (const EloInterval& i : {estimate.logistic, estimate.normalized}) {
                CHECK(std::isfinite(i.elo));
                CHECK(i.low <= i.elo);
                CHECK(i.elo <= i.high);
            }
        }
    }
    const EloEstimate one_won_pair = estimate_elo(Pentanomial{0, 0, 0, 0, 1});
    CHECK(one_won_pair.logistic.low < 0);
    CHECK(one_won_pair.superiority < 0.95);
}

TEST_CASE("counts and bounds that cannot be used are refused by name") {
    const auto least = std::numeric_limits<std::int64_t>::min();
    const auto most = std::numeric_limits<std::int64_t>::max();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Pentanomial fine{1, 2, 3, 2, 1};
    const auto problem = [](const auto& counts, const SprtConfig& config) {
        return sprt_status(counts, config).problem;
    };
    CHECK(problem(fine, {}) == SprtProblem::none);
    CHECK(problem(Pentanomial{0, -1, 0, 0, 0}, {}) == SprtProblem::count_negative);
    CHECK(problem(Trinomial{most, most, least}, {}) == SprtProblem::count_negative);
    CHECK(problem(Pentanomial{most, most, most, most, most}, {}) == SprtProblem::too_many_results);
    CHECK(problem(Trinomial{match_results_max, 1, 0}, {}) == SprtProblem::too_many_results);
    CHECK(problem(fine, {.elo0 = nan}) == SprtProblem::elo_out_of_range);
    CHECK(problem(fine, {.elo1 = 1001}) == SprtProblem::elo_out_of_range);
    CHECK(problem(fine, {.elo0 = 5, .elo1 = 5}) == SprtProblem::elo_not_ascending);
    CHECK(problem(fine, {.alpha = 0}) == SprtProblem::error_rate_out_of_range);
    CHECK(problem(fine, {.beta = nan}) == SprtProblem::error_rate_out_of_range);
    CHECK(estimate_elo(Trinomial{-1, 0, 0}).problem == CountsProblem::negative);
}

TEST_CASE("a candidate at elo0 is accepted, and one at elo1 rejected, about as often as promised") {
    Random random(4);
    const Pentanomial spread{6, 22, 44, 22, 6};
    const SprtConfig config{.elo0 = 0, .elo1 = 50};
    constexpr int matches = 1000;
    const int false_accepts =
        times_accepted(SprtVerdict::accept_h1, with_elo(spread, 0), config, matches, random);
    const int false_rejects =
        times_accepted(SprtVerdict::accept_h0, with_elo(spread, 50), config, matches, random);
    CAPTURE(false_accepts, false_rejects);
    CHECK(false_accepts >= 20);  // 5 % is promised; overshoot brings it to about 4 %.
    CHECK(false_accepts <= 65);
    CHECK(false_rejects >= 20);
    CHECK(false_rejects <= 65);
}

TEST_CASE("the Elo interval holds the truth in about 95 matches of 100") {
    Random random(5);
    const Model truth = with_elo({6, 22, 44, 22, 6}, 30);
    const ScoreDistribution shape = distribution_of(Pentanomial{6, 22, 44, 22, 6});
    const double elo = logistic_elo(moments_of(shape, truth.probability).mean);
    constexpr int matches = 400;
    int held = 0;
    int normalized_held = 0;
    for (int i = 0; i < matches; ++i) {
        Pentanomial counts;
        for (int pair = 0; pair < 100; ++pair) play_pair(counts, truth, random);
        const EloEstimate estimate = estimate_elo(counts);
        held += estimate.logistic.low <= elo && elo <= estimate.logistic.high ? 1 : 0;
        normalized_held += estimate.normalized.low <= 30 && 30 <= estimate.normalized.high ? 1 : 0;
    }
    CAPTURE(held, normalized_held);
    CHECK(held >= 366);
    CHECK(held <= 392);
    CHECK(normalized_held >= 366);
    CHECK(normalized_held <= 392);
}
