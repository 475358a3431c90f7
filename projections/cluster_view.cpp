#include "projections/cluster_view.hpp"

#include <algorithm>

namespace ringrift::projections {
namespace {

void note_unread(FoldCounts& counts, const bus::Unread& unread, const bus::Recorded& recorded) {
    if (unread.why == bus::Unread::Why::unknown_type) {
        ++counts.unknown_events;
        return;
    }
    ++counts.parked_events;
    counts.parked.push_back({.position = recorded.position,
                             .type = unread.type,
                             .problem = unread.problem,
                             .event = recorded.event.id});
    if (counts.parked.size() > unread_kept) counts.parked.erase(counts.parked.begin());
}

void note_read(FoldCounts& counts, std::string_view type, std::size_t index) {
    std::int64_t*& count = counts.by_fact.to[index];
    if (count == nullptr) count = &counts.events_by_type[std::string(type)];
    ++*count;
}

/// Whether the fact is said by the leader of the present reign, and in it, where it takes one to
/// say it. Another node that has learnt the epoch is no leader.
template <class Fact>
bool is_authorised(const LeadershipView& leadership, const bus::Event& event) {
    if constexpr (Fact::info.authority == bus::Authority::anybody) return true;
    return event.epoch == leadership.epoch && !leadership.leader.empty() &&
           event.source == leadership.leader;
}

template <class Fact>
void apply_to_those_it_concerns(ClusterView& view, const bus::Recorded& recorded) {
    if constexpr (concerns_leadership<Fact>) apply(view.leadership, recorded);
    if constexpr (concerns_nodes<Fact>) apply(view.nodes, recorded);
    if constexpr (concerns_work<Fact>) apply(view.work, recorded);
    if constexpr (concerns_data<Fact>) apply(view.data, recorded);
    if constexpr (concerns_training<Fact>) apply(view.training, recorded);
    if constexpr (concerns_ratings<Fact>) apply(view.ratings, recorded);
}

void tell_training(ClusterView& view, const bus::WorkCompleted& done,
                   const bus::Recorded& recorded) {
    const WorkItem* item = view.work.changed.to;
    if (item) completed(view.training, *item, done, recorded);
}

void tell_training(ClusterView& view, const bus::WorkQueued& order, const bus::Recorded& recorded) {
    const bool matters =
        order.type == bus::WorkType::export_ || order.type == bus::WorkType::training;
    if (matters && view.work.changed.to) queued(view.training, order, recorded);
}

template <class Fact>
void tell_training(ClusterView&, const Fact&, const bus::Recorded&) {}

template <class Fact>
void fold(ClusterView& view, const Fact& fact, const bus::Recorded& recorded) {
    note_read(view.counts, Fact::info.type, recorded.event.fact.index());
    if (!is_authorised<Fact>(view.leadership, recorded.event)) {
        ++view.counts.void_events;
        return;
    }
    apply_to_those_it_concerns<Fact>(view, recorded);
    tell_training(view, fact, recorded);
}

}  // namespace

void apply(ClusterView& view, const bus::Recorded& recorded) {
    view.counts.last_event_at = std::max(view.counts.last_event_at, recorded.event.time);
    if (!view.counts.parked.empty()) {  // What was driven anew is parked no more.
        std::erase_if(view.counts.parked, [&](const UnreadEntry& entry) {
            return !entry.event.empty() && entry.event == recorded.event.causation;
        });
    }
    std::visit(bus::Overloaded{
                   [&](const bus::Unread& unread) { note_unread(view.counts, unread, recorded); },
                   [&](const auto& fact) { fold(view, fact, recorded); },
               },
               recorded.event.fact);
}

}  // namespace ringrift::projections
