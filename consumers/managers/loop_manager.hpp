#pragma once

// LoopManager: runs the loops that are due, and remembers how each went.
//
// Loops themselves have no memory; all of it is here. They run one after the other on the node's
// thread, in the order in which they were added, so what they ask for has one order on every run. A
// loop that throws shows its error, is tried again after a back-off, and does not stop the others.
// A loop that hangs holds up the node; the beat goes stale and `running` names it.
//
// The first runs are spread over `spread_max` by a hash of node and loop, so that a thousand nodes
// started together do not ask together. Loops of the leader are due at once on a new leader.
//
// Belongs to the node's thread; only `running` may be called from another.

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/loop.hpp"
#include "consumers/loop_pulse.hpp"

namespace ringrift::consumers {

/// Any loop, as the manager keeps it.
struct AnyLoop {
    std::string_view name = {};
    bus::Duration period = {};
    RunsOn runs_on = RunsOn::leader;
    std::function<Commands(const producers::Sight&)> step = {};
    std::function<std::string(const producers::Sight&)> why_rests = {};  ///< Empty: it never rests.
};

template <Loop L>
AnyLoop any_loop(L loop) {
    AnyLoop any = {.name = L::name, .period = L::period, .runs_on = L::runs_on};
    if constexpr (MayRest<L>) {
        any.why_rests = [loop](const producers::Sight& sight) { return loop.why_rests(sight); };
    }
    any.step = [loop = std::move(loop)](const producers::Sight& sight) { return loop.step(sight); };
    return any;
}

/// A command and the loop that asked for it, for refusals and logs.
struct LoopCommand {
    std::string_view loop = {};
    producers::Command command = {};
};

class LoopManager {
  public:
    static constexpr bus::Duration spread_max = std::chrono::seconds(2);
    static constexpr bus::Duration back_off_first = std::chrono::seconds(1);
    static constexpr bus::Duration back_off_max = std::chrono::minutes(5);

    /// `self` spreads the first runs; `clock` measures how long runs take.
    LoopManager(bus::NodeId self, bus::Clock& clock) : self_(std::move(self)), clock_(clock) {}

    /// REQUIRES: not started, and no loop of that name was added.
    void add(AnyLoop loop);
    template <Loop L>
    void add(L loop) {
        add(any_loop(std::move(loop)));
    }

    /// To start what is started, or to stop what is stopped, changes nothing.
    void start_all(bus::Time now);
    void stop_all();

    /// The loop runs at the next `run_due` where it may, though not before the end of a back-off.
    /// REQUIRES: a loop of that name was added.
    void wake(std::string_view name);

    /// Runs what is due at `sight.now`. Nothing before `start_all`.
    std::vector<LoopCommand> run_due(const producers::Sight& sight, bool is_leader);

    /// All loops, in the order in which they were added.
    std::vector<LoopPulse> pulse() const;

    /// When the loop last ran without failing, none when it never did; `now` of a leader's loop on
    /// another node, where nothing waits for it.
    /// REQUIRES: a loop of that name was added.
    std::optional<bus::Time> last_success_of(std::string_view name, bool is_leader,
                                             bus::Time now) const;

    /// The loop that runs now, on any thread's question.
    std::optional<RunningLoop> running() const;

  private:
    struct Entry {
        AnyLoop loop = {};
        LoopPulse pulse = {};
        std::string rests = {};  ///< Why, as the loop said when it last ran.
        bus::Time due_at = {};
        bus::Time back_off_until_at = {};
        bool woken = false;
    };

    bool is_due(const Entry& entry, bus::Time now) const;
    void run(Entry& entry, const producers::Sight& sight, std::vector<LoopCommand>& commands);
    void failed(Entry& entry, bus::Time now, std::string error);
    void set_running(std::optional<RunningLoop> loop);

    const bus::NodeId self_;
    bus::Clock& clock_;
    std::vector<Entry> entries_;
    bool started_ = false;
    mutable std::mutex mutex_;
    std::optional<RunningLoop> running_;  ///< Guarded by mutex_.
};

}  // namespace ringrift::consumers
