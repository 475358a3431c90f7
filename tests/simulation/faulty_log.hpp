#pragma once

// What can be wrong with a log, each as a decorator of the port, so that they combine.
//
// Order from the node inwards: WitnessLog, CrashingLog, UnknownAppendLog, OutageLog, LaggingLog,
// MemoryLog.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus/log.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

/// Passes everything on; each fault overrides what it spoils.
class LogDecorator : public bus::Log {
  public:
    explicit LogDecorator(bus::Log& inner) : inner_(inner) {}
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        return inner_.append(events);
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after, std::size_t max) override {
        return inner_.read(after, max);
    }
    bus::Result<bus::Position, bus::ReadError> last() override { return inner_.last(); }
    void on_news(std::function<void()> wake) override { inner_.on_news(std::move(wake)); }
    std::string trouble() const override { return inner_.trouble(); }

  protected:
    bus::Log& inner_;
};

/// Readers see what was appended a while ago, as behind a replicated stream. What was seen once
/// stays seen. Where the log ends is known at once: its writers tell.
class LaggingLog final : public LogDecorator {
  public:
    LaggingLog(bus::Log& inner, const SimClock& clock, Random random)
        : LogDecorator(inner), clock_(clock), random_(random) {}
    /// Of what is appended from now on; zero shows everything at once.
    void lag_at_most(bus::Duration lag);
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override;
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after, std::size_t max) override;

  private:
    bus::Position visible();

    const SimClock& clock_;
    Random random_;
    bus::Duration lag_max_ = {};
    std::vector<bus::Duration> visible_from_;  ///< By position less one; never decreasing.
    bus::Position seen_ = 0;
};

/// The log is away, or has no room.
class OutageLog final : public LogDecorator {
  public:
    enum class State { fine, away, full };
    explicit OutageLog(bus::Log& inner) : LogDecorator(inner) {}
    void set(State state) { state_ = state; }

    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override;
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after, std::size_t max) override;
    bus::Result<bus::Position, bus::ReadError> last() override;
    std::string trouble() const override;

  private:
    State state_ = State::fine;
};

/// Sometimes the answer to an append is lost: a first part of it was written, or all, or nothing.
class UnknownAppendLog final : public LogDecorator {
  public:
    UnknownAppendLog(bus::Log& inner, Random random) : LogDecorator(inner), random_(random) {}
    void happens(std::int64_t ppm) { ppm_ = ppm; }

    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override;
    std::string trouble() const override;

  private:
    Random random_;
    std::int64_t ppm_ = 0;
    bool lost_ = false;
};

/// The process dies somewhere in an append.
class CrashingLog final : public LogDecorator {
  public:
    CrashingLog(bus::Log& inner, Fuse& fuse) : LogDecorator(inner), fuse_(fuse) {}
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override;

  private:
    Fuse& fuse_;
};

/// Spoils nothing: notes how much of the log the writer had folded when it first said each event,
/// and what it says again although it could know better.
class WitnessLog final : public LogDecorator {
  public:
    using Folded = std::function<bus::Position()>;
    WitnessLog(bus::Log& inner, Folded folded) : LogDecorator(inner), folded_(std::move(folded)) {}

    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override;
    /// By event.
    const std::map<bus::EventId, bus::Position>& seen_by_writer() const { return seen_; }
    /// These are left of the log: what else was said may be said again.
    void forget_lost(const bus::Batch& left);
    /// Events that stood in the part of the log that their writer had folded already.
    const std::vector<bus::Position>& said_again() const { return said_again_; }

  private:
    const Folded folded_;
    std::map<bus::EventId, bus::Position> seen_;
    std::set<bus::EventId> doubtful_;
    std::vector<bus::Position> said_again_;
};

}  // namespace ringrift::simulation
