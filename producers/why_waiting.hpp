#pragma once

// Why an item is not running: one reason, and a sentence that says what would have to change.
//
// For /explain and /status. Pure functions of sight, so the answer is the scheduler's own view and
// not a guess. `why_waiting` costs a look at each node, `waiting_reasons` one at each node for each
// line of items that need the same, however many items wait.

#include <map>
#include <string>

#include "producers/command.hpp"

namespace ringrift::producers {

enum class WaitReason {
    not_waiting,  ///< It is held, has ended, or is not known.
    dependency,   ///< Other work has to be completed first.
    not_before,   ///< Its time has not come: as ordered, or after a setback.
    no_nodes,     ///< No node is alive.
    capability,   ///< No living node is set up for its type.
    too_large,    ///< No living node could run it, even when empty.
    nodes_rest,   ///< Those that could are suspected, draining or in quarantine.
    nodes_busy,   ///< Those that could have not enough free now.
    ready         ///< A node has room: it goes with that node's next request.
};
BOOST_DESCRIBE_ENUM(WaitReason, not_waiting, dependency, not_before, no_nodes, capability,
                    too_large, nodes_rest, nodes_busy, ready)

struct Waiting {
    WaitReason reason = WaitReason::not_waiting;
    std::string sentence = {};
    friend bool operator==(const Waiting&, const Waiting&) = default;
};

Waiting why_waiting(const Sight& sight, const bus::WorkId& work);

/// How many pending items wait for each reason.
std::map<WaitReason, std::int64_t> waiting_reasons(const Sight& sight);

std::string_view name_of(WaitReason reason);

}  // namespace ringrift::producers
