#include "consumers/free_room.hpp"

namespace ringrift::consumers {

std::int64_t free_slots(const projections::ClusterView& cluster,
                        const projections::NodeEntry& node) {
    const auto reserved = cluster.work.reserved.find(node.joined.node);
    const std::int64_t taken = reserved == cluster.work.reserved.end() ? 0 : reserved->second.slots;
    return node.joined.capacity.slots - taken;
}

bool work_waits(const projections::WorkView& work, bus::Time now) {
    return !work.waiting.empty() ||
           (!work.delayed.empty() && work.delayed.begin()->first.first <= now);
}

bool holds_work(const projections::WorkView& work, const bus::NodeId& node) {
    const auto held = work.leased_by_node.find(node);
    return held != work.leased_by_node.end() && !held->second.empty();
}

}  // namespace ringrift::consumers
