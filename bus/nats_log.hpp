#pragma once

// The log of a cluster of machines: a JetStream stream, `RINGRIFT_<cluster>`.
//
// A position is the stream's own sequence: from 1, without gaps, since nothing may be deleted from
// the stream (bus/nats_stream.hpp). What an acknowledgement is worth stands in bus/README.md.
//
// `append` says the whole batch, then waits for its acknowledgements: up to `append_wait` when the
// server is silent, not at all when it is known to be away (`unavailable`, at once). After an error
// the stream is verified in the background before the next append is tried, and a first part of
// the batch, or in a rare case a later one without an earlier (bus/nats_publisher.hpp), may stand
// in the log. Said again in the same order with the same ids within the duplicate window, each
// event stands there once.
//
// `read` serves what a thread has fetched ahead (bus/nats_follower.hpp).
//
// append, read, last, trouble: the node's thread. health, mark, on_news: any.

#include <mutex>
#include <optional>
#include <string>

#include "bus/log.hpp"
#include "bus/log_mark.hpp"
#include "bus/nats_connection.hpp"
#include "bus/nats_follower.hpp"
#include "bus/nats_publisher.hpp"

namespace ringrift::bus {

struct NatsLogSettings {
    StreamPlan stream = {};
    /// What this node last read, where it has read: the stream must be that one, and not end before
    /// it. Without it a stream that is missing is made.
    std::optional<LogMark> mark = {};
    Duration append_wait = std::chrono::seconds(2);
    FollowerLimits limits = {};
};

class NatsLog final : public Log {
  public:
    /// Returns at once; `health` tells how it goes. `connection` outlives this.
    NatsLog(NatsConnection& connection, NatsLogSettings settings);
    ~NatsLog() override;

    Result<Appended, AppendError> append(std::span<const Event> events) override;
    Result<Batch, ReadError> read(Position after, std::size_t count_max) override;
    Result<Position, ReadError> last() override;
    void on_news(std::function<void()> wake) override;
    std::string trouble() const override { return trouble_; }

    NatsHealth health() const;
    /// To be kept with a snapshot of what was folded from `read`, and given at the next start.
    /// Empty before the stream was seen.
    std::optional<LogMark> mark() const;
    /// Waits until it can be read and written; false when that took longer than `within`.
    bool wait_ready(Duration within) const;

  private:
    std::optional<AppendError> gather(std::span<const Event> events);
    std::optional<AppendError> unfit(const NatsHealth& health);
    std::optional<AppendError> oversized(std::size_t payload_max);
    void write(const Event& event, NatsLetter& into) const;
    std::string name_of(std::size_t said) const;
    Result<Appended, AppendError> judged(std::span<const NatsAck> acks, Position end_before);
    AppendError failed(std::span<const NatsAck> acks, std::size_t at);
    AppendError refuse(AppendError error, std::string sentence);

    NatsConnection& connection_;
    const NatsLogSettings settings_;
    const std::string stream_;
    NatsFollower follower_;
    NatsPublisher publisher_;
    std::vector<const Event*> said_;    ///< Of the append under way; each id once.
    std::vector<std::size_t> said_as_;  ///< For each event, which of those says it.
    std::string trouble_;
    mutable std::mutex full_mutex_;
    std::string full_ = {};  ///< Guarded by full_mutex_. Why the last append found no room.
};

}  // namespace ringrift::bus
