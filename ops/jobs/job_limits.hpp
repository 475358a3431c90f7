#pragma once

// Whether a job keeps its limits: `exceeded` judges, the rest measures. Belongs to the supervisor.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "ops/jobs/job_files.hpp"

namespace ringrift::ops {

/// What is measured of a job. -1 is not known.
struct JobUse {
    std::chrono::milliseconds run = {};
    std::int64_t memory_bytes = -1;
    std::int64_t printed_bytes = -1;
    std::int64_t output_bytes = -1;
    std::int64_t disk_free_bytes = -1;
};

struct Exceeded {
    EndCause cause = EndCause::timeout;
    std::string sentence = {};  ///< With the number measured and the number allowed.
};

/// The first limit that is broken, if any. Pure.
std::optional<Exceeded> exceeded(const LaunchOrder& order, const JobUse& use);

/// Of all descendants of `supervisor`. Exact (shared pages once) only above `enough_bytes`, since
/// that is dear; below it, an upper bound.
std::int64_t memory_of_descendants(std::int64_t supervisor, std::int64_t enough_bytes);

/// Of all files below `folder`: what they say or what they take, whichever is more. Stops counting
/// above `enough_bytes` (when that is not 0).
std::int64_t bytes_below(const std::filesystem::path& folder, std::int64_t enough_bytes);

std::int64_t disk_free_bytes(const std::filesystem::path& folder);

}  // namespace ringrift::ops
