#pragma once

// How a job whose supervisor is gone has ended: its exit file, its result and its files, judged.

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

#include "consumers/hands.hpp"
#include "ops/jobs/file_store.hpp"
#include "ops/jobs/job_files.hpp"

namespace ringrift::ops {

inline constexpr std::size_t stderr_tail_bytes_max = 4096;

/// Reads `folder`; takes the files of a success into `store`. Without an exit file the job is lost,
/// and what it left running is ended first. Takes as long as hashing the files does. May be asked
/// again: the answer is the same. REQUIRES: no supervisor is at work in the folder.
consumers::JobEnded outcome_of(const std::filesystem::path& folder, const LaunchOrder& order,
                               const FileStore& store, std::stop_token stop = {});

/// The end of `text` as valid UTF-8 of at most `bytes_max` bytes; what is invalid becomes U+FFFD.
std::string utf8_tail(std::string_view text, std::size_t bytes_max);

}  // namespace ringrift::ops
