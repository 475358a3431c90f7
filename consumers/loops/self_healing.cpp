#include "consumers/loops/self_healing.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "consumers/leased_work.hpp"
#include "producers/nodes.hpp"

namespace ringrift::consumers {
namespace {

using projections::JobHere;
using projections::WorkItem;

constexpr std::string_view stalled = "stalled: ";

/// How far the job said it is, by its own word or by its games; 0 when it said nothing.
std::int64_t progress_of(const JobHere& job, const bus::WorkQueued& order) {
    if (job.progress_ppm > 0) return std::min<std::int64_t>(job.progress_ppm, 1'000'000);
    const bool plays_pairs =
        order.type == bus::WorkType::evaluation || order.type == bus::WorkType::tournament;
    const bool plays = plays_pairs || order.type == bus::WorkType::selfplay;
    const std::int64_t games = order.games * (plays_pairs ? 2 : 1);
    if (!plays || games <= 0 || job.games <= 0) return 0;
    return std::min<std::int64_t>(job.games * 1'000'000 / games, 1'000'000);
}

/// How long the whole job takes at the pace until its last progress. Empty when it never said any.
std::optional<bus::Duration> expected_duration(const JobHere& job, const bus::WorkQueued& order,
                                               bus::Time started_at) {
    const std::int64_t progress = progress_of(job, order);
    if (progress <= 0 || job.progressed_at <= started_at) return {};
    const auto so_far = static_cast<double>((job.progressed_at - started_at).count());
    return bus::Duration(static_cast<std::int64_t>(so_far * 1e6 / static_cast<double>(progress)));
}

std::size_t revoked_since(const projections::WorkView& work, bus::Time since) {
    std::size_t count = 0;
    for (const auto& [id, item] : work.items) {
        count += std::ranges::count_if(item.setbacks, [&](const projections::Setback& setback) {
            return setback.at > since && setback.reason.starts_with(stalled);
        });
    }
    return count;
}

template <class Predicate>
std::size_t count_nodes(const producers::Sight& sight, Predicate predicate) {
    return static_cast<std::size_t>(std::ranges::count_if(
        sight.cluster.nodes.nodes,
        [&](const auto& entry) { return predicate(entry.second, sight.now); }));
}

}  // namespace

Commands SelfHealing::step(const producers::Sight& sight) const {
    Commands commands = revoke_stalled(sight);
    std::ranges::move(quarantine_failing(sight), std::back_inserter(commands));
    std::ranges::move(release_rested(sight), std::back_inserter(commands));
    return commands;
}

Commands SelfHealing::revoke_stalled(const producers::Sight& sight) const {
    std::vector<Overdue> overdue;
    for (const auto& [fence, job] : sight.host.jobs) {
        const WorkItem* item = held(sight.cluster.work, job.work, sight.host.self, fence);
        if (item == nullptr || !item->lease->started_at || job.stopping) continue;
        const auto expected = expected_duration(job, item->order, *item->lease->started_at);
        const bus::Duration age = sight.now - *item->lease->started_at;
        const bus::Duration quiet = sight.now - job.progressed_at;
        if (!expected || age <= stall_factor * *expected || quiet < quiet_min) continue;
        overdue.push_back({.item = item,
                           .age = age,
                           .reason = std::string(stalled) + "no progress for " + in_words(quiet) +
                                     "; at its pace it would have taken " + in_words(*expected)});
    }
    if (overdue.empty()) return {};
    const std::size_t spent = revoked_since(sight.cluster.work, sight.now - window);
    const std::size_t left =
        revocations_per_window_max - std::min(revocations_per_window_max, spent);
    return time_out(std::move(overdue), left);
}

Commands SelfHealing::quarantine_failing(const producers::Sight& sight) const {
    std::size_t working = count_nodes(sight, projections::takes_work);
    std::size_t resting = count_nodes(sight, projections::is_quarantined);
    Commands commands;
    for (producers::QuarantineNode& due : producers::quarantines_due(sight)) {
        const projections::NodeEntry* node = find(sight.cluster.nodes, due.node);
        if (node == nullptr || !takes_work(*node, sight.now)) continue;
        if (working < 2 || resting >= quarantined_max) break;
        --working;
        ++resting;
        commands.push_back(std::move(due));
    }
    return commands;
}

Commands SelfHealing::release_rested(const producers::Sight& sight) const {
    Commands commands;
    for (const auto& [id, node] : sight.cluster.nodes.nodes) {
        // Releasing also ends a drain, which is a person's decision: then the expiry alone must do.
        if (!node.quarantined_until_at || node.draining || is_quarantined(node, sight.now))
            continue;
        commands.push_back(producers::ReleaseNode{.node = id, .reason = "its quarantine is over"});
    }
    return commands;
}

}  // namespace ringrift::consumers
