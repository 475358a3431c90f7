#pragma once

// Takes work back from nodes whose heartbeats stopped naming it.
//
// Not one of the runbook's loops: those of 5 minutes would notice a dead node too late, so the node
// asks this every second while it leads, after it has heard its own heartbeat. A claim is alive
// while a heartbeat named its fence within a lease, and at least a full lease after it was made and
// after the leader was elected: a new leader has heard nobody yet. Without memory, like a loop:
// what was heard stands in HostView::named_at.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

/// Three heartbeats: two may get lost.
inline constexpr bus::Duration lease_default = std::chrono::seconds(45);
/// So that a leader that was cut off for a moment cannot free a whole cluster at one stroke.
inline constexpr std::size_t expiries_per_step_max = 50;

/// ExpireLease, longest silent first. Nothing on a node that does not lead.
Commands expired_leases(const producers::Sight& sight, bus::Duration lease = lease_default);

}  // namespace ringrift::consumers
