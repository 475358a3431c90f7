#pragma once

// What must be true of every simulation of several machines, besides
// tests/simulation/properties.hpp: each a function over the log that it left, and over what the
// nodes were told meanwhile.

#include "tests/simulation/fleet.hpp"
#include "tests/simulation/properties.hpp"

namespace ringrift::simulation {

// ---- at every moment ------------------------------------------------------------------------

/// Epochs go up by one; each begins with the votes of a majority, given once each; what is said in
/// another reign, or by another than the leader, does not hold. An auditor who reads the log and
/// every letter says the same as the fold.
Violations reigns_follow_each_other(const Fleet& fleet);

/// Taking all that is void out of the log changes nothing but the count of what is void.
Violations void_events_have_no_effect(const History& history, const Ledger& ledger,
                                      const projections::ClusterView& view);

/// Whatever holds of a leader's was decided while a majority was bound to it, by its own clock.
Violations leaders_are_silent_after_their_lease(const Fleet& fleet, const History& history,
                                                const Ledger& ledger);

/// No claim is taken back from a node whose heartbeats name it.
Violations claims_that_are_named_live(const Fleet& fleet, const History& history,
                                      const Ledger& ledger);

/// A program runs once for each claim, and two nodes never hold the same claim.
Violations claims_start_one_program(const Fleet& fleet);

// ---- in the end -----------------------------------------------------------------------------

/// Every node has folded the whole log, but for what came in the last moment before the
/// simulation ended, and its view has the same bytes.
Violations views_are_the_same_everywhere(const Fleet& fleet);
inline constexpr bus::Duration seen_within = std::chrono::seconds(1);
Violations games_of_all_nodes_are_recorded(const Fleet& fleet);
Violations all_nodes_are_well(const Fleet& fleet);

/// Once faults stop, somebody leads within `leader_within`, work is claimed within
/// `claim_within`, and a candidate made from games of that time is decided upon in the quiet time.
Violations productive_again(const Fleet& fleet, const History& history, const Ledger& ledger);
inline constexpr bus::Duration leader_within = std::chrono::seconds(90);
/// The only node with room may be in quarantine (30 minutes) while jobs that hang fill the others.
inline constexpr bus::Duration claim_within = std::chrono::minutes(35);

}  // namespace ringrift::simulation
