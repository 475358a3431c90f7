// That it learns: each network of a small lineage beats its ancestors, beyond what luck explains.
#include <cmath>

#include "ops/workloads/hex/evaluation.hpp"
#include "ops/workloads/hex/samples_file.hpp"
#include "ops/workloads/hex/training.hpp"
#include "tests/catch.hpp"

namespace ringrift::hex {
namespace {

constexpr Config four{.size = 4};
constexpr int generations = 4;
constexpr int games_per_generation = 150;

Network next_generation(const Network& network, std::uint64_t generation,
                        std::vector<GameRecord>& games) {
    for (int game = 0; game < games_per_generation; ++game) {
        games.push_back(play_selfplay_game(network, {.simulations = 64}, generation, game));
    }
    Network next = network;
    train(next, samples_of(games, four).samples, {}, generation, [](int, int) {});
    return next;
}

/// The chance that a fair coin shows heads at least `heads` times in `throws`: the sign test.
double chance_of_luck(int heads, int throws) {
    double chance = 0;
    for (int k = heads; k <= throws; ++k) {
        chance += std::exp(std::lgamma(throws + 1) - std::lgamma(k + 1) -
                           std::lgamma(throws - k + 1) - throws * std::log(2.0));
    }
    return chance;
}

void check_beats(const Network& better, const Network& worse) {
    const MatchReport report =
        play_match(better, worse, {.pairs = 100, .simulations = 64}, 11, [](int, int) {});
    const int both_won = report.pentanomial[4];
    const int both_lost = report.pentanomial[0];
    INFO("pairs won " << both_won << ", lost " << both_lost << ", split " << report.pentanomial[2]);
    CHECK(chance_of_luck(both_won, both_won + both_lost) < 0.001);
}

TEST_CASE("after four generations the network beats the first one and the untrained one",
          "[learning]") {
    std::vector<Network> lineage = {initial_network(four)};
    std::vector<GameRecord> games;
    for (std::uint64_t generation = 1; generation <= generations; ++generation) {
        lineage.push_back(next_generation(lineage.back(), generation, games));
    }
    check_beats(lineage[1], lineage[0]);
    check_beats(lineage.back(), lineage[0]);
    check_beats(lineage.back(), lineage[1]);
}

}  // namespace
}  // namespace ringrift::hex
