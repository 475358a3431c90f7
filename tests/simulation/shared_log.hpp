#pragma once

// The log that several nodes share, as a replicated stream on its own machines, and each node's way
// to it.
//
// What is acknowledged stays, in its order: bus/README.md says so of three replicas. What is not
// acknowledged may have been written, in part, or be written later, up to ten minutes after whoever
// sent it gave up; while the stream has no leader, what was under way is kept or lost from some
// event on. Only a power failure of all its servers at once takes back what was acknowledged. Ids
// are known for as long as the stream remembers them. Readers may be behind.

#include <functional>
#include <map>
#include <vector>

#include "bus/log.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

class SharedLog {
  public:
    SharedLog(const SimClock& clock, Random random, bus::Duration remembers_ids_for)
        : clock_(clock), random_(random), remembers_ids_for_(remembers_ids_for) {}

    bus::Appended append(std::span<const bus::Event> events);
    /// They arrive by themselves, after a while.
    void append_late(std::span<const bus::Event> events, bus::Duration after);
    /// What is late and has arrived by now is written.
    void land();
    std::optional<bus::Duration> next_landing() const;

    /// The stream's leader is gone: for a while nothing is acknowledged, and each batch that was
    /// under way loses a last part.
    void lose_leader(bus::Duration lasts);
    /// The power failed before its servers had written all to disk: what was acknowledged in this
    /// last time is gone, and what was under way. One event is left at least.
    void lose_last(bus::Duration time);
    bool has_leader() const { return clock_.passed() >= leaderless_until_; }
    void heal() { leaderless_until_ = {}; }

    bus::Batch read(bus::Position after, std::size_t max) const;
    bus::Position last() const { return events_.size(); }
    /// When each event came into the log, by what had passed; by position less one.
    const std::vector<bus::Duration>& stamps() const { return stamps_; }
    /// Called after something was written.
    std::function<void()> on_append = {};

  private:
    struct Known {
        bus::Position position = 0;
        bus::Duration at = {};
    };
    const SimClock& clock_;
    Random random_;
    const bus::Duration remembers_ids_for_;
    std::vector<bus::Event> events_;
    std::vector<bus::Duration> stamps_;
    std::map<bus::EventId, Known> known_;
    std::multimap<bus::Duration, std::vector<bus::Event>> under_way_;
    bus::Duration leaderless_until_ = {};
};

/// How one node reaches the log.
class LogWay final : public bus::Log {
  public:
    enum class State {
        fine,
        cut,   ///< Nothing passes, though what is said may arrive when nobody counts on it.
        deaf,  ///< What it says arrives; nothing comes back.
        mute,  ///< It reads; what it says arrives late or not at all.
    };
    LogWay(SharedLog& log, const SimClock& clock, Random random)
        : log_(log), clock_(clock), random_(random) {}

    void set(State state) { state_ = state; }
    State state() const { return state_; }
    bool readable() const { return state_ == State::fine || state_ == State::mute; }
    void lag_at_most(bus::Duration lag);
    /// Shares of the appends, in a million: the answer is lost; and it arrives late besides.
    void spoil(std::int64_t unknown_ppm, std::int64_t late_ppm) {
        unknown_ppm_ = unknown_ppm;
        late_ppm_ = late_ppm;
    }
    /// The log is shorter than it was.
    void forget_lost();
    /// Notes what was written. Returns when this node sees the last of it.
    bus::Duration note_written();

    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override;
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after, std::size_t max) override;
    bus::Result<bus::Position, bus::ReadError> last() override;
    void on_news(std::function<void()>) override {}  // The fleet wakes its nodes itself.
    std::string trouble() const override { return trouble_; }

  private:
    bus::AppendError fail(const char* trouble) {
        trouble_ = trouble;
        return bus::AppendError::unavailable;
    }
    std::span<const bus::Event> some_of(std::span<const bus::Event> events) {
        return events.first(static_cast<std::size_t>(random_.between(0, std::ssize(events))));
    }

    SharedLog& log_;
    const SimClock& clock_;
    Random random_;
    State state_ = State::fine;
    bus::Duration lag_max_ = {};
    std::int64_t unknown_ppm_ = 0;
    std::int64_t late_ppm_ = 0;
    std::vector<bus::Duration> visible_from_;  ///< By position less one; never decreasing.
    bus::Position seen_ = 0;
    std::string trouble_;
};

}  // namespace ringrift::simulation
