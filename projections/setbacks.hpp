#pragma once

// What went wrong with an item of work, and what follows: when it is tried again, and whether.
//
// For the fold of the work queue (projections/work_view.cpp). Pure; any thread.

#include <string>
#include <string_view>

#include "projections/work_item.hpp"

namespace ringrift::projections {

/// `Setback::kind` where the claim ended without a word of the node: no evidence against the work.
inline constexpr std::string_view setback_of_lost_lease = "lease_expired";

/// Counts it, and keeps the last ones: of each node that the item failed on one at least.
void remember(WorkItem& item, Setback setback);

/// Why the item is not tried again; empty when it is.
std::string verdict_on(const WorkItem& item);

}  // namespace ringrift::projections
