#pragma once

// What is free on a node, and whether anything waits for it. Pure; read by WorkerPull,
// IdleDetection and AutoScaling.

#include "projections/cluster_view.hpp"

namespace ringrift::consumers {

/// Slots that no claim holds; below 0 when the node came back smaller than what it holds.
std::int64_t free_slots(const projections::ClusterView& cluster,
                        const projections::NodeEntry& node);

/// Whether any item may be claimed now, wherever it fits.
bool work_waits(const projections::WorkView& work, bus::Time now);

/// Whether the node holds any claim.
bool holds_work(const projections::WorkView& work, const bus::NodeId& node);

}  // namespace ringrift::consumers
