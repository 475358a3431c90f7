// Playing games: against oneself to learn, and against another network to compare.
//
// A GameRecord is a line of a games file, and all that training ever sees of a game.
#pragma once

#include <string>
#include <vector>

#include "ops/workloads/hex/search.hpp"

namespace ringrift::hex {

struct GameRecord {
    Config config = {};
    std::uint64_t seed = 0;  ///< Of the job; with `game` it gives the game's own seed.
    int game = 0;            ///< Number within the job, from 0.
    std::string model = {};  ///< Digest of the network that played, or `init`.
    std::vector<int> moves = {};
    Side winner = Side::nobody;
    /// For each move the visits by cell, or empty where the move was drawn by chance.
    std::vector<std::vector<int>> visits = {};

    bool operator==(const GameRecord&) const = default;
};

struct SelfplayOptions {
    int simulations = 100;
    int random_moves_max = 3;  ///< A game begins with 0..this many random moves.
    float noise_share = 0.25F;
    int curious_share =
        3;  ///< In the first 1/this of the board's cells, moves are drawn by visits.
};

/// Plays game `game` of job `seed`. Does not fill in `model`.
GameRecord play_selfplay_game(const Network& network, const SelfplayOptions& options,
                              std::uint64_t seed, int game);

/// One game from `opening`, both sides playing their best. Moves include the opening.
/// REQUIRES: `opening` is legal and does not end the game.
GameRecord play_match_game(Search& first, Search& second, Config config,
                           const std::vector<int>& opening, Random& random);

/// `count` openings of `opening_moves` random moves, no two alike while there are enough.
std::vector<std::vector<int>> random_openings(Config config, int count, std::uint64_t seed);

constexpr int opening_moves = 3;

}  // namespace ringrift::hex
