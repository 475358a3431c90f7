#pragma once

// SelfHealing: repairs what is stuck, a bounded number at a time.
//
// - A job that reported progress and then none, and runs 3 times as long as that pace promised, is
//   stalled and revoked. A job that never reports is left to its timeout: silence proves nothing.
// - A node on which work fails that passes elsewhere (producers::quarantines_due) is set aside for
//   half an hour, provided that another node takes work meanwhile.
// - A quarantine that is over is lifted.
//
// The leader sees the progress of its own node's jobs (HostView::jobs) only; elsewhere the timeout
// is the bound. What was done within the last hour is read from the view, so the budget per hour
// survives a change of leader.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct SelfHealing {
    static constexpr std::string_view name = "self_healing";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::leader;
    bus::Duration window = std::chrono::hours(1);  ///< Of the budget.

    std::int64_t stall_factor = 3;  ///< Times the duration that the pace so far promised.
    bus::Duration quiet_min =
        std::chrono::minutes(10);  ///< Short jobs pause longer than 3 times nothing.
    std::size_t revocations_per_window_max = 10;

    std::size_t quarantined_max = 2;  ///< At the same time: more at once is not the nodes' fault.

    Commands step(const producers::Sight& sight) const;

  private:
    Commands revoke_stalled(const producers::Sight& sight) const;
    Commands quarantine_failing(const producers::Sight& sight) const;
    Commands release_rested(const producers::Sight& sight) const;
};
static_assert(Loop<SelfHealing>);

}  // namespace ringrift::consumers
