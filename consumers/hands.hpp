#pragma once

// The port of the hands: starts and ends the programs of this node, and tells what became of them.
//
// A job is an attempt at an item of work, named by the work and the fence of its claim. All calls
// return at once; the work is done on the hands' own thread, and the news comes through `drain`.
// Whatever is asked is idempotent: to start what runs, or to end what has ended, changes nothing.
// After a restart of the daemon, jobs that still run and jobs that ended meanwhile are reported as
// if they were new, so JobManager needs no recovery code. Calls on the node's thread only.
//
// Real ones: ops/jobs/posix_hands. False ones: tests/simulation.

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "bus/events/data_events.hpp"
#include "bus/events/work_events.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::consumers {

struct JobId {
    bus::WorkId work = {};
    bus::Position fence = 0;
    friend auto operator<=>(const JobId&, const JobId&) = default;
};

/// A file that the job needs; checked against its digest before the program starts.
struct JobInput {
    bus::FileDigest file = {};
    std::string path = {};
    friend bool operator==(const JobInput&, const JobInput&) = default;
};

/// What to run. `{output}` and `{inputs}` in `argv` are replaced by the hands with the job's output
/// folder and with a text file that names the inputs' paths, one a line.
struct JobOrder {
    JobId job = {};
    bus::WorkType type = bus::WorkType::selfplay;
    bus::ConfigKey config = {};
    std::vector<std::string> argv = {};
    std::map<std::string, std::string> environment = {};  ///< RINGRIFT_*, beside what hands add.
    std::vector<JobInput> inputs = {};                    ///< Listed in `{inputs}`.
    std::vector<JobInput> models = {};                    ///< Checked as well, named in `argv`.
    bus::Duration timeout = std::chrono::hours(1);
    std::int64_t gpus = 0;              ///< How many; which ones is the hands' choice.
    std::int64_t memory_bytes_max = 0;  ///< Of the whole process group; 0 is no limit.
    std::int64_t output_bytes_max = 0;  ///< Of the output folder; 0 is no limit.
    friend bool operator==(const JobOrder&, const JobOrder&) = default;
};

/// The program runs.
struct JobRunning {
    JobId job = {};
    std::int64_t pid = 0;
};

/// What the job says of itself; telemetry, bounded to a few a second by the hands.
struct JobProgress {
    JobId job = {};
    std::int64_t progress_ppm = 0;
    std::int64_t games = 0;
};

/// An event that the job told the local channel, not yet validated: the ingest consumer judges it.
struct JobSays {
    JobId job = {};
    std::string type = {};  ///< Canonical or alias, as the job wrote it.
    std::string data = {};  ///< JSON text of `data`.
};

struct JobFailure {
    bus::FailureKind kind = bus::FailureKind::exit_code;
    std::string reason = {};
    std::int64_t exit_code = 0;
    std::int64_t signal = 0;
    std::string stderr_tail = {};
};

/// The program has ended as asked, its result is valid, and its files lie, durable and under their
/// digests, in the data directory.
struct JobSuccess {
    bus::WorkResult result = {};
};

/// We ended it because JobManager asked; neither success nor failure.
struct JobStopped {};

struct JobEnded {
    JobId job = {};
    bus::WorkType type = bus::WorkType::selfplay;
    bus::ConfigKey config = {};
    bus::Duration run = {};
    std::variant<JobSuccess, JobFailure, JobStopped> outcome = {};
};

using JobReport = std::variant<JobRunning, JobProgress, JobSays, JobEnded>;

class Hands {
  public:
    virtual ~Hands() = default;

    virtual void start(const JobOrder& order) = 0;

    /// SIGTERM to the whole group, SIGKILL after the grace. Ends as JobStopped unless it was
    /// faster.
    virtual void stop(const JobId& job) = 0;

    /// The end of this job is in the log: it will not be reported again, its folder may go.
    virtual void forget(const JobId& job) = 0;

    /// What happened since the last call, oldest first, at most `reports_per_drain_max`.
    virtual std::vector<JobReport> drain() = 0;

    /// What came from jobs and their folders since the start, by kind, and what of it was lost.
    virtual std::map<std::string, std::int64_t> counts() const { return {}; }
};

inline constexpr std::size_t reports_per_drain_max = 256;

}  // namespace ringrift::consumers
