#pragma once

// The loop of `ringrift on`: next event, command, again after a pause if it fails, aside after so
// many attempts; then the next event. At least once, in the order of the log, one at a time.
//
// A command that cannot even be started parks nothing: the program ends and says so, and the event
// waits. For one thread, which it blocks until it is told to stop.

#include <functional>
#include <string>

#include "ops/on/event_command.hpp"
#include "ops/on/event_types.hpp"
#include "ops/on/feed.hpp"

namespace ringrift::ops::on {

struct RunnerSettings {
    std::string name = {};
    EventTypes types = {};
    std::int64_t attempts_max = 5;
    /// Before the second attempt; doubles, up to `pause_max`.
    bus::Duration pause = std::chrono::seconds(1);
    bus::Duration pause_max = std::chrono::minutes(5);
    Environment environment = {};  ///< What the command inherits.
};

/// What the runner needs of the world.
struct RunnerPorts {
    EventFeed& feed;
    /// As EventCommand::run.
    std::function<CommandOutcome(const std::string& line, const Environment& environment,
                                 const std::function<bool()>& look)>
        run = {};
    std::function<bool()> stopping = {};           ///< Whether we are told to stop.
    std::function<void(bus::Duration)> wait = {};  ///< Ends early when we are.
    std::function<bus::Time()> now = {};
    std::function<void(const std::string& line)> say = {};  ///< To the operator.
};

class Runner {
  public:
    Runner(RunnerSettings settings, RunnerPorts ports)
        : settings_(std::move(settings)), ports_(std::move(ports)) {}

    /// Until told to stop (ok), or until it cannot go on.
    Exit run();

    /// Once for each of these, without pauses; those that end well are no longer parked. `failed`
    /// counts the others.
    struct Redriven {
        int done = 0;
        int failed = 0;
        std::optional<Exit> exit = {};
    };
    Redriven redrive(const std::vector<ParkedEvent>& events);

  private:
    std::optional<Exit> work_on(const FedEvent& event);
    CommandOutcome attempt(const FedEvent& event, std::int64_t number);
    bool pause_after(const FedEvent& event, std::int64_t attempts);
    bool park(const FedEvent& event, std::int64_t attempts, const CommandOutcome& outcome);
    void finish(const FedEvent& event);

    const RunnerSettings settings_;
    const RunnerPorts ports_;
    bus::Position finished_ = 0;  ///< The last one that is done, whether or not that was kept.
};

/// How long before the attempt after so many that failed (1, 2, …).
bus::Duration pause_before_next(const RunnerSettings& settings, std::int64_t attempts);

}  // namespace ringrift::ops::on
