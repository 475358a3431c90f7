#include "ops/workloads/hex/game.hpp"

#include <numeric>
#include <set>

namespace ringrift::hex {
namespace {

std::vector<int> random_moves(Config config, int count, Random& random) {
    std::vector<int> cells(static_cast<std::size_t>(config.cells()));
    std::iota(cells.begin(), cells.end(), 0);
    random.shuffle(cells);
    cells.resize(static_cast<std::size_t>(count));
    return cells;
}

}  // namespace

GameRecord play_selfplay_game(const Network& network, const SelfplayOptions& options,
                              std::uint64_t seed, int game) {
    const Config config = network.config;
    Random random(seed_of_part(seed, static_cast<std::uint64_t>(game)));
    Search search(network,
                  {.simulations = options.simulations, .noise_share = options.noise_share});
    Board board(config);
    GameRecord record{.config = config, .seed = seed, .game = game};
    const auto play = [&](int cell, std::vector<int> visits) {
        board.play(cell);
        record.moves.push_back(cell);
        record.visits.push_back(std::move(visits));
    };
    for (const int cell :
         random_moves(config, random.below(options.random_moves_max + 1), random)) {
        play(cell, {});
    }
    while (board.winner() == Side::nobody) {
        std::vector<int> visits = search.visits(board, random);
        const bool curious = board.stones() * options.curious_share < config.cells();
        const int cell = curious ? random.weighted(visits) : most_visited(visits);
        play(cell, std::move(visits));
    }
    record.winner = board.winner();
    return record;
}

GameRecord play_match_game(Search& first, Search& second, Config config,
                           const std::vector<int>& opening, Random& random) {
    Board board(config);
    GameRecord record{.config = config, .moves = opening};
    for (const int cell : opening) board.play(cell);
    while (board.winner() == Side::nobody) {
        Search& search = board.to_move() == Side::first ? first : second;
        const int cell = most_visited(search.visits(board, random));
        board.play(cell);
        record.moves.push_back(cell);
    }
    record.winner = board.winner();
    record.visits.resize(record.moves.size());  // A match is evidence, and teaches nothing.
    return record;
}

std::vector<std::vector<int>> random_openings(Config config, int count, std::uint64_t seed) {
    constexpr int attempts_max = 20;  // Per opening; then a repeated one is taken after all.
    Random random(seed);
    std::set<std::vector<int>> seen;
    std::vector<std::vector<int>> openings;
    for (int i = 0; i < count; ++i) {
        auto opening = random_moves(config, opening_moves, random);
        for (int attempt = 0; attempt < attempts_max && seen.contains(opening); ++attempt) {
            opening = random_moves(config, opening_moves, random);
        }
        seen.insert(opening);
        openings.push_back(std::move(opening));
    }
    return openings;
}

}  // namespace ringrift::hex
