#include "consumers/managers/node_selector.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "producers/work_fit.hpp"

namespace ringrift::consumers {
namespace {

using projections::NodeEntry;

struct GpuPower {
    std::string_view name;
    std::int64_t power;
};

/// The first match counts, so a longer name stands before one that it contains.
constexpr std::array gpu_powers = {
    GpuPower{"GH200", 2500}, GpuPower{"H200", 2500}, GpuPower{"H100", 2000}, GpuPower{"A100", 624},
    GpuPower{"A10G", 250},   GpuPower{"A10", 250},   GpuPower{"L40", 362},   GpuPower{"V100", 125},
    GpuPower{"5090", 419},   GpuPower{"5080", 300},  GpuPower{"5070", 200},  GpuPower{"4090", 330},
    GpuPower{"4080", 242},   GpuPower{"4070", 184},  GpuPower{"4060", 120},  GpuPower{"3090", 142},
    GpuPower{"3080", 119},   GpuPower{"3070", 81},   GpuPower{"3060", 51},   GpuPower{"M3", 30},
    GpuPower{"M2", 25},      GpuPower{"M1", 20},     GpuPower{"MPS", 15},
};
constexpr std::int64_t unknown_gpu_power = 10;

std::int64_t power_of(const NodeEntry& node) {
    return gpu_power_of(node.joined.gpu_name) *
           std::max<std::int64_t>(node.joined.capacity.gpus, 0);
}

std::int64_t load_of(const NodeEntry& node, const producers::Sight& sight) {
    constexpr std::int64_t whole_ppm = 1'000'000;
    std::int64_t load = whole_ppm;
    const std::int64_t slots = node.joined.capacity.slots;
    if (slots > 0) {
        const std::int64_t room =
            std::clamp<std::int64_t>(producers::room_on(sight.cluster.work, node).slots, 0, slots);
        load = (slots - room) * whole_ppm / slots;
    }
    const auto heartbeat = sight.host.heartbeats.find(node.joined.node);
    if (heartbeat == sight.host.heartbeats.end()) return load;
    return std::max(load, heartbeat->second.sample.cpu_ppm);
}

RankedNode ranked(const NodeEntry& node, const bus::Requirements& needs,
                  const producers::Sight& sight) {
    return {.node = node.joined.node,
            .gpu_power = power_of(node),
            .load_ppm = load_of(node, sight),
            .has_room = producers::fits(producers::room_on(sight.cluster.work, node), needs)};
}

bool is_training(const bus::NodeId& node, const projections::WorkView& work) {
    const auto leases = work.leased_by_node.find(node);
    return leases != work.leased_by_node.end() &&
           std::ranges::any_of(leases->second, [&](const bus::WorkId& name) {
               return work.items.at(name).order.type == bus::WorkType::training;
           });
}

/// Those that could run it when empty, in the order of their ids.
std::vector<RankedNode> able(const producers::Sight& sight, bus::WorkType type,
                             const bus::Requirements& needs) {
    std::vector<RankedNode> nodes;
    for (const auto& [name, node] : sight.cluster.nodes.nodes) {
        const bool is_able = takes_work(node, sight.now) && producers::may_run(node, type) &&
                             producers::fits(producers::whole_of(node.joined.capacity), needs);
        if (is_able) nodes.push_back(ranked(node, needs, sight));
    }
    return nodes;
}

}  // namespace

std::int64_t gpu_power_of(std::string_view gpu_name) {
    if (gpu_name.empty()) return 0;
    const auto known = std::ranges::find_if(gpu_powers, [&](const GpuPower& gpu) {
        return gpu_name.find(gpu.name) != std::string_view::npos;
    });
    return known == gpu_powers.end() ? unknown_gpu_power : known->power;
}

std::vector<RankedNode> NodeSelector::rank_for(const bus::WorkQueued& order,
                                               const producers::Sight& sight) const {
    std::vector<RankedNode> nodes = able(sight, order.type, order.needs);
    const bool is_for_gpu = order.needs.gpus > 0;
    std::ranges::sort(nodes, {}, [&](const RankedNode& node) {
        const std::int64_t cost = is_for_gpu ? -node.gpu_power : node.gpu_power;
        return std::tuple(!node.has_room, cost, node.load_ppm, node.node);
    });
    return nodes;
}

std::vector<producers::ClaimWork> NodeSelector::turns_for(std::vector<producers::ClaimWork> claims,
                                                          const producers::Sight& sight) const {
    std::vector<std::pair<std::tuple<std::int64_t, std::int64_t, bus::NodeId>, std::int64_t>> turns;
    for (const producers::ClaimWork& claim : claims) {
        const NodeEntry* node = find(sight.cluster.nodes, claim.node);
        if (node == nullptr) continue;
        turns.push_back({{power_of(*node), load_of(*node, sight), claim.node}, claim.claims_max});
    }
    std::ranges::sort(turns);
    claims.clear();
    for (auto& [rank, claims_max] : turns)
        claims.push_back({.node = std::get<bus::NodeId>(rank), .claims_max = claims_max});
    return claims;
}

std::optional<bus::NodeId> NodeSelector::get_best_gpu_node(const producers::Sight& sight) const {
    std::vector<RankedNode> nodes = able(sight, bus::WorkType::training, {.gpus = 1});
    std::erase_if(nodes, [](const RankedNode& node) { return !node.has_room; });
    if (nodes.empty()) return std::nullopt;
    const auto best = std::ranges::min_element(nodes, {}, [&](const RankedNode& node) {
        return std::tuple(is_training(node.node, sight.cluster.work), -node.gpu_power,
                          node.load_ppm, node.node);
    });
    return best->node;
}

std::vector<RankedNode> NodeSelector::get_training_nodes(const producers::Sight& sight,
                                                         std::size_t count_max) const {
    std::vector<RankedNode> nodes = able(sight, bus::WorkType::training, {.gpus = 1});
    std::ranges::sort(
        nodes, {}, [](const RankedNode& node) { return std::tuple(-node.gpu_power, node.node); });
    if (nodes.size() > count_max) nodes.resize(count_max);
    return nodes;
}

}  // namespace ringrift::consumers
