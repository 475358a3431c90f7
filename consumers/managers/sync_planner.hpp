#pragma once

// SyncPlanner: compares the files that are with the files that should be, and plans the fewest
// copies. Pure; run by the DataManagement loop.
//
// A training node should have every games file. On one node there is nothing to copy: what is
// recorded here is synchronised as soon as it is recorded. Moves between machines are planned by
// the same function and made by the data plane of the cluster.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

class SyncPlanner {
  public:
    /// MANIFEST_COLLECTED for the own node if its files are not as the view believes.
    Commands collect_manifest(const producers::Sight& sight) const;

    /// The copies that `target` lacks, each from the alive node with the smallest id that has one.
    std::vector<bus::PlannedMove> create_sync_plan(const producers::Sight& sight,
                                                   const bus::NodeId& target) const;

    /// DATA_SYNC_COMPLETED for each config with recorded games that lie here and are not yet
    /// covered.
    Commands step(const producers::Sight& sight) const;
};

inline constexpr std::size_t moves_per_plan_max = 500;  ///< So that a plan fits one event.

}  // namespace ringrift::consumers
