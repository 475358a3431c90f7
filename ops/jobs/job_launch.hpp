#pragma once

// From an order to a folder in which a supervisor can start.

#include <filesystem>
#include <stop_token>
#include <string>

#include "consumers/hands.hpp"
#include "ops/jobs/file_digest.hpp"
#include "ops/jobs/job_environment.hpp"
#include "ops/jobs/job_files.hpp"
#include "ops/jobs/job_folder.hpp"

namespace ringrift::ops {

/// What is the same for all jobs of a node.
struct JobSurroundings {
    JobFolders folders = {};                        ///< Absolute.
    std::filesystem::path supervisor_program = {};  ///< ringrift-job.
    std::filesystem::path working_folder = {};      ///< Where programs start.
    Environment environment = {};                   ///< What they inherit.
    std::string channel = {};                       ///< RINGRIFT_CHANNEL; empty when there is none.
    std::int64_t gpus = 0;                          ///< Of this node.
    bus::Duration stop_grace = std::chrono::seconds(30);
    std::int64_t printed_bytes_max = 256 * 1024 * 1024;
    std::int64_t disk_free_bytes_min =
        256 * 1024 * 1024;  ///< Below it jobs are ended: the log needs room.
};

/// The order as the supervisor gets it: placeholders filled in, environment complete. Pure.
LaunchOrder launch_order(const consumers::JobOrder& order, const std::vector<std::int64_t>& gpus,
                         const JobSurroundings& surroundings);

/// For a job that never ran, and will not by itself.
consumers::JobFailure spawn_failed(std::string reason);

/// Checks inputs and models, makes the folder; yields its lock, held, for the supervisor. Reading
/// large inputs takes its time.
bus::Result<UniqueFd, consumers::JobFailure> prepare(const consumers::JobOrder& order,
                                                     const std::vector<std::int64_t>& gpus,
                                                     const JobSurroundings& surroundings,
                                                     VerifiedFiles& verified,
                                                     std::stop_token stop = {});

/// Empty when there is no such process any more.
std::optional<UniqueFd> handle_of(const ProcessIdentity& process);

}  // namespace ringrift::ops
