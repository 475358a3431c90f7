#include "consumers/loops/worker_pull.hpp"

#include <algorithm>

#include "consumers/free_room.hpp"

namespace ringrift::consumers {

Commands WorkerPull::step(const producers::Sight& sight) const {
    const projections::NodeEntry* node = find(sight.cluster.nodes, sight.host.self);
    if (node == nullptr || !takes_work(*node, sight.now)) return {};
    if (sight.host.disk.state == projections::DiskState::halted) return {};
    const std::int64_t slots = free_slots(sight.cluster, *node);
    if (slots <= 0 || !work_waits(sight.cluster.work, sight.now)) return {};
    return {producers::ClaimWork{.node = sight.host.self,
                                 .claims_max = std::min(slots, claims_per_step_max)}};
}

}  // namespace ringrift::consumers
