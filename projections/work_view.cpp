#include "projections/work_view.hpp"

#include <algorithm>

#include "bus/json_kinds.hpp"
#include "projections/setbacks.hpp"
#include "projections/work_index.hpp"

namespace ringrift::projections {
namespace {

/// No number in an order is larger, so that no sum of them overflows.
constexpr std::int64_t quantity_max = std::int64_t{1} << 50;
constexpr std::int64_t priority_max = 1'000'000;
/// A node's clock is believed so far ahead of the leader's: a wrong one delays nothing for ever.
constexpr bus::Duration clock_ahead_max = std::chrono::hours(1);
/// Housekeeping done for one event; each item costs several events before it needs any.
constexpr std::size_t promoted_per_event_max = 16;
constexpr std::size_t forgotten_per_event_max = 4;

void count(WorkView& view, Outcome outcome) {
    std::int64_t*& count = view.by_outcome.to[static_cast<std::size_t>(outcome)];
    if (count == nullptr) {
        count = &view.counts[std::string(bus::json_detail::enum_name(outcome))];
    }
    ++*count;
}

bus::Time believed_time(const WorkView& view, const bus::Recorded& recorded) {
    return std::clamp(recorded.event.time, view.clock_at, view.clock_at + clock_ahead_max);
}

/// Changes the item by `change` and keeps the indices in step.
template <class Change>
void alter(WorkView& view, WorkItem& item, const bus::Recorded& recorded, Change change) {
    const Spot before = spot_of(item);
    change(item);
    item.changed = recorded.position;
    item.last_event = recorded.event.id;
    if (view.changed.to == nullptr) view.changed.to = &item;
    reindex(view, before, item);
}

void end(WorkView& view, WorkItem& item, const bus::Recorded& recorded, WorkStatus status,
         const std::string& reason) {
    const bus::Time at = believed_time(view, recorded);
    alter(view, item, recorded, [&](WorkItem& it) {
        it.status = status;
        it.lease.reset();
        it.reason = reason;
        it.ended_at = at;
    });
}

WorkItem* find_item(WorkView& view, const bus::WorkId& work) {
    const auto at = view.items.find(work);
    return at == view.items.end() ? nullptr : &at->second;
}

bool is_held(const WorkItem& item, const bus::NodeId& node, bus::Position fence) {
    return item.lease && item.lease->fence == fence && item.lease->node == node;
}

/// The item that the fact speaks for, iff its claim holds; otherwise it is late, and counted.
template <class Fact>
WorkItem* held_item(WorkView& view, const Fact& fact) {
    WorkItem* item = find_item(view, fact.work);
    if (item && is_held(*item, fact.node, fact.fence)) return item;
    count(view, Outcome::late_results);
    return nullptr;
}

bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
    return low <= value && value <= high;
}

bool is_sound(const bus::WorkQueued& order) {
    const bus::Requirements& needs = order.needs;
    for (const auto value :
         {needs.slots, needs.gpus, needs.memory_bytes, needs.vram_bytes, needs.disk_bytes}) {
        if (!within(value, 0, quantity_max)) return false;
    }
    return !order.work.empty() && within(order.priority, -priority_max, priority_max);
}

/// The claim ends badly: back to its line after a while, or `final_status` when it had its chances.
void set_back(WorkView& view, WorkItem& item, const bus::Recorded& recorded, Setback setback,
              WorkStatus final_status) {
    const bus::Time at = believed_time(view, recorded);
    setback.node = item.lease->node;
    setback.at = at;
    const std::optional<bus::Time> again_at = tried_again_at(item, setback);
    alter(view, item, recorded, [&](WorkItem& it) {
        it.lease.reset();
        remember(it, std::move(setback));
        const std::string verdict = verdict_on(it);
        if (verdict.empty()) {
            it.status = WorkStatus::pending;
            it.not_before_at = again_at;
        } else {
            it.status = final_status;
            it.reason = verdict + "; the last: " + it.setbacks.back().reason;
            it.ended_at = at;
        }
    });
}

/// Those that waited for `work` wait for one thing less.
void unblock_dependents(WorkView& view, const bus::WorkId& work, const bus::Recorded& recorded) {
    const auto dependents = view.blocked.extract(work);
    if (dependents.empty()) return;
    for (const bus::WorkId& name : dependents.mapped()) {
        WorkItem* item = find_item(view, name);
        alter(view, *item, recorded, [&](WorkItem& it) { std::erase(it.blockers, work); });
    }
}

/// What was not served meanwhile is not owed: a config that begins to ask joins at the present.
void wake_config(WorkView& view, const bus::ConfigKey& config) {
    if (view.open_by_config.contains(config)) return;
    std::int64_t& pass = view.pass[config];
    pass = std::max(pass, view.virtual_time);
}

void charge(WorkView& view, const bus::WorkQueued& order) {
    std::int64_t& pass = view.pass.try_emplace(order.config, view.virtual_time).first->second;
    const std::int64_t start = std::max(pass, view.virtual_time - pass_credit_max);
    view.virtual_time = std::max(view.virtual_time, start);
    pass = start + stride_of(order);
}

void fold(WorkView& view, const bus::WorkQueued& e, const bus::Recorded& recorded) {
    if (!is_sound(e)) return count(view, Outcome::unsound);
    if (view.open_by_dedup_key.contains(e.dedup_key)) return count(view, Outcome::duplicates);
    const auto [at, is_new] = view.items.try_emplace(e.work);
    if (!is_new) return count(view, Outcome::duplicates);
    wake_config(view, e.config);
    const bus::Event& event = recorded.event;
    WorkItem& item = at->second;
    item.order = e;
    item.queued = recorded.position;
    item.queued_at = event.time;
    item.not_before_at = e.not_before_at;
    item.changed = recorded.position;
    item.last_event = event.id;
    item.correlation = event.correlation.empty() ? event.id : event.correlation;
    for (const bus::WorkId& work : e.depends_on) {
        const WorkItem* other = find_item(view, work);
        const bool is_done = other && other->status == WorkStatus::completed;
        if (!is_done && std::ranges::count(item.blockers, work) == 0) item.blockers.push_back(work);
    }
    view.changed.to = &item;
    reindex(view, {}, item);
    ++view.queued_total[{e.type, e.config}];
    count(view, Outcome::queued);
}

void fold(WorkView& view, const bus::WorkClaimed& e, const bus::Recorded& recorded) {
    WorkItem* item = find_item(view, e.work);
    if (item) ++item->claims;
    if (!item || item->status != WorkStatus::pending || !item->blockers.empty() || e.node.empty()) {
        return count(view, Outcome::lost_claims);
    }
    alter(view, *item, recorded, [&](WorkItem& it) {
        it.status = WorkStatus::claimed;
        it.lease = {.node = e.node, .fence = recorded.position, .claimed_at = recorded.event.time};
        it.not_before_at.reset();
    });
    charge(view, item->order);
    count(view, Outcome::claimed);
}

void fold(WorkView& view, const bus::WorkStarted& e, const bus::Recorded& recorded) {
    WorkItem* item = held_item(view, e);
    if (!item) return;
    if (item->status == WorkStatus::running) return count(view, Outcome::duplicates);
    alter(view, *item, recorded, [&](WorkItem& it) {
        it.status = WorkStatus::running;
        it.lease->started_at = recorded.event.time;
        it.attempts += 1;
    });
    count(view, Outcome::started);
}

/// So that it is not said a third time.
void note_late_result(WorkView& view, const bus::WorkCompleted& e) {
    WorkItem* item = find_item(view, e.work);
    if (!item || std::ranges::count(item->too_late, e.fence) > 0) return;
    item->too_late.push_back(e.fence);
    if (item->too_late.size() > too_late_max) item->too_late.erase(item->too_late.begin());
}

void fold(WorkView& view, const bus::WorkCompleted& e, const bus::Recorded& recorded) {
    WorkItem* item = held_item(view, e);
    if (!item) return note_late_result(view, e);
    item->result = e.result;
    end(view, *item, recorded, WorkStatus::completed, {});
    unblock_dependents(view, e.work, recorded);
    count(view, Outcome::completed);
}

void fold(WorkView& view, const bus::WorkFailed& e, const bus::Recorded& recorded) {
    WorkItem* item = held_item(view, e);
    if (!item) return;
    Setback setback{
        .kind = std::string(name_of(e.kind)), .reason = e.reason, .stderr_tail = e.stderr_tail};
    set_back(view, *item, recorded, std::move(setback), WorkStatus::failed);
    count(view, Outcome::failed);
}

/// Nobody's fault: no attempt counts and nothing is waited for.
void fold(WorkView& view, const bus::WorkReleased& e, const bus::Recorded& recorded) {
    WorkItem* item = held_item(view, e);
    if (!item) return;
    alter(view, *item, recorded, [&](WorkItem& it) {
        if (it.status == WorkStatus::running) it.attempts -= 1;
        it.status = WorkStatus::pending;
        it.lease.reset();
    });
    count(view, Outcome::released);
}

void fold(WorkView& view, const bus::WorkLeaseExpired& e, const bus::Recorded& recorded) {
    WorkItem* item = held_item(view, e);
    if (!item) return;
    set_back(view, *item, recorded,
             {.kind = std::string(setback_of_lost_lease), .reason = e.reason}, WorkStatus::failed);
    count(view, Outcome::lease_expired);
}

void fold(WorkView& view, const bus::WorkTimeout& e, const bus::Recorded& recorded) {
    WorkItem* item = held_item(view, e);
    if (!item) return;
    set_back(view, *item, recorded, {.kind = "timeout", .reason = e.reason}, WorkStatus::timeout);
    count(view, Outcome::timeout);
}

void fold(WorkView& view, const bus::WorkCancelled& e, const bus::Recorded& recorded) {
    WorkItem* item = find_item(view, e.work);
    const bool is_over =
        !item || item->status == WorkStatus::completed || item->status == WorkStatus::cancelled;
    if (is_over) return count(view, Outcome::not_applicable);
    end(view, *item, recorded, WorkStatus::cancelled, e.reason);
    count(view, Outcome::cancelled);
}

bool can_be_parked(WorkStatus status) {
    return status == WorkStatus::pending || status == WorkStatus::failed ||
           status == WorkStatus::timeout;
}

void fold(WorkView& view, const bus::WorkParked& e, const bus::Recorded& recorded) {
    WorkItem* item = find_item(view, e.work);
    if (!item || !can_be_parked(item->status)) return count(view, Outcome::not_applicable);
    item->evidence = e.evidence;
    end(view, *item, recorded, WorkStatus::parked, e.reason);
    count(view, Outcome::parked);
}

/// One more attempt, and not the first of many: what it is worth is known.
void fold(WorkView& view, const bus::WorkUnparked& e, const bus::Recorded& recorded) {
    WorkItem* item = find_item(view, e.work);
    if (!item || item->status != WorkStatus::parked ||
        view.open_by_dedup_key.contains(item->order.dedup_key)) {
        return count(view, Outcome::not_applicable);
    }
    wake_config(view, item->order.config);
    alter(view, *item, recorded, [&](WorkItem& it) {
        it.status = WorkStatus::pending;
        it.attempts = std::min(it.attempts, std::max<std::int64_t>(it.order.attempts_max, 1) - 1);
        it.not_before_at.reset();
        it.reason.clear();
        it.evidence.clear();
        it.ended_at = {};
        std::erase_if(it.blockers, [&](const bus::WorkId& work) {
            const WorkItem* other = find(view, work);
            return other && other->status == WorkStatus::completed;
        });
    });
    count(view, Outcome::unparked);
}

void fold(WorkView& view, const bus::IdleResourceDetected&, const bus::Recorded&) {
    count(view, Outcome::idle_resources);
}

template <class Fact>
void fold(WorkView&, const Fact&, const bus::Recorded&) {}

/// Those whose `not_before_at` has passed by the leader's clock wait like others.
void promote_delayed(WorkView& view) {
    for (std::size_t n = 0; n < promoted_per_event_max && !view.delayed.empty(); ++n) {
        const auto first = view.delayed.begin();
        if (first->first.first > view.clock_at) return;
        WorkItem* item = find_item(view, first->second);
        const Spot before = spot_of(*item);
        item->not_before_at.reset();
        reindex(view, before, *item);
    }
}

void forget_ended(WorkView& view) {
    for (std::size_t n = 0; n < forgotten_per_event_max && !view.ended.empty(); ++n) {
        const auto first = view.ended.begin();
        if (first->first.first > view.clock_at && view.ended.size() <= ended_max) return;
        const auto item = view.items.find(first->second);
        if (view.changed.to == &item->second) view.changed.to = nullptr;
        drop_from_indices(view, item->second);
        view.items.erase(item);
    }
}

}  // namespace

