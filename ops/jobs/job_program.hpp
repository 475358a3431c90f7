#pragma once

// Starts the program of a job, the way the job contract says. Used by the supervisor only, which
// has one thread, so that fork is safe and the program dies with its supervisor (PDEATHSIG).

#include <cstdint>
#include <string>

#include "bus/result.hpp"
#include "ops/jobs/job_files.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

struct JobProgram {
    std::int64_t pid = 0;      ///< Leader of its own process group.
    UniqueFd standard_output;  ///< Ends of pipes; reading does not wait.
    UniqueFd standard_error;
};

/// One sentence: what could not be done to start it.
struct SpawnProblem {
    std::string sentence = {};
};

bus::Result<JobProgram, SpawnProblem> start_program(const LaunchOrder& order);

}  // namespace ringrift::ops
