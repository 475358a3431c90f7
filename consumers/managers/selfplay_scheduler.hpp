#pragma once

// SelfplayScheduler: which configuration is played next, and how many selfplay jobs a node should
// have. Pure; run by the QueuePopulator loop on the leader.
//
// Shares are the curriculum's weights; between two runs of the curriculum nothing multiplies.

#include <optional>

#include "consumers/loop.hpp"

namespace ringrift::consumers {

class SelfplayScheduler {
  public:
    explicit SelfplayScheduler(std::int64_t run_seed = 0) : run_seed_(run_seed) {}

    /// The config whose open selfplay is the furthest below its share; ties as listed. Empty when
    /// every config has `selfplay_ahead` items waiting or a weight of 0. `asked` counts the items
    /// that this very step asks for already.
    std::optional<bus::ConfigKey> pick_weighted_config(
        const producers::Sight& sight, const std::map<bus::ConfigKey, std::int64_t>& asked) const;

    /// Selfplay jobs that the node should have: one for each free or selfplay slot; 0 when it takes
    /// no work.
    std::int64_t get_target_jobs(const producers::Sight& sight, const bus::NodeId& node) const;

    /// The n-th selfplay item of the config, played by its best model.
    producers::QueueWork make_selfplay(const producers::Sight& sight, const bus::ConfigKey& config,
                                       std::int64_t n) const;

  private:
    std::int64_t run_seed_;
};

}  // namespace ringrift::consumers
