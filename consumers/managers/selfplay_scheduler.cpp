#include "consumers/managers/selfplay_scheduler.hpp"

#include <algorithm>

#include "consumers/work_order.hpp"

namespace ringrift::consumers {
namespace {

std::int64_t weight_of(const projections::ClusterView& cluster, const bus::ConfigPolicy& policy) {
    if (policy.weight_ppm <= 0) return 0;  // rests at once, whatever the last curriculum said
    const auto weight = cluster.training.weights_ppm.find(policy.config);
    return weight == cluster.training.weights_ppm.end() ? policy.weight_ppm : weight->second;
}

std::int64_t open_selfplay(const projections::ClusterView& cluster, const bus::ConfigKey& config) {
    const auto open = cluster.work.open_by_kind.find({bus::WorkType::selfplay, config});
    return open == cluster.work.open_by_kind.end() ? 0 : open->second;
}

/// Those that no node has taken yet; what runs already does not keep a cluster fed.
std::int64_t waiting_selfplay(const projections::ClusterView& cluster,
                              const bus::ConfigKey& config) {
    std::int64_t waiting = 0;
    for (const auto& [kind, line] : cluster.work.waiting) {
        const bool counts = kind.config == config && kind.type == bus::WorkType::selfplay;
        if (counts) waiting += static_cast<std::int64_t>(line.size());
    }
    return waiting;
}

}  // namespace

std::optional<bus::ConfigKey> SelfplayScheduler::pick_weighted_config(
    const producers::Sight& sight, const std::map<bus::ConfigKey, std::int64_t>& asked) const {
    std::optional<bus::ConfigKey> picked;
    double best = 0;
    for (const bus::ConfigPolicy& policy : sight.cluster.leadership.config.configs) {
        const std::int64_t weight = weight_of(sight.cluster, policy);
        const auto more = asked.find(policy.config);
        const std::int64_t added = more == asked.end() ? 0 : more->second;
        const std::int64_t waiting = waiting_selfplay(sight.cluster, policy.config) + added;
        if (weight <= 0 || waiting >= policy.selfplay_ahead) continue;
        const std::int64_t open = open_selfplay(sight.cluster, policy.config) + added;
        const double need = static_cast<double>(weight) / static_cast<double>(open + 1);
        if (!picked || need > best) {
            picked = policy.config;
            best = need;
        }
    }
    return picked;
}

std::int64_t SelfplayScheduler::get_target_jobs(const producers::Sight& sight,
                                                const bus::NodeId& node) const {
    const auto at = sight.cluster.nodes.nodes.find(node);
    if (at == sight.cluster.nodes.nodes.end() || !takes_work(at->second, sight.now)) return 0;
    std::int64_t taken = 0;
    const auto leased = sight.cluster.work.leased_by_node.find(node);
    if (leased != sight.cluster.work.leased_by_node.end()) {
        for (const bus::WorkId& work : leased->second) {
            const auto& order = sight.cluster.work.items.at(work).order;
            if (order.type != bus::WorkType::selfplay) taken += order.needs.slots;
        }
    }
    return std::max<std::int64_t>(0, at->second.joined.capacity.slots - taken);
}

producers::QueueWork SelfplayScheduler::make_selfplay(const producers::Sight& sight,
                                                      const bus::ConfigKey& config,
                                                      std::int64_t n) const {
    const projections::ClusterView& cluster = sight.cluster;
    const auto training = cluster.training.configs.find(config);
    const auto* policy = policy_of(cluster.leadership, config);
    producers::QueueWork command;
    command.work = make_order(cluster, bus::WorkType::selfplay, config,
                              {"selfplay-" + config.value + "-" + std::to_string(n)}, run_seed_);
    command.work.model =
        training == cluster.training.configs.end() ? bus::init_model : training->second.best;
    command.work.games = policy == nullptr ? 1 : policy->games_per_job;
    const bool rebalanced = !cluster.training.curriculum_event.empty();
    command.cause =
        rebalanced ? cluster.training.curriculum_event : cluster.leadership.config_event;
    return command;
}

}  // namespace ringrift::consumers
