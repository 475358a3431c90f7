#include "ops/http/queue_summary.hpp"

#include "ops/http/why_waiting.hpp"

namespace ringrift::ops::http {

bus::Time in_status_since(const projections::WorkItem& item) {
    using projections::WorkStatus;
    switch (item.status) {
        case WorkStatus::pending: return item.queued_at;
        case WorkStatus::claimed: return item.lease ? item.lease->claimed_at : item.queued_at;
        case WorkStatus::running:
            return item.lease && item.lease->started_at ? *item.lease->started_at : item.queued_at;
        case WorkStatus::completed:
        case WorkStatus::failed:
        case WorkStatus::timeout:
        case WorkStatus::cancelled:
        case WorkStatus::parked: break;
    }
    return item.ended_at;
}

QueueSummary summarise(const projections::ClusterView& view, bus::Position position,
                       bus::Time now) {
    QueueSummary summary = {.position = position, .at = now};
    WaitingRoom room(view, now);
    for (const auto& [work, item] : view.work.items) {
        const auto [oldest, first] = summary.oldest.try_emplace(item.status, in_status_since(item));
        if (!first) oldest->second = std::min(oldest->second, in_status_since(item));
        if (item.status != projections::WorkStatus::pending) continue;
        WhyWaiting why = room.why(item);
        WaitingGroup& group = summary.why_waiting[std::string(why.code)];
        if (group.items++ == 0) {
            group.example = work;
            group.sentence = std::move(why.sentence);
        }
    }
    return summary;
}

}  // namespace ringrift::ops::http
