// Samples as NPZ: what an export leaves and a training reads.
//
//     features  float32 (N, 6, H, W)   0 or 1; planes as in features.hpp, seen by the side to move
//     policy    float32 (N, H*W)       share of the search's visits by cell, seen likewise; sums to
//     1 values    float32 (N,)           1 if the side to move won the game, else -1 game int64
//     (N,)           the game's number within the export, from 0 ply       int64   (N,) stones on
//     the board
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ops/workloads/hex/game.hpp"
#include "ops/workloads/hex/training.hpp"

namespace ringrift::hex {

/// One sample for each move that search chose. `game` and `ply` tell where each came from.
struct ExportedSamples {
    Samples samples = {};
    std::vector<std::int64_t> game = {};
    std::vector<std::int64_t> ply = {};
};

/// REQUIRES: games are legal (read_games checks).
ExportedSamples samples_of(std::span<const GameRecord> games, Config config);

std::string to_npz(const ExportedSamples& exported);

/// All files together. Throws Failure, naming the file, if one does not hold samples of `config`.
Samples read_samples(std::span<const std::filesystem::path> paths, Config config);

}  // namespace ringrift::hex
