#include "projections/setbacks.hpp"

#include <algorithm>
#include <set>

#include "projections/work_view.hpp"

namespace ringrift::projections {
namespace {

std::size_t nodes_it_failed_on(const WorkItem& item) {
    std::set<bus::NodeId> nodes;
    for (const Setback& setback : item.setbacks) {
        if (failed_on(item, setback.node)) nodes.insert(setback.node);
    }
    return nodes.size();
}

/// The oldest goes whose leaving hides no node that the item failed on.
void drop_one_setback(WorkItem& item) {
    const std::size_t nodes = nodes_it_failed_on(item);
    for (std::size_t n = 0; n < item.setbacks.size(); ++n) {
        WorkItem without = {.setbacks = item.setbacks};
        without.setbacks.erase(without.setbacks.begin() + static_cast<std::ptrdiff_t>(n));
        if (nodes_it_failed_on(without) < nodes) continue;
        item.setbacks = std::move(without.setbacks);
        return;
    }
    item.setbacks.erase(item.setbacks.begin());
}

}  // namespace

void remember(WorkItem& item, Setback setback) {
    item.setbacks_total += 1;
    item.setbacks.push_back(std::move(setback));
    if (item.setbacks.size() > setbacks_max) drop_one_setback(item);
}

std::string verdict_on(const WorkItem& item) {
    if (item.attempts >= item.order.attempts_max) {
        return "all " + std::to_string(item.order.attempts_max) + " attempts went wrong";
    }
    if (nodes_it_failed_on(item) >= failed_nodes_max) {
        return "it failed on " + std::to_string(failed_nodes_max) + " different nodes";
    }
    if (item.setbacks_total >= setbacks_total_max) {
        return "it went wrong " + std::to_string(item.setbacks_total) + " times";
    }
    return {};
}

bus::Duration back_off_after(std::int64_t setbacks) {
    bus::Duration wait = back_off_first;
    for (std::int64_t n = 1; n < setbacks && wait < back_off_max; ++n) wait *= 2;
    return std::min(wait, back_off_max);
}

std::optional<bus::Time> tried_again_at(const WorkItem& item, const Setback& setback) {
    const bool is_lost = setback.kind == setback_of_lost_lease;
    const std::int64_t setbacks = item.setbacks_total + (is_lost ? 0 : 1);
    if (setbacks == 0) return {};
    return setback.at + back_off_after(setbacks);
}

bool failed_on(const WorkItem& item, const bus::NodeId& node) {
    return std::ranges::any_of(item.setbacks, [&](const Setback& setback) {
        return setback.node == node && setback.kind != setback_of_lost_lease &&
               setback.kind != name_of(bus::FailureKind::lost);
    });
}

}  // namespace ringrift::projections
