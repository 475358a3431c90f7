#include "consumers/loops/job_reaper.hpp"

#include <algorithm>

#include "consumers/leased_work.hpp"

namespace ringrift::consumers {

Commands JobReaper::step(const producers::Sight& sight) const {
    std::vector<Overdue> overdue;
    for (const projections::WorkItem* item : leased_items(sight.cluster.work)) {
        const projections::Lease& lease = *item->lease;
        const bool runs = lease.started_at.has_value();
        const bus::Duration age = sight.now - (runs ? *lease.started_at : lease.claimed_at);
        const bus::Duration own = item->order.timeout_ms + timeout_grace;
        if (age < (runs ? std::max(stuck_after, own) : stale_after)) continue;
        overdue.push_back(
            {.item = item,
             .age = age,
             .reason = runs ? "stuck: it runs on " + lease.node.value + " for " + in_words(age)
                            : "stale: " + lease.node.value + " claimed it " + in_words(age) +
                                  " ago and never started it"});
    }
    return time_out(std::move(overdue), ends_per_step_max);
}

}  // namespace ringrift::consumers
