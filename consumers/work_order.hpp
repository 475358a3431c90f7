#pragma once

// How an item of work is made: what it needs and may take comes from the cluster config, its seed
// from its name. Pure.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

/// Minutes of head start over an item of priority 0, see projections/work_view.hpp. What moves the
/// loop of learning on goes before what feeds it.
inline constexpr std::int64_t priority_training = 100;
inline constexpr std::int64_t priority_export = 95;
inline constexpr std::int64_t priority_evaluation = 90;
inline constexpr std::int64_t priority_tournament = 60;
inline constexpr std::int64_t priority_selfplay = 50;

/// The item with the type's needs, bounds and priority, the config's share, and its own seed.
bus::WorkQueued make_order(const projections::ClusterView& cluster, bus::WorkType type,
                           const bus::ConfigKey& config, bus::WorkId work, std::int64_t run_seed);

}  // namespace ringrift::consumers
