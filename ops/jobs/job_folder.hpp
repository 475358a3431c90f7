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
//
// Nothing here is synced to the disk. A folder has to outlive its daemon, by whatever that ends,
// and does: the kernel keeps what is written. It need not outlive the machine: after a loss of
// power no process of a job lives, the claim is in the log, and a folder that is gone or torn only
// means that JobManager starts the job anew. What an event vouches for is synced before it is
// reported, in the file store (ops/jobs/file_store.hpp); evidence that did not survive a restart of
// the machine is told from a bad program in ops/jobs/job_outcome.cpp.

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

/// Makes the folder; yields its lock, held. `order` and `inputs` are written as they are.
bus::Result<UniqueFd, FileProblem> make_folder(const JobFolders& folders,
                                               const consumers::JobId& job,
                                               const LaunchOrder& order,
                                               const std::optional<std::string>& inputs);

/// The folder's lock, or nothing while a supervisor, or the hands that start it, hold it. Where the
/// order is lost there is nothing to lock, and the lock is empty.
std::optional<UniqueFd> try_lock(const std::filesystem::path& folder);

/// Moves it to `ended`, at once; yields where it lies now.
std::filesystem::path retire(const JobFolders& folders, const std::filesystem::path& folder);

/// What is kept of ended jobs: neither their outputs nor, a few apart, more than `kept_max`. To
/// delete takes its time, so this is for a worker. One thread.
class EndedFolders {
  public:
    EndedFolders(JobFolders folders, std::size_t kept_max)
        : folders_(std::move(folders)), kept_max_(kept_max) {}

    /// After `ended` was added; deletes the oldest when there are too many.
    void tidy(const std::filesystem::path& ended);

    /// What was cut off the last time.
    void tidy_all();

  private:
    /// To list them is dear, so it is done when so large a part is new.
    static constexpr std::size_t listed_every_part = 8;

    const JobFolders folders_;
    const std::size_t kept_max_;
    std::size_t added_ = 0;  ///< Since they were last listed.
};

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
