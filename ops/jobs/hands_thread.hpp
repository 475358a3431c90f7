#pragma once

// What the hands do on their own thread: the table of this node's jobs, and all that moves it.
//
// Each job lives as ops/jobs/job_life.hpp says; here is what is done on the way. What takes long
// because of files is done by workers (one prepares, one settles, so that hashing the inputs of a
// training does not hold back the results of a selfplay; one deletes what is not needed any more)
// whose answers come back as messages. Supervisors are born of another process, ops/jobs/nursery.
// So a start waits for no other: one folder is made while the supervisor of the one before is
// forked and the program of the one before that starts. Everything is woken by descriptors:
// messages, births, the end of a supervisor, a new status, the channel. Created on the node's
// thread; `run` and all below it belong to the hands' thread.
//
// Why a supervisor for each job, and not one process for all jobs of a node: only a process of its
// own can be the subreaper of a job and of nothing else, so that whatever a program forks, detaches
// and strips of its environment is found and ended with it; and one that breaks loses one job's
// evidence and not all. What made that dear was to execute it (a fork of a small process is a
// quarter of that) and to sync its files, which nothing needs (ops/jobs/job_folder.hpp).

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

#include "bus/inbox.hpp"
#include "bus/job_channel.hpp"
#include "consumers/hands.hpp"
#include "ops/jobs/end_watch.hpp"
#include "ops/jobs/file_store.hpp"
#include "ops/jobs/file_worker.hpp"
#include "ops/jobs/folder_watch.hpp"
#include "ops/jobs/job_launch.hpp"
#include "ops/jobs/job_life.hpp"
#include "ops/jobs/nursery.hpp"

namespace ringrift::ops {

struct StartAsked {
    consumers::JobOrder order = {};
};
struct StopAsked {
    consumers::JobId job = {};
};
struct StopAllAsked {
    std::uint64_t ticket = 0;
};
struct ForgetAsked {
    consumers::JobId job = {};
};
using HandsAsk = std::variant<StartAsked, StopAsked, StopAllAsked, ForgetAsked>;

struct Prepared {
    consumers::JobId job = {};
    std::variant<UniqueFd, consumers::JobFailure> outcome = {};  ///< The folder's lock, held.
};
struct Settled {
    consumers::JobEnded ended = {};
    std::int64_t program_pid = 0;  ///< 0 when it never ran, or nobody can say.
};
using WorkerAnswer = std::variant<Prepared, Settled>;

inline constexpr std::size_t hands_asks_max = 1000;
inline constexpr std::size_t hands_reports_max = 4096;

/// How many jobs have not ended, and which `StopAllAsked` was seen before they were counted.
struct JobsAlive {
    std::uint64_t ticket = 0;
    std::size_t count = 0;
};

/// What the hands have and had, and what they could not hand on or take over: in /metrics, and what
/// was lost also in the daemon's log (LossWatch of ops/operator_lines.hpp).
struct HandsCounters {
    std::int64_t jobs = 0;  ///< In the table: they live, or their end has not been forgotten.
    std::int64_t unreadable_folders = 0;  ///< Set aside in `<data>/ended`.
    std::int64_t strange_messages = 0;    ///< On the channel, from a job that does not run here.
    bus::JobChannelCounters channel = {};
};

class HandsThread {
  public:
    HandsThread(JobSurroundings surroundings, std::size_t kept_max,
                std::unique_ptr<bus::JobChannel> channel, std::function<void()> wake);

    /// Until `stop`; what runs by then goes on running.
    void run(std::stop_token stop);

    // Any thread.
    [[nodiscard]] bool put(HandsAsk ask) { return inbox_.put(std::move(ask)); }
    std::vector<consumers::JobReport> take() { return outbox_.take(); }
    void wake() const;
    HandsCounters counters() const;
    /// Waits until no job is alive, counted after `ticket` was seen. Yields how many are.
    std::size_t wait_until_none(std::uint64_t ticket, bus::Duration within);

  private:
    using MonotonicTime = std::chrono::steady_clock::time_point;

    struct Job {
        LaunchOrder identity = {};  ///< Work, fence, type, config; the rest is in the folder.
        std::filesystem::path folder = {};
        std::optional<consumers::JobOrder> order = {};  ///< While it may have to be launched.
        JobStage stage = JobStage::absent;
        UniqueFd handle = {};                 ///< The supervisor's pidfd, while it is running.
        std::vector<std::int64_t> gpus = {};  ///< Its own from launching until settling.
        int launches = 0;                     ///< Of this order.
        bool stop_asked = false;
        std::stop_source launch_stop = {};
        bool said_running = false;
        consumers::JobProgress progress = {};
        bool progress_waits = false;
        MonotonicTime progress_at = {};  ///< Of the last report.
    };
    using Jobs = std::map<consumers::JobId, Job>;

    void wait();
    void turn();
    int milliseconds_until_due() const;
    void publish();

    void handle(StartAsked& asked);
    void handle(StopAsked& asked);
    void handle(StopAllAsked& asked);
    void handle(ForgetAsked& asked);
    void handle(Prepared& prepared);
    void handle(Settled& settled);
    void handle(Birth& birth);

    void adopt_all();
    void adopt(const std::filesystem::path& folder);
    void look_at_unseen();
    void look_for_supervisor(const consumers::JobId& id, Job& job);
    void stop(Job& job);

    void advance(const consumers::JobId& id, Job& job, JobNews news);
    std::vector<std::int64_t> gpus_taken() const;
    void begin_launch(const consumers::JobId& id, Job& job);
    void watch(const consumers::JobId& id, Job& job);
    void settle(const consumers::JobId& id, Job& job);
    void end(Job& job, JobNews news, consumers::JobEnded ended);
    void put_away(const std::filesystem::path& folder);

    void read_status_of(const consumers::JobId& id, Job& job);
    void say_running(const consumers::JobId& id, Job& job, std::int64_t pid);
    void hear_channel();
    void note_progress(Job& job, std::int64_t ppm, std::int64_t games);
    void report_progress();
    void report(consumers::JobReport report);
    void deliver();

    const JobSurroundings surroundings_;
    EndedFolders ended_folders_;  ///< Belongs to tidier_.
    const FileStore store_;
    UniqueFd wake_;  ///< An eventfd.
    bus::Inbox<HandsAsk> inbox_;
    bus::Inbox<WorkerAnswer> answers_;  ///< At most two for each job, so never full.
    bus::Inbox<consumers::JobReport> outbox_;
    std::unique_ptr<bus::JobChannel> channel_;  ///< May be none.
    bool channel_has_more_ = false;
    FolderWatch folders_;
    EndWatch ends_;
    Nursery nursery_;
    Jobs jobs_;
    std::deque<consumers::JobReport> undelivered_;  ///< While the outbox is full.
    std::uint64_t ticket_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable published_;
    JobsAlive alive_;         ///< Guarded by mutex_.
    HandsCounters counters_;  ///< Guarded by mutex_.

    VerifiedFiles verified_;  ///< Belongs to preparer_.
    FileWorker preparer_;     ///< Last: workers end before what they use.
    FileWorker settler_;
    FileWorker tidier_;
};

}  // namespace ringrift::ops
