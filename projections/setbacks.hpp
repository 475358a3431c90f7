#pragma once

// What went wrong with an item of work, and what follows: when it is tried again, and whether.
//
// For the fold of the work queue (projections/work_view.cpp) and whoever gives work out. Pure; any
// thread.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "projections/work_item.hpp"

namespace ringrift::projections {

inline constexpr std::size_t setbacks_max = 5;  ///< Kept per item.
/// Work that failed on so many different nodes, or used up its attempts, is not tried again.
inline constexpr std::size_t failed_nodes_max = 3;
/// So that work which never even starts is set aside as well: attempts count only when they start.
inline constexpr std::int64_t setbacks_total_max = 10;

inline constexpr bus::Duration back_off_first = std::chrono::seconds(10);
inline constexpr bus::Duration back_off_max = std::chrono::minutes(30);

/// `Setback::kind` where the claim ended without a word of the node: no evidence against the work.
inline constexpr std::string_view setback_of_lost_lease = "lease_expired";

/// Counts it, and keeps the last ones: of each node that the item failed on one at least.
void remember(WorkItem& item, Setback setback);

/// Why the item is not tried again; empty when it is.
std::string verdict_on(const WorkItem& item);

/// Wait after the n-th setback (n >= 1): doubling from `back_off_first` to `back_off_max`.
bus::Duration back_off_after(std::int64_t setbacks);

/// When an item with this further setback may be tried again; empty: at once. Who lost its node has
/// waited for a whole lease, and has no back-off the first time.
std::optional<bus::Time> tried_again_at(const WorkItem& item, const Setback& setback);

/// Whether the item's own program went wrong on the node; an expired lease says nothing of it.
bool failed_on(const WorkItem& item, const bus::NodeId& node);

}  // namespace ringrift::projections
