#pragma once

// SyncPlanner: compares the files that are with the files that should be, and plans the fewest
// copies. Pure; run by the DataManagement loop on the leader, `collect_manifest` on every node.
//
// What should be: producers/file_needs.hpp. In this order, because a node may be gone before all is
// done: files that lie only on nodes which are about to go; what a claim waits for; models in use;
// files with a single copy; games for training; the rest. A copy that some node needs counts for
// the number of copies, so what is needed anyway is planned first within each file. What open syncs
// will bring counts as there. No target gets more than its disk holds. A move that failed is
// planned again after a while that grows with each failure, from another source where there is one.
// On one node there is nothing to copy: what is recorded there is synchronised at once.

#include "consumers/loop.hpp"
#include "producers/file_needs.hpp"

namespace ringrift::consumers {

class SyncPlanner {
  public:
    /// Of every games file and model, on nodes that are well; no more than there are of these.
    std::size_t copies = producers::copies_default;
    /// Stays free on every target's disk.
    std::int64_t disk_reserve_bytes = std::int64_t{4} << 30;
    /// A sync that nothing was heard of for so long is planned anew: its target may have died.
    bus::Duration sync_patience = std::chrono::minutes(30);
    bus::Duration retry_after = std::chrono::minutes(1);       ///< Doubled by each further failure,
    bus::Duration retry_after_max = std::chrono::minutes(30);  ///< up to this.
    std::size_t syncs_open_max = 20;  ///< Further ones are planned when these are done.
    std::size_t deletes_per_step_max = 100;

    /// MANIFEST_COLLECTED for the own node if its files are not as the view believes; and while its
    /// disk is low, DeleteFile for what others hold often enough, oldest first.
    Commands collect_manifest(const producers::Sight& sight) const;

    /// All moves that are due and not under way, most urgent first, at most `moves_per_step_max`.
    std::vector<bus::PlannedMove> plan_moves(const producers::Sight& sight) const;

    /// Those to `target`.
    std::vector<bus::PlannedMove> create_sync_plan(const producers::Sight& sight,
                                                   const bus::NodeId& target) const;

    /// SYNC_PLANNED for what is due, a sync for each config and target; and DATA_SYNC_COMPLETED for
    /// each config with recorded games that lie at a training node and are not yet covered.
    Commands step(const producers::Sight& sight) const;

  private:
    Commands tidy(const producers::Sight& sight) const;
    std::vector<bus::PlannedMove> plan_moves(const producers::Sight& sight,
                                             const producers::FileNeeds& needs) const;
    Commands complete_syncs(const producers::Sight& sight, const producers::FileNeeds& needs) const;
    Commands plan_syncs(const producers::Sight& sight, const producers::FileNeeds& needs) const;
};

inline constexpr std::size_t moves_per_plan_max = 500;  ///< So that a plan fits one event.
inline constexpr std::size_t moves_per_step_max = 5000;

}  // namespace ringrift::consumers
