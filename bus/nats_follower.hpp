#pragma once

// Keeps the next events of the stream at hand, so that the node's thread never waits for a server.
//
// A thread of its own verifies the stream whenever the connection is up, creates an ephemeral pull
// consumer behind what is at hand, asks for as much as there is room for, decodes, and puts events
// in a bounded buffer that `read` takes from. A stream has no gaps, so each message must be the
// next one: if it is not, the consumer is made anew, and if its first message is not the next one
// either, the log is damaged. The same after each loss of line, leader or consumer.
//
// What cannot be known is not said: the end of the log counts only once the stream's leader has
// told it on this line, and never below what was acknowledged to us or read by us.
//
// `read`, `last`, `acknowledged` and `doubt` are for one thread, the node's; `health`, `mark` and
// `on_news` for any.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "bus/log.hpp"
#include "bus/log_mark.hpp"
#include "bus/nats_connection.hpp"
#include "bus/nats_stream.hpp"

namespace ringrift::bus {

struct FollowerLimits {
    std::size_t events_max = 8192;     ///< In the buffer: some 5 ms of folding.
    std::size_t bytes_max = 16 << 20;  ///< Of their texts; one more request may come on top.
    Duration read_wait = std::chrono::seconds(1);  ///< For events that are known to exist.
};

class NatsFollower {
  public:
    /// `mark`: the last event that its folds have seen; reading begins behind it.
    NatsFollower(NatsConnection& connection, StreamPlan plan, std::optional<LogMark> mark,
                 FollowerLimits limits);
    ~NatsFollower();
    NatsFollower(const NatsFollower&) = delete;
    NatsFollower& operator=(const NatsFollower&) = delete;

    /// At once, but for events that are known to exist and on their way: up to `read_wait`.
    Result<Batch, ReadError> read(Position after, std::size_t count_max);
    Result<Position, ReadError> last();
    /// The end of the log as known, trusted or not.
    Position end_known() const;

    /// An append of ours was acknowledged there.
    void acknowledged(Position position);
    /// An append was not: the stream is verified before anything more is promised.
    void doubt(std::string sentence);
    /// An acknowledgement proved that the stream is not what it was.
    void stop_for(NatsHealth health);

    void on_news(std::function<void()> wake);
    NatsHealth health() const;
    /// Of the last event that `read` gave away; empty before the first.
    std::optional<LogMark> mark() const;
    std::string trouble() const { return trouble_; }
    bool wait_ready(Duration within) const;

  private:
    struct Anchor {
        Position position = 0;
        EventId id = {};
    };
    struct Fetched {
        Recorded recorded = {};
        std::size_t bytes = 0;  ///< Of its text.
    };
    struct Pull;  ///< One consumer and its request under way.
    enum class Next { go_on, consumer_anew, verify_anew };

    // On the follower's thread:
    void run(const std::stop_token& stop);
    bool prepare(const NatsLine& line, __jsCtx* jetstream);
    NatsHealth explained(NatsHealth failed, std::uint64_t forbidden_before) const;
    void accept(const StreamFacts& facts, std::uint64_t line);
    void follow(const NatsLine& line, __jsCtx* jetstream, const std::stop_token& stop);
    bool answer_seek(const NatsLine& line, const std::stop_token& stop);
    bool make_consumer(Pull& pull, const NatsLine& line, __jsCtx* jetstream);
    Next fetch(Pull& pull, const NatsLine& line, const std::stop_token& stop);
    void become(NatsHealth health);
    void suspect(const NatsHealth& health, const std::stop_token& stop);
    void pause(const std::stop_token& stop, Duration time);

    // On a thread of libnats:
    void take(Pull& pull, __natsMsg* message);

    // With mutex_ held:
    void take_event(Pull& pull, Fetched fetched);
    bool is_ready() const;
    bool is_disturbed(const Pull& pull) const;
    void seek(Position after);
    bool has_enough(std::size_t count_max) const;
    Batch give(std::size_t count_max);
    void set(NatsHealth health);
    void tell_news();

    NatsConnection& connection_;  ///< Outlives this.
    const FollowerLimits limits_;
    StreamPlan plan_;  ///< Of the follower's thread.
    // Of the follower's thread, which gives no log up for one odd answer:
    int behind_ = 0;       ///< Times in a row that the stream ended before its end.
    int broken_ = 0;       ///< Times in a row that not the next event came.
    std::string trouble_;  ///< Of the node's thread.

    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    NatsHealth health_;         ///< Guarded by mutex_, and so are all below.
    std::uint64_t line_ = 0;    ///< That the stream was verified on.
    std::string created_ = {};  ///< Identity of the stream; empty before it is known.
    Position end_ = 0;          ///< Highest position acknowledged, received or told.
    Position after_ = 0;        ///< The buffer begins behind it,
    Position fetched_ = 0;      ///< and ends with it.
    std::uint64_t seeks_ = 0;   ///< Counts jumps of the reader.
    std::uint64_t seeks_answered_ = 0;
    std::uint64_t stirs_ = 0;  ///< Counts what the follower's thread should look at.
    bool is_doubted_ = false;
    std::deque<Fetched> buffer_ = {};
    std::size_t buffer_bytes_ = 0;
    std::size_t awaited_ = 0;            ///< How many events a `read` waits for; 0: none does.
    std::optional<Anchor> anchor_ = {};  ///< The last event known by id: the next may be checked.
    std::optional<Anchor> given_ = {};   ///< The last event that was given away.
    std::function<void()> wake_ = {};
    bool waits_ = true;  ///< To be woken: nothing was told since the last read.

    std::jthread thread_;  ///< Last: it uses all of these.
};

}  // namespace ringrift::bus
