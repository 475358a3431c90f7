#pragma once

// Deciders of leadership: who stands, who steps down, which cluster config holds.
//
// Pure functions of sight and command. The vote itself is in producers/election; here stands only
// what is said in the log about it. The fold accepts the first LEADER_ELECTED of an epoch that was
// won, and no other.

#include "producers/command.hpp"

namespace ringrift::producers {

/// Also from who leads by the record: a restarted leader has to win again.
Decision decide(const Sight& sight, const Lead& command);
Decision decide(const Sight& sight, const StepDown& command);
/// Adds or removes one voter; a new one must have joined.
Decision decide(const Sight& sight, const ChangeVoters& command);
Decision decide(const Sight& sight, const ChangeConfig& command);
Decision decide(const Sight& sight, const NoteAdminAction& command);

}  // namespace ringrift::producers
