#pragma once

// The local channel of a node, by which its jobs say how far they are: a ZeroMQ PULL socket on ipc.
//
// Whoever owns it polls `descriptor` and calls `receive` until there is no more. Only processes
// of the same user can reach the socket. When nobody receives, senders wait or drop: memory is
// bounded by ZeroMQ's high-water mark. After a restart of the daemon the socket lies at the same
// path, and the jobs' sockets reconnect by themselves. Belongs to one thread.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/job_message.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

/// Whatever is not delivered is counted here, in exactly one of them.
struct JobChannelCounters {
    std::int64_t received = 0;
    std::int64_t malformed = 0;  ///< No such JSON, or of several frames.
    std::int64_t too_large = 0;  ///< Over `job_message_bytes_max`.
    std::int64_t over_rate = 0;  ///< Of a job that says more than its rate.
};

/// One job may say so many at once, and so many a second in the long run.
inline constexpr double job_messages_burst_max = 200;
inline constexpr double job_messages_per_second_max = 50;

/// A sentence: what is wrong and what to change.
struct ChannelProblem {
    std::string sentence = {};
};

class JobChannel {
  public:
    using MonotonicTime = std::chrono::steady_clock::time_point;

    /// REQUIRES: `path` from `channel_path`, and no other daemon on it.
    static Result<std::unique_ptr<JobChannel>, ChannelProblem> open(
        const std::filesystem::path& path);

    ~JobChannel();

    /// What jobs connect to: `ipc://…`.
    const std::string& endpoint() const { return endpoint_; }

    /// Readable when `receive` should be called. It may be readable for nothing, and it is not
    /// readable again for what was left unreceived.
    int descriptor() const;

    struct Received {
        std::vector<JobMessage> messages = {};
        bool more = false;  ///< Call again: `descriptor` will not say so.
    };

    /// Looks at `count_max` messages at most.
    Received receive(std::size_t count_max, MonotonicTime now);

    const JobChannelCounters& counters() const { return counters_; }

  private:
    struct Sockets;
    struct Allowance {
        double left = job_messages_burst_max;
        MonotonicTime at = {};
    };

    JobChannel(std::unique_ptr<Sockets> sockets, std::string endpoint);
    bool within_rate(const JobMessage& message, MonotonicTime now);

    std::unique_ptr<Sockets> sockets_;
    std::string endpoint_;
    JobChannelCounters counters_;
    std::map<std::pair<WorkId, Position>, Allowance> allowances_;  ///< At most `allowances_max`.
};

/// `<data>/channel/jobs`, or where that is too long for a socket (107 bytes), a short path derived
/// from it in `runtime_folder` or `/tmp`. Makes the folder, for this user only. Each data folder
/// has its own path, always the same.
Result<std::filesystem::path, ChannelProblem> channel_path(
    const std::filesystem::path& data_folder, const std::filesystem::path& runtime_folder);

}  // namespace ringrift::bus
