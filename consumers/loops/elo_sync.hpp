#pragma once

// EloSync: brings the ratings in line with the rating games, and closes tournaments whose matches
// have all been counted. Every 5 minutes, and at once after a MATCH_PLAYED.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct EloSync {
    static constexpr std::string_view name = "elo_sync";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::leader;

    Commands step(const producers::Sight& sight) const;
};
static_assert(Loop<EloSync>);

}  // namespace ringrift::consumers
