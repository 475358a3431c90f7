#include "consumers/loops/predictive_monitoring.hpp"

#include <algorithm>

#include "consumers/alerting.hpp"
#include "consumers/leased_work.hpp"
#include "consumers/trend.hpp"

namespace ringrift::consumers {
namespace {

using projections::HostSample;

double used_fraction(std::int64_t used, std::int64_t total) {
    return total > 0 ? static_cast<double>(used) / static_cast<double>(total) : 0;
}

double disk_used(const HostSample& sample) {
    return used_fraction(sample.disk_total_bytes - sample.disk_free_bytes, sample.disk_total_bytes);
}

double memory_used(const HostSample& sample) {
    return used_fraction(sample.memory_bytes, sample.memory_total_bytes);
}

/// What is watched on this machine.
struct Gauge {
    std::string alert = {};
    std::string what = {};
    double (*used)(const HostSample&) = nullptr;
    const FillBounds& bounds;
};

std::vector<TrendPoint> recent(const producers::Sight& sight, const Gauge& gauge) {
    std::vector<TrendPoint> points;
    const bus::Time from = sight.now - gauge.bounds.window;
    for (const HostSample& sample : sight.host.history) {
        if (sample.at >= from) points.push_back({.at = sample.at, .value = gauge.used(sample)});
    }
    return points;
}

void watch_fill(const producers::Sight& sight, const Gauge& gauge, Commands& commands) {
    const FillBounds& bounds = gauge.bounds;
    const double used = gauge.used(sight.host.sample);
    const auto slope = slope_per_hour(recent(sight, gauge));
    const auto left = slope ? time_to_reach(used, bounds.full, *slope) : std::nullopt;
    Reading reading = {.alert = {.alert = gauge.alert + "/" + sight.host.self.value,
                                 .node = sight.host.self,
                                 .value_ppm = static_cast<std::int64_t>(used * 1e6),
                                 .bound_ppm = static_cast<std::int64_t>(bounds.critical * 1e6)}};
    const std::string percent =
        std::to_string(static_cast<int>(used * 100)) + " % of the " + gauge.what;
    if (used >= bounds.critical) {
        reading.zone = Zone::critical;
        reading.alert.message = percent + " is in use. Make room now.";
    } else if (left && *left <= bounds.warn_within && used >= bounds.watched_from) {
        reading.zone = Zone::warning;
        reading.alert.predicted_at = sight.now + *left;
        reading.alert.message = percent + " is in use, and it will be full in " + in_words(*left) +
                                ". Make room before.";
    } else if (used < bounds.clear_below && slope && (!left || *left > bounds.clear_beyond)) {
        reading.zone = Zone::clear;
    }
    settle(sight.cluster.nodes, reading, commands);
}

std::int64_t slots_alive(const projections::NodesView& nodes) {
    std::int64_t slots = 0;
    for (const auto& [id, node] : nodes.nodes) {
        if (is_alive(node)) slots += node.joined.capacity.slots;
    }
    return slots;
}

/// How many more items wait than before `since`.
std::int64_t growth_since(const projections::WorkView& work, bus::Time since) {
    std::int64_t growth = 0;
    for (const auto& [id, item] : work.items) {
        if (item.queued_at > since) ++growth;
        if (!is_open(item.status) && item.ended_at > since) --growth;
    }
    return growth;
}

/// Games that a training should have used by now, beyond those that make an export due.
bool games_wait(const projections::ClusterView& cluster, const bus::ConfigPolicy& policy) {
    const auto data = cluster.data.configs.find(policy.config);
    if (data == cluster.data.configs.end()) return false;
    const auto training = cluster.training.configs.find(policy.config);
    const std::int64_t exported =
        training == cluster.training.configs.end() ? 0 : training->second.games_exported;
    return data->second.games - exported >= policy.games_to_export;
}

bus::Time last_trained(const projections::ClusterView& cluster, const bus::ConfigKey& config) {
    bus::Time last = cluster.leadership.elected_at;
    const auto training = cluster.training.configs.find(config);
    if (training == cluster.training.configs.end()) return last;
    for (const auto& [model, candidate] : training->second.candidates) {
        last = std::max(last, candidate.trained_at);
    }
    return last;
}

}  // namespace

Commands PredictiveMonitoring::step(const producers::Sight& sight) const {
    Commands commands;
    watch_fill(sight, {.alert = "disk_full", .what = "disk", .used = disk_used, .bounds = disk},
               commands);
    watch_fill(
        sight,
        {.alert = "memory_exhaustion", .what = "memory", .used = memory_used, .bounds = memory},
        commands);
    if (role_of(sight.cluster.leadership, sight.host.self) != projections::Role::leader)
        return commands;
    watch_queue(sight, commands);
    watch_trainings(sight, commands);
    return commands;
}

void PredictiveMonitoring::watch_queue(const producers::Sight& sight, Commands& commands) const {
    const auto& work = sight.cluster.work;
    const auto pending = work.by_status.find(projections::WorkStatus::pending);
    const std::int64_t waiting = pending == work.by_status.end() ? 0 : pending->second;
    const std::int64_t bound =
        std::max<std::int64_t>(1, slots_alive(sight.cluster.nodes)) * backlog_per_slot;
    const std::int64_t growth = growth_since(work, sight.now - backlog_window);
    Reading reading = {
        .alert = {.alert = "queue_backlog",
                  .node = sight.host.self,
                  .value_ppm = waiting * 1'000'000 / bound,
                  .bound_ppm = 1'000'000,
                  .message = std::to_string(waiting) + " items wait and " + std::to_string(growth) +
                             " more were queued than ended within " + in_words(backlog_window) +
                             ". Add nodes, or queue less."}};
    if (waiting > bound && growth >= backlog_growth_min) reading.zone = Zone::warning;
    if (waiting <= bound / 2) reading.zone = Zone::clear;
    settle(sight.cluster.nodes, reading, commands);
}

void PredictiveMonitoring::watch_trainings(const producers::Sight& sight,
                                           Commands& commands) const {
    for (const bus::ConfigPolicy& policy : sight.cluster.leadership.config.configs) {
        const bus::Duration since = sight.now - last_trained(sight.cluster, policy.config);
        const bus::Duration bound = std::max(training_stall_after, 2 * policy.training_cooldown_ms);
        Reading reading = {.alert = {.alert = "training_stall/" + policy.config.value,
                                     .node = sight.host.self,
                                     .value_ppm = since * 1'000'000 / bound,
                                     .bound_ppm = 1'000'000,
                                     .message = policy.config.value +
                                                " has new games and no training was "
                                                "completed for " +
                                                in_words(since) +
                                                ". Look at its exports and trainings in /work."}};
        const bool stalls = since >= bound && games_wait(sight.cluster, policy);
        reading.zone = stalls ? Zone::warning : Zone::clear;
        settle(sight.cluster.nodes, reading, commands);
    }
}

}  // namespace ringrift::consumers
