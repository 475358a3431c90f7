#pragma once

// `ringrift up`: one node in one process, on the embedded log, with its API. A broken workload file
// is found before anything is started.

#include "ops/options.hpp"
#include "ops/workload.hpp"

namespace ringrift::ops {

/// Runs until told to stop (SIGINT, SIGTERM, POST /admin/shutdown, --for, --until-generation).
/// Blocks the calling thread, which becomes the node's thread.
Exit run_up(const LoadedOptions& loaded);

/// Log lines go to standard error from here on.
void set_up_logging(LogLevel level);

/// The workload file that the options name, or the reference workload.
bus::Result<Workload, Exit> workload_of(const Options& options);

/// Where ringrift, ringrift-job and ringrift-hex lie together.
std::filesystem::path folder_of_this_program();

inline constexpr std::string_view program_version = "0.1.0";

}  // namespace ringrift::ops
