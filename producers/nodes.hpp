#pragma once

// Deciders of the cluster's membership: who joins and leaves, who is silent, who is set aside.
//
// Pure functions of sight and command. A node speaks for itself; only the leader judges others.
// Suspicion never ends work (an expired lease does), and every quarantine ends by itself.

#include <string>
#include <vector>

#include "producers/command.hpp"

namespace ringrift::producers {

Decision decide(const Sight& sight, const JoinCluster& command);
Decision decide(const Sight& sight, const LeaveCluster& command);
Decision decide(const Sight& sight, const DrainNode& command);
Decision decide(const Sight& sight, const QuarantineNode& command);
Decision decide(const Sight& sight, const ReleaseNode& command);
Decision decide(const Sight& sight, const RetireNode& command);
Decision decide(const Sight& sight, const JudgeSilence& command);
Decision decide(const Sight& sight, const RaiseAlert& command);
Decision decide(const Sight& sight, const ClearAlert& command);
Decision decide(const Sight& sight, const NoteNat& command);

/// Whether another machine lives in the cluster under the id with which this one would join.
bool is_taken(const projections::NodesView& nodes, const bus::NodeJoined& joined);

/// Quarantine for each node on which several pieces of work failed that passed elsewhere, since it
/// was last set aside or released.
std::vector<QuarantineNode> quarantines_due(const Sight& sight);

/// Why the node gets no work; empty when it does.
std::string why_it_rests(const projections::NodeEntry& node, bus::Time now);

inline constexpr std::size_t quarantine_evidence_min = 3;   ///< Pieces of work.
inline constexpr std::size_t quarantine_evidence_max = 20;  ///< Named in the event.
inline constexpr bus::Duration quarantine_for = std::chrono::minutes(30);
inline constexpr bus::Duration quarantine_max = std::chrono::hours(24);

}  // namespace ringrift::producers
