#pragma once

// Events from outside on their way in: what each leads to, whoever sent it and under whatever name.
//
// Programs written for the Python original say less than we ask: no id, no digest, no list of
// files. What they leave out is worked out where the log or the event itself gives it, and never
// guessed:
//
// - *taken*: it becomes canonical facts, and an id that it lacks is derived from its content;
// - *parked*: it stands in the log as it came, changes nothing, and is shown with a sentence that
//   says what it lacks (/status .parked). Driven anew with that added, it is taken;
// - *refused*: it is wrong, shows a failure as a success, or says what only our leader may say.
//
// bus/README.md has the table by type. No file is believed in without its digest, so nothing that
// is said from outside leads to a promotion but through matches that our jobs played with that
// very file. Pure functions.

#include <string>
#include <variant>
#include <vector>

#include "producers/command.hpp"

namespace ringrift::producers {

/// As it came.
struct OutsideEvent {
    bus::EventId id = {};     ///< The sender's, or derived from the content.
    std::string type = {};    ///< Under any of its names.
    std::string data = {};    ///< JSON text of an object.
    bus::WorkId job = {};     ///< The job of this node that says it; empty: somebody else.
    bus::EventId cause = {};  ///< The parked event that is driven anew; empty for a first try.
};

struct TakenIn {
    std::vector<Command> commands = {};  ///< At least one.
    std::string parked = {};             ///< What it lacks; empty when it is taken.
};

std::variant<TakenIn, Refusal> take_in(const Sight& sight, const OutsideEvent& event);

Decision decide(const Sight& sight, const ParkEvent& command);

}  // namespace ringrift::producers
