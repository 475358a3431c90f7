// A match of two networks in pairs: the same opening twice, with the seats swapped.
//
// Pairs take the luck of the opening out of the comparison, and their five outcomes (pentanomial)
// are what the sequential test of the cluster eats. Hex has no draws, so only three of the five
// occur.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "ops/workloads/hex/game.hpp"

namespace ringrift::hex {

struct MatchOptions {
    int pairs = 100;
    int simulations = 64;
};

struct MatchReport {
    std::array<int, 5> pentanomial =
        {};  ///< Pairs, from the candidate's view: LL, LD, DD+WL, WD, WW.
    std::vector<GameRecord> games = {};  ///< 2 a pair: the candidate moves first, then second.

    int wins() const { return 2 * pentanomial[4] + pentanomial[2]; }
    int losses() const { return 2 * pentanomial[0] + pentanomial[2]; }
};

/// REQUIRES: same config, options.pairs > 0. `on_game(done, total)` is called after each game.
MatchReport play_match(const Network& candidate, const Network& baseline,
                       const MatchOptions& options, std::uint64_t seed,
                       const std::function<void(int, int)>& on_game);

/// In which of a pair's two games the candidate won, as an index into the pentanomial counts.
std::size_t pair_outcome(Side winner_when_first, Side winner_when_second);

}  // namespace ringrift::hex
