#pragma once

// The real hands: each job is a process under a supervisor of its own, in a folder of its own.
//
// What the port (consumers/hands.hpp) promises, and more exactly:
// - A job never runs twice: its folder's lock is held from before the supervisor starts until it
//   has ended, and a supervisor starts the program only in a folder where none has been before.
// - Each start is answered by one JobEnded, however long that takes (ops/jobs/job_life.hpp);
// nothing
//   that is asked is lost. JobRunning comes before it whenever the program ran.
// - Jobs outlive the hands. New hands on the same data folder report them: those that run as
//   running, those that ended as ended, those whose supervisor was killed as lost. A job that an
//   earlier daemon asked for but that was never started is none: JobManager starts it anew.
// - A success is reported when its files are durable in `<data>/files`
//   (ops/jobs/file_store.hpp).
//
// Under systemd, the unit needs `KillMode=process`, or a restart of the daemon ends all jobs.

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "bus/lock_file.hpp"
#include "bus/result.hpp"
#include "consumers/hands.hpp"
#include "ops/jobs/hands_thread.hpp"
#include "ops/jobs/job_folder.hpp"

namespace ringrift::ops {

struct PosixHandsOptions {
    std::filesystem::path data_folder = {};
    std::filesystem::path supervisor_program = {};  ///< ringrift-job; absolute or relative to here.
    std::filesystem::path working_folder = {};      ///< Where programs start; empty is here.
    Environment environment = {};                   ///< What jobs inherit, see `inheritable`.
    std::filesystem::path runtime_folder = {};      ///< For the channel; XDG_RUNTIME_DIR or empty.
    bool with_channel = true;
    std::int64_t gpus = 0;  ///< Of this node; jobs get theirs by number, see ops/jobs/gpu_shares.
    bus::Duration stop_grace = std::chrono::seconds(30);
    std::int64_t printed_bytes_max = 256 * 1024 * 1024;
    std::int64_t disk_free_bytes_min = 256 * 1024 * 1024;
    std::size_t kept_logs_max = 200;  ///< Jobs whose stdout and stderr the API can still show.
};

/// Why there are no hands, as a sentence that says what to change.
struct HandsProblem {
    std::string sentence = {};
};

class PosixHands final : public consumers::Hands {
  public:
    /// `wake` is called, on another thread, when `drain` has something new. Adopts the jobs of the
    /// data folder. Refuses when other hands are at work there.
    static bus::Result<std::unique_ptr<PosixHands>, HandsProblem> open(
        const PosixHandsOptions& options, std::function<void()> wake = {});

    /// Leaves running jobs alone.
    ~PosixHands() override = default;

    void start(const consumers::JobOrder& order) override;
    void stop(const consumers::JobId& job) override;
    void forget(const consumers::JobId& job) override;
    std::vector<consumers::JobReport> drain() override;
    std::map<std::string, std::int64_t> counts() const override;

    /// Stops all jobs and waits until they have ended, at most `within`; their ends are in `drain`.
    /// Yields how many have not. For an orderly shutdown, on the node's thread.
    std::size_t stop_all(bus::Duration within);

    /// Empty when nothing is kept of it. Any thread.
    std::optional<JobLogs> job_logs(const consumers::JobId& job) const;

    /// Any thread.
    HandsCounters counters() const { return hands_.counters(); }

  private:
    void ask(HandsAsk ask);
    void hand_over();

    PosixHands(bus::LockFile lock, JobSurroundings surroundings, std::size_t kept_max,
               std::unique_ptr<bus::JobChannel> channel, std::function<void()> wake);

    bus::LockFile lock_;
    const JobFolders folders_;
    HandsThread hands_;
    std::deque<HandsAsk> asked_;  ///< In order, while the hands' inbox is full.
    std::deque<consumers::JobReport> taken_;
    std::uint64_t tickets_ = 0;
    std::jthread thread_;  ///< Last, so that it ends first.
};

}  // namespace ringrift::ops
