// The four jobs: what each needs, and what each leaves in its output folder.
//
// A job reads its inputs, works, writes its files and last its result.json. It throws Failure when
// it cannot, and then there is no result.json. Same inputs, options and seed: same bytes in every
// file.
#pragma once

#include <filesystem>
#include <string>

#include "ops/workloads/hex/evaluation.hpp"
#include "ops/workloads/hex/progress.hpp"
#include "ops/workloads/hex/training.hpp"

namespace ringrift::hex {

struct SelfplayJob {
    Config config = {};
    std::string model = {};
    int games = 200;
    std::uint64_t seed = 0;
    std::filesystem::path out = {};
    SelfplayOptions options = {};
};

struct ExportJob {
    Config config = {};
    std::filesystem::path inputs = {};  ///< A list of games files.
    std::filesystem::path out = {};
};

struct TrainJob {
    Config config = {};
    std::string model = {};
    std::filesystem::path inputs = {};  ///< A list of NPZ files.
    std::uint64_t seed = 0;
    std::filesystem::path out = {};
    TrainingOptions options = {};
};

struct MatchJob {
    Config config = {};
    std::string candidate = {};
    std::string baseline = {};
    std::uint64_t seed = 0;
    std::filesystem::path out = {};
    MatchOptions options = {};
};

/// Leaves `games-<seed>.jsonl`.
void run(const SelfplayJob& job, Progress& progress);

/// Leaves `samples.npz`.
void run(const ExportJob& job, Progress& progress);

/// Leaves `model.bin`.
void run(const TrainJob& job, Progress& progress);

/// Leaves `match-<seed>.jsonl`, the games as evidence.
void run(const MatchJob& job, Progress& progress);

}  // namespace ringrift::hex
