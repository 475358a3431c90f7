// Search and training: right slopes, wins that are seen, and the same seed giving the same bytes.
#include "ops/workloads/hex/training.hpp"

#include <cmath>
#include <numeric>
#include <set>

#include "ops/workloads/hex/evaluation.hpp"
#include "ops/workloads/hex/games_file.hpp"
#include "ops/workloads/hex/model_file.hpp"
#include "ops/workloads/hex/samples_file.hpp"
#include "tests/catch.hpp"

namespace ringrift::hex {
namespace {

constexpr Config four{.size = 4};

std::vector<GameRecord> play(std::uint64_t seed) {
    std::vector<GameRecord> games;
    for (int game = 0; game < 4; ++game) {
        games.push_back(play_selfplay_game(initial_network(four), {.simulations = 20}, seed, game));
    }
    return games;
}

std::string trained(std::uint64_t seed) {
    Network network = initial_network(four);
    train(network, samples_of(play(3), four).samples, {.epochs = 2}, seed, [](int, int) {});
    return to_bytes(network);
}

double mean_loss(const Network& network, const Samples& samples) {
    Network ignored = zero_network(four);
    const Loss loss = backpropagate(network, samples, ignored);
    return (loss.policy + loss.value) / samples.count();
}

TEST_CASE("the gradient is the slope of the loss") {
    const Samples samples = samples_of(play(1), four).samples;
    Network network = initial_network(four);
    train(network, samples, {.epochs = 1}, 1, [](int, int) {});  // So that no head is 0.
    Network gradient = zero_network(four);
    backpropagate(network, samples, gradient);
    Random random(5);
    const auto weights = tensors(network);
    const auto slopes = tensors(gradient);
    for (std::size_t t = 0; t < weights.size(); ++t) {
        for (int draw = 0; draw < 5; ++draw) {
            const auto i =
                static_cast<std::size_t>(random.below(static_cast<int>(weights[t].size())));
            constexpr float step = 0.01F;
            const float before = weights[t][i];
            weights[t][i] = before + step;
            const double higher = mean_loss(network, samples);
            weights[t][i] = before - step;
            const double lower = mean_loss(network, samples);
            weights[t][i] = before;
            const double slope = (higher - lower) / (2 * step);
            CHECK(std::abs(slopes[t][i] - slope) < 0.002 + 0.05 * std::abs(slope));
        }
    }
}

std::vector<int> searched(const std::vector<int>& moves) {
    Board board(four);
    for (const int cell : moves) board.play(cell);
    const Network network = initial_network(four);
    Random random(1);
    return Search(network, {.simulations = 200}).visits(board, random);
}

TEST_CASE("search wins when one move wins") {
    const auto visits = searched({1, 0, 5, 4, 9, 8});
    CHECK((most_visited(visits) == 12 || most_visited(visits) == 13));
}

TEST_CASE("search blocks when one move blocks") {
    CHECK(most_visited(searched({0, 2, 4, 3, 8})) == 12);
}

TEST_CASE("every simulation visits one legal move") {
    const auto visits = searched({1, 0, 5});
    CHECK(std::accumulate(visits.begin(), visits.end(), 0) == 200);
    CHECK(visits[1] + visits[0] + visits[5] == 0);
}

TEST_CASE("the same seed gives the same games, and another seed gives others") {
    CHECK(play(1) == play(1));
    CHECK_FALSE(play(1)[0].moves == play(2)[0].moves);
}

TEST_CASE("the same samples and seed give the same model, byte for byte") {
    CHECK(trained(1) == trained(1));
    CHECK_FALSE(trained(1) == trained(2));
}

TEST_CASE("openings of a match differ from each other and from those of another seed") {
    const auto openings = random_openings(four, 200, 1);
    CHECK(std::set(openings.begin(), openings.end()).size() == 200);
    CHECK_FALSE(openings == random_openings(four, 200, 2));
}

TEST_CASE("a network against itself wins one game of every pair") {
    const Network network = initial_network(four);
    const MatchReport report =
        play_match(network, network, {.pairs = 10, .simulations = 20}, 1, [](int, int) {});
    CHECK(report.pentanomial == std::array{0, 0, 10, 0, 0});
    CHECK(report.wins() == report.losses());
}

TEST_CASE("a pair is counted from the candidate's view") {
    CHECK(pair_outcome(Side::first, Side::second) == 4);
    CHECK(pair_outcome(Side::first, Side::first) == 2);
    CHECK(pair_outcome(Side::second, Side::first) == 0);
}

}  // namespace
}  // namespace ringrift::hex
