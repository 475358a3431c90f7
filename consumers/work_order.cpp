#include "consumers/work_order.hpp"

#include "producers/digest.hpp"

namespace ringrift::consumers {
namespace {

std::int64_t priority_of(bus::WorkType type) {
    switch (type) {
        case bus::WorkType::training: return priority_training;
        case bus::WorkType::export_: return priority_export;
        case bus::WorkType::evaluation: return priority_evaluation;
        case bus::WorkType::tournament: return priority_tournament;
        case bus::WorkType::selfplay:
        case bus::WorkType::sync: break;
    }
    return priority_selfplay;
}

std::int64_t share_of(const projections::ClusterView& cluster, const bus::ConfigKey& config) {
    const auto weight = cluster.training.weights_ppm.find(config);
    if (weight != cluster.training.weights_ppm.end()) return weight->second;
    const auto* policy = policy_of(cluster.leadership, config);
    return policy == nullptr ? 1'000'000 : policy->weight_ppm;
}

}  // namespace

bus::WorkQueued make_order(const projections::ClusterView& cluster, bus::WorkType type,
                           const bus::ConfigKey& config, bus::WorkId work, std::int64_t run_seed) {
    bus::WorkQueued order = {.work = std::move(work), .type = type, .config = config};
    order.priority = priority_of(type);
    order.share_ppm = share_of(cluster, config);
    order.seed = producers::seed_of(order.work.value + "/" + std::to_string(run_seed));
    if (const auto* policy = policy_of(cluster.leadership, type)) {
        order.needs = {.slots = policy->slots,
                       .gpus = policy->gpus,
                       .memory_bytes = policy->memory_bytes,
                       .vram_bytes = policy->vram_bytes,
                       .disk_bytes = policy->disk_bytes};
        order.timeout_ms = policy->timeout_ms;
        order.attempts_max = policy->attempts_max;
    }
    return order;
}

}  // namespace ringrift::consumers