void apply(WorkView& view, const bus::Recorded& recorded) {
    std::visit(
        [&](const auto& fact) {
            using Fact = std::decay_t<decltype(fact)>;
            if constexpr (bus::is_readable<Fact>) {
                if constexpr (Fact::info.noun == bus::Noun::work) {
                    constexpr bool is_leaders = Fact::info.authority == bus::Authority::leader;
                    if (is_leaders) view.clock_at = recorded.event.time;
                    view.changed.to = nullptr;
                    fold(view, fact, recorded);
                    if (!is_leaders) return;
                    promote_delayed(view);
                    forget_ended(view);
                }
            }
        },
        recorded.event.fact);
}

const WorkItem* find(const WorkView& view, const bus::WorkId& work) {
    const auto at = view.items.find(work);
    return at == view.items.end() ? nullptr : &at->second;
}

const WorkItem* held(const WorkView& view, const bus::WorkId& work, const bus::NodeId& node,
                     bus::Position fence) {
    const WorkItem* item = find(view, work);
    return item && is_held(*item, node, fence) ? item : nullptr;
}

std::string_view name_of(bus::WorkType type) {
    return bus::json_detail::enum_name(type);
}

std::string_view name_of(bus::FailureKind kind) {
    return bus::json_detail::enum_name(kind);
}

std::string_view name_of(WorkStatus status) {
    return bus::json_detail::enum_name(status);
}

}  // namespace ringrift::projections
