#include "projections/host_view.hpp"

#include <utility>

namespace ringrift::projections {

void hear(HostView& view, const bus::NodeId& node, Heartbeat heartbeat) {
    for (const bus::Position fence : heartbeat.fences) view.named_at[fence] = heartbeat.at;
    const bus::Time oldest = heartbeat.at - named_kept;
    std::erase_if(view.named_at, [&](const auto& named) { return named.second < oldest; });
    view.heartbeats[node] = std::move(heartbeat);
}

Heartbeat own_heartbeat(const HostView& view, bus::Time now) {
    Heartbeat heartbeat = {.at = now, .sample = view.sample, .idle_since_at = view.idle_since_at};
    for (const auto& [fence, job] : view.jobs) heartbeat.fences.insert(fence);
    return heartbeat;
}

}  // namespace ringrift::projections
