#pragma once

// The items that nodes hold, and how those are revoked that are held too long.
//
// Shared by JobReaper, WorkQueueMaintenance and lease_watch, so that each bound stands in one
// place. Pure; what it points to lives as long as the view.

#include <cstddef>
#include <string>
#include <vector>

#include "consumers/loop.hpp"

namespace ringrift::consumers {

/// The node itself ends a job at its timeout, and its word takes a moment to arrive; only after
/// this the leader does it.
inline constexpr bus::Duration timeout_grace = std::chrono::seconds(60);

/// Claimed or running, by node and id.
std::vector<const projections::WorkItem*> leased_items(const projections::WorkView& work);

/// An item that is held too long, by how long it is held.
struct Overdue {
    const projections::WorkItem* item = nullptr;
    bus::Duration age = {};
    std::string reason = {};
};

/// TimeOutWork for the first `count_max`, longest first.
Commands time_out(std::vector<Overdue> overdue, std::size_t count_max);

/// `90 s`, `75 min` or `26 h`, for reasons that people read.
std::string in_words(bus::Duration duration);

}  // namespace ringrift::consumers
