#include "consumers/loops/work_queue_maintenance.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "consumers/leased_work.hpp"
#include "producers/work.hpp"

namespace ringrift::consumers {
namespace {

using projections::WorkItem;
using projections::WorkStatus;

/// Longest parked first; of two that were parked together, the one queued first.
std::vector<const WorkItem*> parked_items(const projections::WorkView& work) {
    std::vector<const WorkItem*> items;
    if (!work.by_status.contains(WorkStatus::parked)) return items;
    for (const auto& [when, id] : work.ended) {
        const WorkItem* item = find(work, id);
        if (item != nullptr && item->status == WorkStatus::parked) items.push_back(item);
    }
    std::ranges::sort(items, {},
                      [](const WorkItem* item) { return std::pair(item->ended_at, item->queued); });
    return items;
}

/// An input that was recorded once, and lies on no node any more; null when there is none.
const bus::FileDigest* lost_input(const projections::DataView& data, const WorkItem& item) {
    const auto is_lost = [&](const bus::FileDigest& input) {
        const auto file = data.files.find(input);
        return file != data.files.end() && file->second.copies.empty();
    };
    const auto lost = std::ranges::find_if(item.order.inputs, is_lost);
    return lost == item.order.inputs.end() ? nullptr : &*lost;
}

/// Only those are looked at that have already failed for want of an input and wait to try again.
Commands without_input(const projections::ClusterView& cluster, std::size_t count_max) {
    Commands commands;
    for (const auto& [when, id] : cluster.work.delayed) {
        if (commands.size() == count_max) break;
        const WorkItem* item = find(cluster.work, id);
        const bool wanted_input =
            item != nullptr && !item->setbacks.empty() &&
            item->setbacks.back().kind == projections::name_of(bus::FailureKind::missing_input);
        const bus::FileDigest* lost = wanted_input ? lost_input(cluster.data, *item) : nullptr;
        if (lost == nullptr) continue;
        commands.push_back(producers::CancelWork{
            .work = id, .reason = "no copy of its input " + lost->value + " is left"});
    }
    return commands;
}

}  // namespace

Commands WorkQueueMaintenance::step(const producers::Sight& sight) const {
    Commands commands = revoke_late(sight);
    const projections::WorkView& work = sight.cluster.work;
    std::ranges::move(producers::to_be_parked(work, parks_per_step_max),
                      std::back_inserter(commands));
    std::ranges::move(producers::hopeless(work, cancels_per_step_max),
                      std::back_inserter(commands));
    std::ranges::move(without_input(sight.cluster, cancels_per_step_max),
                      std::back_inserter(commands));
    std::ranges::move(probe_parked(sight), std::back_inserter(commands));
    return commands;
}

Commands WorkQueueMaintenance::revoke_late(const producers::Sight& sight) const {
    std::vector<Overdue> overdue;
    for (const WorkItem* item : leased_items(sight.cluster.work)) {
        if (!item->lease->started_at) continue;
        const bus::Duration age = sight.now - *item->lease->started_at;
        if (age < item->order.timeout_ms + timeout_grace) continue;
        overdue.push_back({.item = item,
                           .age = age,
                           .reason = "it runs on " + item->lease->node.value + " for " +
                                     in_words(age) + "; its timeout is " +
                                     in_words(item->order.timeout_ms)});
    }
    return time_out(std::move(overdue), timeouts_per_step_max);
}

Commands WorkQueueMaintenance::probe_parked(const producers::Sight& sight) const {
    Commands commands;
    const auto& open = sight.cluster.work.open_by_dedup_key;
    std::set<std::string_view> keys;
    for (const WorkItem* item : parked_items(sight.cluster.work)) {
        if (commands.size() == probes_per_step_max) break;
        const std::string& key = item->order.dedup_key;
        if (open.contains(key) || keys.contains(key)) continue;
        const bus::Duration rested = sight.now - item->ended_at;
        if (rested < std::max(rest_min, item->ended_at - item->queued_at)) continue;
        if (!key.empty()) keys.insert(key);
        commands.push_back(producers::UnparkWork{
            .work = item->order.work,
            .reason = "tried once more after resting for " + in_words(rested)});
    }
    return commands;
}

}  // namespace ringrift::consumers
