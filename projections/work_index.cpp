#include "projections/work_index.hpp"

namespace ringrift::projections {
namespace {

/// Counts of zero are not kept: the maps stay as small as what they tell.
template <class Map, class Key>
void add_to(Map& map, const Key& key, std::int64_t change) {
    const auto at = map.try_emplace(key, 0).first;
    at->second += change;
    if (at->second == 0) map.erase(at);
}

/// Into its place, which is found at once when it is the last: so it nearly always is, since these
/// keys begin with a time. A search goes through as many entries as the view has ended items.
template <class Key>
void add_last(std::map<Key, bus::WorkId>& line, const Key& key, const bus::WorkId& work) {
    line.emplace_hint(line.end(), key, work);
}

/// The first goes without a search: items leave the view in the order of these keys.
template <class Key>
void erase_first(std::map<Key, bus::WorkId>& line, const Key& key) {
    const bool is_first = !line.empty() && line.begin()->first == key;
    const auto at = is_first ? line.begin() : line.find(key);
    if (at != line.end()) line.erase(at);
}

template <class Outer, class Key, class Member>
void erase_from(Outer& outer, const Key& key, const Member& member) {
    const auto at = outer.find(key);
    if (at == outer.end()) return;
    at->second.erase(member);
    if (at->second.empty()) outer.erase(at);
}

void count_status(WorkView& view, const WorkItem& item, WorkStatus status, std::int64_t change) {
    view.by_status.add(status, change);
    view.by_type.add({item.order.type, status}, change);
}

void count_open(WorkView& view, const WorkItem& item, std::int64_t change) {
    add_to(view.open_by_kind, std::pair(item.order.type, item.order.config), change);
    add_to(view.open_by_config, item.order.config, change);
    if (item.order.dedup_key.empty()) return;
    if (change > 0) view.open_by_dedup_key[item.order.dedup_key] = item.order.work;
    if (change < 0) view.open_by_dedup_key.erase(item.order.dedup_key);
}

WaitingClass class_of(const WorkItem& item) {
    return {.config = item.order.config, .type = item.order.type, .needs = item.order.needs};
}

void leave_line(WorkView& view, const Spot& spot, const WorkItem& item) {
    switch (spot.line) {
        case Spot::Line::none: return;
        case Spot::Line::blocked:
            for (const auto& work : item.blockers) erase_from(view.blocked, work, item.order.work);
            return;
        case Spot::Line::delayed: erase_first(view.delayed, spot.when); return;
        case Spot::Line::waiting: erase_from(view.waiting, class_of(item), rank_of(item)); return;
    }
}

void join_line(WorkView& view, const Spot& spot, const WorkItem& item) {
    switch (spot.line) {
        case Spot::Line::none: return;
        case Spot::Line::blocked:
            for (const auto& work : item.blockers) view.blocked[work].insert(item.order.work);
            return;
        case Spot::Line::delayed: add_last(view.delayed, spot.when, item.order.work); return;
        case Spot::Line::waiting:
            add_last(view.waiting[class_of(item)], rank_of(item), item.order.work);
            return;
    }
}

void reserve(bus::Requirements& sum, const bus::Requirements& needs, std::int64_t sign) {
    sum.slots += sign * needs.slots;
    sum.gpus += sign * needs.gpus;
    sum.memory_bytes += sign * needs.memory_bytes;
    sum.vram_bytes += sign * needs.vram_bytes;
    sum.disk_bytes += sign * needs.disk_bytes;
}

void end_lease(WorkView& view, const bus::NodeId& holder, const WorkItem& item) {
    if (holder.empty()) return;
    const auto leases = view.leased_by_node.find(holder);
    if (leases == view.leased_by_node.end()) return;
    leases->second.erase(item.order.work);
    if (leases->second.empty()) {
        view.leased_by_node.erase(leases);
        view.reserved.erase(holder);
    } else {
        reserve(view.reserved[holder], item.order.needs, -1);
    }
}

void begin_lease(WorkView& view, const bus::NodeId& holder, const WorkItem& item) {
    if (holder.empty()) return;
    view.leased_by_node[holder].insert(item.order.work);
    // A first lease starts from nothing, not from the one slot that Requirements defaults to.
    const auto sum = view.reserved.try_emplace(holder, bus::Requirements{.slots = 0}).first;
    reserve(sum->second, item.order.needs, 1);
}

bool is_open(const Spot& spot) {
    return spot.known && projections::is_open(spot.status);
}

bool is_ended(const Spot& spot) {
    return spot.known && !projections::is_open(spot.status);
}

void move(WorkView& view, const Spot& before, const Spot& after, const WorkItem& item) {
    if (before.known != after.known || before.status != after.status) {
        if (before.known) count_status(view, item, before.status, -1);
        if (after.known) count_status(view, item, after.status, 1);
    }
    if (is_open(before) != is_open(after)) count_open(view, item, is_open(after) ? 1 : -1);
    if (before.line != after.line || before.when != after.when) {
        leave_line(view, before, item);
        join_line(view, after, item);
    }
    if (before.holder != after.holder) {
        end_lease(view, before.holder, item);
        begin_lease(view, after.holder, item);
    }
    if (is_ended(before) != is_ended(after) || before.when != after.when) {
        if (is_ended(before)) erase_first(view.ended, before.when);
        if (is_ended(after)) add_last(view.ended, after.when, item.order.work);
    }
}

}  // namespace

bus::Duration kept_for(WorkStatus status) {
    const bool is_done = status == WorkStatus::completed || status == WorkStatus::cancelled;
    return is_done ? ended_kept : set_aside_kept;
}

Spot spot_of(const WorkItem& item) {
    Spot spot{.known = true, .status = item.status};
    if (item.lease) spot.holder = item.lease->node;
    if (!is_open(item.status)) spot.when = {item.ended_at + kept_for(item.status), item.changed};
    if (item.status != WorkStatus::pending) return spot;
    if (!item.blockers.empty()) {
        spot.line = Spot::Line::blocked;
    } else if (item.not_before_at) {
        spot.line = Spot::Line::delayed;
        spot.when = {*item.not_before_at, item.queued};
    } else {
        spot.line = Spot::Line::waiting;
    }
    return spot;
}

void reindex(WorkView& view, const Spot& spot, const WorkItem& item) {
    move(view, spot, spot_of(item), item);
}

void drop_from_indices(WorkView& view, const WorkItem& item) {
    move(view, spot_of(item), {}, item);
}

WorkView rebuilt(const WorkView& view) {
    WorkView fresh{.items = view.items,
                   .pass = view.pass,
                   .virtual_time = view.virtual_time,
                   .clock_at = view.clock_at,
                   .queued_total = view.queued_total,
                   .counts = view.counts};
    for (const auto& [work, item] : fresh.items) reindex(fresh, {}, item);
    return fresh;
}

}  // namespace ringrift::projections
