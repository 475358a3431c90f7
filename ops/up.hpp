#pragma once

// `ringrift up`: one node in one process, on the embedded log, with its API.
//
// Owns everything by value, in the order of construction, and ends it in the reverse one. Whatever
// is in the way (a broken workload file, a data folder that is taken or full, a port in use) is
// found before anything is started, and is one sentence with an exit code of its own.

#include "ops/options.hpp"

namespace ringrift::ops {

/// Runs until told to stop (SIGINT, SIGTERM, POST /admin/shutdown, --for, --until-generation).
/// Blocks the calling thread, which becomes the node's thread.
Exit run_up(const LoadedOptions& loaded);

/// Log lines go to standard error, from `level` up. Once per process.
void set_up_logging(LogLevel level);

/// Where ringrift, ringrift-job and ringrift-hex lie together.
std::filesystem::path folder_of_this_program();

inline constexpr std::string_view program_version = "0.1.0";

}  // namespace ringrift::ops
