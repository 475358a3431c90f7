#include "consumers/lease_watch.hpp"

#include <algorithm>
#include <tuple>

#include "consumers/leased_work.hpp"

namespace ringrift::consumers {
namespace {

/// Since when nobody has said that this claim lives.
bus::Time silent_since(const producers::Sight& sight, const projections::Lease& lease) {
    const bus::Time due = std::max(lease.claimed_at, sight.cluster.leadership.elected_at);
    const auto named = sight.host.named_at.find(lease.fence);
    return named == sight.host.named_at.end() ? due : std::max(due, named->second);
}

}  // namespace

Commands expired_leases(const producers::Sight& sight, bus::Duration lease) {
    if (role_of(sight.cluster.leadership, sight.host.self) != projections::Role::leader) return {};
    std::vector<std::tuple<bus::Time, bus::Position, const projections::WorkItem*>> silent;
    for (const projections::WorkItem* item : leased_items(sight.cluster.work)) {
        const bus::Time since = silent_since(sight, *item->lease);
        if (sight.now - since >= lease) silent.emplace_back(since, item->lease->fence, item);
    }
    std::ranges::sort(silent);
    if (silent.size() > expiries_per_step_max) silent.resize(expiries_per_step_max);
    Commands commands;
    for (const auto& [since, fence, item] : silent) {
        commands.push_back(producers::ExpireLease{.work = item->order.work,
                                                  .fence = fence,
                                                  .reason = item->lease->node.value +
                                                            " has not named this claim for " +
                                                            in_words(sight.now - since)});
    }
    return commands;
}

}  // namespace ringrift::consumers
