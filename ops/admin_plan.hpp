#pragma once

// What a person's request leads to: commands, loops to wake, or a refusal with a sentence.
//
// Pure; the node carries the plan out on its own thread (ops/node_admin.cpp). With `dry_run` the
// reply says what would be done, and nothing is.

#include <string>
#include <string_view>
#include <vector>

#include "consumers/loop.hpp"
#include "ops/admin.hpp"

namespace ringrift::ops {

struct AdminPlan {
    consumers::Commands commands = {};
    std::vector<std::string_view> wakes = {};  ///< Loops to run at once.
    bool shuts_down = false;
    bool elects_anew = false;
    AdminReply reply = {};  ///< When all commands are accepted, or a refusal.
};

AdminPlan plan_admin(const AdminRequest& request, const producers::Sight& sight);

/// A claim younger than this is on its way to being started, not stale.
inline constexpr bus::Duration fresh_claim = std::chrono::seconds(60);

/// HTTP status of a refusal.
int status_of(producers::Refusal::Kind kind);

}  // namespace ringrift::ops
