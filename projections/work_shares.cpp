// The order of the queue: between configs by what each has had of its share, within one by rank.

#include <algorithm>

#include "projections/work_view.hpp"

namespace ringrift::projections {

std::int64_t stride_of(const bus::WorkQueued& order) {
    constexpr std::int64_t whole_ppm = 1'000'000;
    const std::int64_t slots = std::clamp<std::int64_t>(order.needs.slots, 1, 1'000);
    const std::int64_t share_ppm = std::clamp<std::int64_t>(order.share_ppm, 1'000, whole_ppm);
    return slots * pass_per_slot * whole_ppm / share_ppm;
}

std::int64_t pass_of(const WorkView& view, const bus::ConfigKey& config) {
    const auto at = view.pass.find(config);
    const std::int64_t own = at == view.pass.end() ? view.virtual_time : at->second;
    return std::max(own, view.virtual_time - pass_credit_max);
}

WaitingRank rank_of(const WorkItem& item) {
    const auto head_start = std::chrono::milliseconds(std::chrono::minutes(item.order.priority));
    return {.rank = (item.queued_at.time_since_epoch() - head_start).count(),
            .queued = item.queued};
}

}  // namespace ringrift::projections
