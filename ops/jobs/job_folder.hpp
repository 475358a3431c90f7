#pragma once

// Where the jobs of a node have their folders, and how a folder comes and goes.
//
//   <data>/jobs/<name>       from before the supervisor starts until the end is in the log
//   <data>/jobs/.new-<name>  being made; nobody has seen it, so it may be deleted at any time
//   <data>/ended/<name>      what the last jobs printed, for the API; deleted oldest first
//
// A folder comes into `jobs` complete and with its lock held, by one rename, and leaves it by one
// rename. So whoever finds a folder whose lock is free knows that nothing runs there nor ever will.
// What lies inside: ops/jobs/job_files.hpp. Any thread; writers are the hands only.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "consumers/hands.hpp"
#include "ops/jobs/durable_file.hpp"
#include "ops/jobs/job_files.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

/// `<work>@<fence>`, percent-encoded and, where that is too long for a file name, cut and hashed.
std::string folder_name(const consumers::JobId& job);

struct JobFolders {
    std::filesystem::path data = {};

    std::filesystem::path running(const consumers::JobId& job) const;
    std::filesystem::path ended(const consumers::JobId& job) const;

    /// All folders in `jobs`; what a cut-off start left behind is deleted on the way.
    std::vector<std::filesystem::path> all() const;
};

/// Makes the folder, durably; yields its lock, held. `order` and `inputs` are written as they are.
bus::Result<UniqueFd, FileProblem> make_folder(const JobFolders& folders,
                                               const consumers::JobId& job,
                                               const LaunchOrder& order, const std::string& inputs);

/// The folder's lock, or nothing while a supervisor, or the hands that start it, hold it.
std::optional<UniqueFd> try_lock(const std::filesystem::path& folder);

/// Moves it to `ended`, without its outputs, and deletes the oldest there above `kept_max`.
void retire(const JobFolders& folders, const std::filesystem::path& folder, std::size_t kept_max);

/// For a job that never ran.
void remove_folder(const std::filesystem::path& folder);

/// Who the job is, from its order. Empty when the order cannot be read.
std::optional<consumers::JobId> job_of(const LaunchOrder& order);

std::optional<bus::WorkType> work_type_of(std::string_view name);

/// What a job printed, bounded (ops/jobs/bounded_log.hpp).
struct JobLogs {
    std::string standard_output = {};
    std::string standard_error = {};
};

/// Empty when nothing is kept of this job.
std::optional<JobLogs> read_job_logs(const JobFolders& folders, const consumers::JobId& job);

}  // namespace ringrift::ops
