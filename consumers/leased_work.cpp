#include "consumers/leased_work.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ringrift::consumers {

std::vector<const projections::WorkItem*> leased_items(const projections::WorkView& work) {
    std::vector<const projections::WorkItem*> items;
    for (const auto& [node, held] : work.leased_by_node) {
        for (const bus::WorkId& id : held) {
            const auto at = work.items.find(id);
            if (at != work.items.end() && at->second.lease) items.push_back(&at->second);
        }
    }
    return items;
}

Commands time_out(std::vector<Overdue> overdue, std::size_t count_max) {
    std::ranges::sort(overdue, [](const Overdue& a, const Overdue& b) {
        return a.age != b.age ? a.age > b.age : a.item->lease->fence < b.item->lease->fence;
    });
    if (overdue.size() > count_max) overdue.resize(count_max);
    Commands commands;
    for (Overdue& late : overdue) {
        commands.push_back(producers::TimeOutWork{.work = late.item->order.work,
                                                  .fence = late.item->lease->fence,
                                                  .reason = std::move(late.reason)});
    }
    return commands;
}

std::string in_words(bus::Duration duration) {
    using namespace std::chrono;
    if (duration < minutes(2))
        return std::to_string(duration_cast<seconds>(duration).count()) + " s";
    if (duration < hours(3))
        return std::to_string(duration_cast<minutes>(duration).count()) + " min";
    return std::to_string(duration_cast<hours>(duration).count()) + " h";
}

}  // namespace ringrift::consumers
