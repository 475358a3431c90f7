#include "ops/http/why_waiting.hpp"

#include <algorithm>

#include "bus/json_kinds.hpp"

namespace ringrift::ops::http {
namespace {

bool holds(const bus::Capacity& all, const bus::Requirements& reserved,
           const bus::Requirements& needs) {
    return all.slots - reserved.slots >= needs.slots && all.gpus - reserved.gpus >= needs.gpus &&
           all.memory_bytes - reserved.memory_bytes >= needs.memory_bytes &&
           all.vram_bytes - reserved.vram_bytes >= needs.vram_bytes &&
           all.disk_bytes - reserved.disk_bytes >= needs.disk_bytes;
}

}  // namespace

WaitingRoom::WaitingRoom(const projections::ClusterView& view, bus::Time now)
    : view_(view), now_(now) {
    for (const auto& [node, entry] : view.nodes.nodes) {
        if (!takes_work(entry, now)) continue;
        const auto reserved = view.work.reserved.find(node);
        rooms_.push_back({.all = entry.joined.capacity,
                          .reserved = reserved == view.work.reserved.end()
                                          ? bus::Requirements{.slots = 0}
                                          : reserved->second,
                          .capabilities = entry.joined.capabilities});
    }
}

WaitingRoom::Fit WaitingRoom::fit_of(const bus::WorkQueued& order) {
    const bus::Requirements& needs = order.needs;
    const auto key = std::tuple(order.type, needs.slots, needs.gpus, needs.memory_bytes,
                                needs.vram_bytes, needs.disk_bytes);
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    const auto type = bus::json_detail::enum_name(order.type);
    Fit fit = Fit::never;
    for (const Room& room : rooms_) {
        const bool may = room.capabilities.empty() ||
                         std::ranges::find(room.capabilities, type) != room.capabilities.end();
        if (!may || !holds(room.all, {.slots = 0}, needs)) continue;
        fit = Fit::later;
        if (holds(room.all, room.reserved, needs)) {
            fit = Fit::now;
            break;
        }
    }
    return known_[key] = fit;
}

WhyWaiting WaitingRoom::why(const projections::WorkItem& item) {
    if (item.not_before_at && *item.not_before_at > now_) {
        return {"back_off", "It waits until " + bus::to_text(*item.not_before_at) + ", after " +
                                std::to_string(item.setbacks_total) + " setbacks."};
    }
    for (const bus::WorkId& needed : item.order.depends_on) {
        const projections::WorkItem* other = find(view_.work, needed);
        if (other == nullptr || other->status == projections::WorkStatus::completed) continue;
        return {"depends_on", "It needs " + needed.value + " first, which is " +
                                  std::string(bus::json_detail::enum_name(other->status)) + "."};
    }
    if (view_.leadership.leader.empty())
        return {"no_leader", "No leader hands out work; see /status .voters."};
    if (rooms_.empty())
        return {"no_node",
                "No node takes work now: none is online, undrained and "
                "out of quarantine."};
    switch (fit_of(item.order)) {
        case Fit::never:
            return {"too_large",
                    "No node that takes work has as much as it needs, or "
                    "may run its type."};
        case Fit::later: return {"no_room", "Every node that could run it is full."};
        case Fit::now: break;
    }
    return {"its_turn",
            "A node has room; it is claimed at that node's next "
            "pull, in order of share and rank."};
}

}  // namespace ringrift::ops::http
