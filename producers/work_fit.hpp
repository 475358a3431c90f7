#pragma once

// Whether an item can run on a node: now, when the node is empty, or never.
//
// Room is what leases leave of a node's capacity. It is counted from the log alone: telemetry is
// late and tells of programs that are not ours. Pure functions; any thread.

#include "bus/event.hpp"
#include "projections/cluster_view.hpp"

namespace ringrift::producers {

/// All that the node has.
bus::Requirements whole_of(const bus::Capacity& capacity);
/// What its leases leave of it; negative where its capacity has shrunk meanwhile.
bus::Requirements room_on(const projections::WorkView& work, const projections::NodeEntry& node);

/// Of nothing needed there is always enough.
bool fits(const bus::Requirements& room, const bus::Requirements& needs);
void take(bus::Requirements& room, const bus::Requirements& needs);
/// How much is missing, in millionths of what is needed, summed over the kinds; 0 iff it fits.
std::int64_t missing_ppm(const bus::Requirements& room, const bus::Requirements& needs);

/// Whether the node is set up for work of that type.
bool may_run(const projections::NodeEntry& node, bus::WorkType type);

/// `2 slots, 1 gpus, 16 GiB memory`, for people.
std::string to_text(const bus::Requirements& needs);

}  // namespace ringrift::producers
