#include "consumers/loops/idle_detection.hpp"

#include <algorithm>

#include "consumers/free_room.hpp"

namespace ringrift::consumers {

Commands IdleDetection::step(const producers::Sight& sight) const {
    if (work_waits(sight.cluster.work, sight.now)) return {};
    std::vector<producers::NoteIdle> notes;
    for (const auto& [id, heartbeat] : sight.host.heartbeats) {
        const projections::NodeEntry* node = find(sight.cluster.nodes, id);
        if (node == nullptr || !takes_work(*node, sight.now)) continue;
        if (!heartbeat.idle_since_at || holds_work(sight.cluster.work, id)) continue;
        const std::int64_t slots = free_slots(sight.cluster, *node);
        const bus::Duration idle = sight.now - *heartbeat.idle_since_at;
        if (slots <= 0 || idle < idle_min) continue;
        // The first two steps of each 5 minutes, so that one late step does not lose it.
        if ((idle - idle_min) % asked_again_after >= 2 * period) continue;
        notes.push_back({.node = id, .free_slots = slots, .idle = idle});
    }
    std::ranges::stable_sort(notes, std::ranges::greater(), &producers::NoteIdle::idle);
    if (notes.size() > notes_per_step_max) notes.resize(notes_per_step_max);
    return Commands(notes.begin(), notes.end());
}

}  // namespace ringrift::consumers
