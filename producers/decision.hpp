#pragma once

// What a decider answers: the facts to append, or the reason why nothing is to be said.
//
// A refusal is a domain answer, not a failure: its caller is told what to do by its name and
// sentence. Refusals are counted by kind and shown in /status.

#include <string>
#include <variant>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::producers {

/// A fact with its place in the chain; the command handler adds source, time and epoch.
struct Draft {
    bus::EventId id = {};  ///< Derived from the cause, so that saying it twice is saying it once.
    bus::EventId causation = {};
    bus::EventId correlation = {};  ///< Empty: the event is the first of its chain.
    bus::Fact fact = {};
    friend bool operator==(const Draft&, const Draft&) = default;
};

struct Refusal {
    enum class Kind {
        not_leader,     ///< Only the leader may say this. Ask the leader.
        unknown,        ///< No such work, node, config or model. Check the id.
        duplicate,      ///< It is so already. Nothing to do.
        not_held,       ///< The claim is gone: another holds it, or it has ended. Drop the result.
        nothing_waits,  ///< No work waits that this node could run. Ask again later.
        no_room,        ///< Work waits, but the node has not enough free. Ask when a job has ended.
        behind,         ///< The log does not show yet what this node said last. Ask again soon.
        held_back,      ///< The node's room is kept for a larger item that waits too long.
        id_taken,  ///< Another machine is here under this id. Choose another, or wait for its end.
        node_rests,  ///< The node is draining or in quarantine.
        not_open,    ///< The item has ended already.
        invalid      ///< The command itself is wrong; the sentence says what to change.
    };
    Kind kind = Kind::invalid;
    std::string sentence = {};
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

using Decision = std::variant<std::vector<Draft>, Refusal>;

}  // namespace ringrift::producers
