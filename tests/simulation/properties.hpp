#pragma once

// What must be true of every simulation: each a function over the log that it left.
//
// The first group holds at every moment, whatever the faults. The second is asked at the end, when
// there have been no faults for `quiet_time`: every stage leads to the next or to a stated failure.

#include "projections/cluster_view.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/ledger.hpp"

namespace ringrift::simulation {

// ---- at every moment ------------------------------------------------------------------------

/// Ids are unique, causes stand earlier in the log, and every event survives its text.
Violations events_are_well_formed(const History& history);

/// The fold accepts what the second reading accepts, and counts what it counts.
Violations fold_agrees_with_ledger(const History& history, const Ledger& ledger,
                                   const projections::ClusterView& view);

/// No promotion without an evaluation that shows it, from results that were accepted.
Violations promotions_have_evidence(const History& history, const Ledger& ledger);

/// What an accepted job means is said once; each candidate is decided and rebalanced once.
Violations nothing_is_said_twice(const History& history, const Ledger& ledger);

/// A node that has folded an event does not say it again: it would think that it was heard, and be
/// wrong. Idleness is apart: it changes no view, and is said once because of its id.
Violations nothing_known_is_said_again(const History& history, const WitnessLog& witness);

/// From zero, from a snapshot anywhere, and with every event delivered twice: the same view.
Violations rebuild_equals_live(const History& history, const projections::ClusterView& view,
                               Random random);

// ---- in the end -----------------------------------------------------------------------------

Violations work_comes_to_an_end(const History& history, const projections::ClusterView& view);
Violations stages_lead_to_the_next(const History& history, const projections::ClusterView& view);
Violations the_loop_turns_again(const History& history, const Ledger& ledger);
Violations no_game_is_lost(const Cluster& cluster, const projections::ClusterView& view);
Violations programs_run_once_and_are_forgotten(const Cluster& cluster);
Violations the_node_is_well(const Cluster& cluster);

}  // namespace ringrift::simulation
