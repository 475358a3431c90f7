#pragma once

// From a reading to what must be said of it: an alert is raised once and cleared once.
//
// Between the zone that raises and the zone that clears lies one that changes nothing.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

enum class Zone { clear, hold, warning, critical };

struct Reading {
    Zone zone = Zone::hold;
    bus::ResourceAlert alert = {};  ///< All but its severity, which follows from the zone.
};

/// Adds RaiseAlert or ClearAlert where what stands is not what should. A warning never takes the
/// place of a critical alert: that stands until it is clear.
void settle(const projections::NodesView& nodes, Reading reading, Commands& commands);

}  // namespace ringrift::consumers
