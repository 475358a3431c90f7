#include "projections/host_view.hpp"

#include <utility>

namespace ringrift::projections {
namespace {

void forget_unnamed(HostView& view, bus::Time now) {
    std::erase_if(view.named_at,
                  [&](const auto& named) { return named.second < now - named_kept; });
}

}  // namespace

void hear(HostView& view, const bus::NodeId& node, Heartbeat heartbeat) {
    for (const bus::Position fence : heartbeat.fences) view.named_at[fence] = heartbeat.at;
    Heartbeat& last = view.heartbeats[node];
    // Once a minute is enough: a node says its own word many times a second.
    using std::chrono::minutes;
    const bool new_minute =
        std::chrono::floor<minutes>(last.at) != std::chrono::floor<minutes>(heartbeat.at);
    if (new_minute) forget_unnamed(view, heartbeat.at);
    last = std::move(heartbeat);
}

Heartbeat own_heartbeat(const HostView& view, bus::Time now) {
    Heartbeat heartbeat = {.at = now, .sample = view.sample, .idle_since_at = view.idle_since_at};
    for (const auto& [fence, job] : view.jobs) heartbeat.fences.insert(fence);
    return heartbeat;
}

}  // namespace ringrift::projections
