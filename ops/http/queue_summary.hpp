#pragma once

// What /status says of the whole queue and takes a look at every item: the
// oldest of each status, and why those that wait do.
//
// Worked out again when the view has moved on; at most so often that it never
// takes more than a small share of the API's time. Pure but for remembering.

#include <map>
#include <string>

#include "projections/cluster_view.hpp"

namespace ringrift::ops::http {

struct WaitingGroup {
    std::int64_t items = 0;
    bus::WorkId example = {};   ///< The first in order of id.
    std::string sentence = {};  ///< Of that example.
};

struct QueueSummary {
    bus::Position position = 0;
    bus::Time at = {};
    /// When the oldest item of a status came into it: pending since queued,
    /// claimed and running by their lease, the others by their end. Statuses
    /// without items are missing.
    std::map<projections::WorkStatus, bus::Time> oldest = {};
    std::map<std::string, WaitingGroup> why_waiting = {};  ///< By WhyWaiting::code.
};

/// Since when the item is in its status.
bus::Time in_status_since(const projections::WorkItem& item);

QueueSummary summarise(const projections::ClusterView& view, bus::Position position, bus::Time now);

/// Above so many items a summary may be this old.
inline constexpr std::size_t summary_items_at_once = 5'000;
inline constexpr bus::Duration summary_age_max = std::chrono::seconds(1);

}  // namespace ringrift::ops::http
