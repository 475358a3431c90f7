#pragma once

// The port that `ringrift on` gets its events through: one after the other, in the order of the
// log, from where it was left. NATS JetStream (ops/on/nats_feed) or a node's API (ops/on/api_feed).
//
// - An event comes again, in this process or in a later one, until it is `done`.
// - What is parked is kept durably and away from the order, until it is `unparked`.
// - Nothing blocks for longer than some seconds. For one thread.

#include <optional>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/time.hpp"
#include "ops/exit_codes.hpp"
#include "ops/on/parked_event.hpp"

namespace ringrift::ops::on {

struct FedEvent {
    bus::Position position = 0;
    std::string text = {};       ///< One line of CloudEvents JSON.
    std::int64_t failed = 0;     ///< Attempts that did not end well, as far as it is remembered.
    std::string answer_to = {};  ///< The feed's own.
};

class EventFeed {
  public:
    virtual ~EventFeed() = default;

    /// Begins, or goes on where it was. The error ends the program.
    virtual bus::Result<ConsumerState, Exit> open() = 0;

    /// The next event; empty when none came within `wait`. The error ends the program.
    virtual bus::Result<std::optional<FedEvent>, Exit> next(bus::Duration wait) = 0;

    /// Why nothing comes; empty when all is well.
    virtual std::string trouble() const = 0;

    /// It is done. False when that could not be kept: then it comes again.
    virtual bool done(const FedEvent& event) = 0;
    /// It has failed so often by now.
    virtual void note_failed(const FedEvent& event, std::int64_t attempts) = 0;
    /// It is still being worked on; said every second.
    virtual void still_at_it(const FedEvent& event) = 0;
    /// It is not done, and comes again as soon as somebody asks.
    virtual void give_back(const FedEvent& event) = 0;

    /// The errors are sentences.
    virtual bus::Result<bus::Done, std::string> park(const ParkedEvent& event) = 0;
    virtual bus::Result<std::vector<ParkedEvent>, std::string> parked() = 0;
    virtual bus::Result<bus::Done, std::string> unpark(bus::Position position) = 0;
};

/// What its consumers look for and where they are kept: what is to be seen without running any.
class Registry {
  public:
    virtual ~Registry() = default;
    virtual bus::Result<std::vector<ConsumerState>, Exit> consumers() = 0;
    /// It is forgotten how far it has come; what it parked stays.
    virtual std::optional<Exit> forget(const std::string& name) = 0;
};

}  // namespace ringrift::ops::on
