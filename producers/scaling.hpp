#pragma once

// Deciders of the cluster's size: the decision to add or end machines, and the requests that follow
// from it, which are what a provider acts on.
//
//     SCALE_DECIDED +2 ─▶ NODE_PROVISION_REQUESTED, twice     (nothing, in a dry run)
//     SCALE_DECIDED -1 ─▶ NODE_TERMINATION_REQUESTED          (unless the node has become needed)
//
// and, once the provider has done it, NODE_PROVISIONED and NODE_TERMINATED.
//
// Whether a machine *should* be ended is AutoScaling's to say; whether it *may* be is said here,
// and asked again when the request is made: a node that leads, votes, holds a claim or has the only
// sound copy of a file is never ended, whoever asks. Pure functions of sight and command.

#include <string>

#include "producers/command.hpp"

namespace ringrift::producers {

Decision decide(const Sight& sight, const DecideScale& command);
/// The next machine of the last decision.
Decision decide(const Sight& sight, const RequestProvision& command);
Decision decide(const Sight& sight, const RequestTermination& command);
Decision decide(const Sight& sight, const ReportProvisioned& command);
Decision decide(const Sight& sight, const ReportTerminated& command);

/// The node whose machine the last decision ends, from the request until it is ended. Null when
/// there is none, or it was released or joined anew meanwhile.
const projections::NodeEntry* node_to_end(const Sight& sight);

/// Why the node may not be ended; empty when it may.
std::string why_needed(const Sight& sight, const projections::NodeEntry& node);

/// How many requests the last decision still wants: machines to add, or 1 for the one to end. 0 in
/// a dry run, and when the decision is so old that it no longer says what the cluster needs.
std::int64_t requests_due(const Sight& sight);

/// A decision that nobody followed up for so long (its leader died) is left alone.
inline constexpr bus::Duration decision_holds_for = std::chrono::minutes(10);

/// A machine that was asked for and did not come in this time is not wanted any more; nor is one
/// waited for that does not end.
inline constexpr bus::Duration machine_wanted_for = std::chrono::minutes(30);

}  // namespace ringrift::producers
