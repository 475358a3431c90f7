#include <algorithm>
#include <tuple>

#include "tests/simulation/ledger.hpp"

// Whose turn it is: the order of the queue, read from the log a second time.
//
// Between configs the smallest pass goes first: a claim adds its slots over its config's share.
// Within a config goes first what was queued first, less a minute for each point of priority. What
// does not fit into the room that is left is passed over, but not for more than a minute: then the
// room is kept for it.

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;

constexpr std::int64_t per_slot = 1'000'000;
constexpr std::int64_t whole_ppm = 1'000'000;
/// No config is further behind than so much service.
constexpr std::int64_t credit_max = 1'000 * per_slot;
constexpr bus::Duration passed_over_max = minutes(1);

bus::Requirements whole(const bus::Capacity& capacity) {
    return {.slots = capacity.slots,
            .gpus = capacity.gpus,
            .memory_bytes = capacity.memory_bytes,
            .vram_bytes = capacity.vram_bytes,
            .disk_bytes = capacity.disk_bytes};
}

bus::Requirements less(bus::Requirements room, const bus::Requirements& taken) {
    room.slots -= taken.slots;
    room.gpus -= taken.gpus;
    room.memory_bytes -= taken.memory_bytes;
    room.vram_bytes -= taken.vram_bytes;
    room.disk_bytes -= taken.disk_bytes;
    return room;
}

bool has_room(const bus::Requirements& room, const bus::Requirements& needs) {
    const auto enough = [](std::int64_t there, std::int64_t asked) {
        return asked <= 0 || asked <= there;
    };
    return enough(room.slots, needs.slots) && enough(room.gpus, needs.gpus) &&
           enough(room.memory_bytes, needs.memory_bytes) &&
           enough(room.vram_bytes, needs.vram_bytes) && enough(room.disk_bytes, needs.disk_bytes);
}

bool is_same_kind(const LedgerItem& a, const LedgerItem& b) {
    return a.order.config == b.order.config && a.order.type == b.order.type &&
           a.order.needs == b.order.needs;
}

}  // namespace

void Ledger::wait(LedgerItem& item) {
    open_.insert(&item);
    if (!item.order.dedup_key.empty()) open_keys_.emplace(item.order.dedup_key, item.order.work);
    // What a config was not served while it asked for nothing is not owed to it.
    if (open_of_config_[item.order.config]++ > 0) return;
    std::int64_t& pass = pass_[item.order.config];
    pass = std::max(pass, pass_now_);
}

void Ledger::leave(LedgerItem& item) {
    open_.erase(&item);
    open_keys_.erase(item.order.dedup_key);
    --open_of_config_[item.order.config];
}

void Ledger::charge(const bus::WorkQueued& order) {
    std::int64_t& pass = pass_[order.config];
    pass = std::max(pass, pass_now_ - credit_max);
    pass_now_ = std::max(pass_now_, pass);
    const std::int64_t share_ppm = std::clamp<std::int64_t>(order.share_ppm, 1'000, whole_ppm);
    pass += order.needs.slots * per_slot * whole_ppm / share_ppm;
}

/// Whose time has come by the leader's clock waits like others, also when that clock is set back.
void Ledger::let_go_on(bus::Time leader_clock) {
    for (const LedgerItem* open : open_) {
        if (!open->not_before || *open->not_before > leader_clock) continue;
        items_.find(open->order.work)->second.not_before.reset();
    }
}

bool Ledger::is_ready(const LedgerItem& item, bus::Time now) const {
    const bool is_due = !item.not_before || *item.not_before <= now;
    return is_due && std::ranges::all_of(item.order.depends_on, [&](const bus::WorkId& work) {
               const auto other = items_.find(work);
               return other != items_.end() && other->second.accepted != 0;
           });
}

std::int64_t Ledger::pass_of(const bus::ConfigKey& config) const {
    const auto at = pass_.find(config);
    return std::max(at == pass_.end() ? pass_now_ : at->second, pass_now_ - credit_max);
}

bool Ledger::goes_before(const LedgerItem& item, const LedgerItem& other) const {
    const auto place = [&](const LedgerItem& it) {
        return std::tuple(pass_of(it.order.config), it.queued_at - minutes(it.order.priority),
                          it.queued);
    };
    return place(item) < place(other);
}

/// A claim is decided with others at once; apart from those, its writer knew the whole log.
bool Ledger::saw_all_before(bus::Position claim) const {
    if (history_.seen.size() < claim) return false;
    const bus::Position seen = history_.seen[claim - 1];
    for (bus::Position before = claim - 1; before > seen; --before) {
        const auto& fact = history_.events[before - 1].event.fact;
        const bool of_the_same = std::holds_alternative<bus::WorkClaimed>(fact) &&
                                 history_.seen[before - 1] == seen && holds_[before - 1];
        if (!of_the_same) return false;
    }
    return seen < claim;
}

void Ledger::judge_turn(const LedgerItem& claimed, const bus::NodeId& node, bus::Position claim) {
    // Among several nodes it matters too where the work could run, and where it failed.
    if (history_.nodes > 1 || !saw_all_before(claim)) return;
    ++turns_judged_;
    const bus::Time now = time_of(claim);
    const bus::Requirements all = whole(capacity_[node]);
    const auto reserved = reserved_.find(node);
    const bus::Requirements room = reserved == reserved_.end() ? all : less(all, reserved->second);
    const auto competes = [&](const LedgerItem& item) {
        return !item.holder && is_ready(item, now) && has_room(all, item.order.needs);
    };
    for (const LedgerItem* other : open_) {
        if (!competes(*other) || !goes_before(*other, claimed)) continue;
        if (has_room(room, other->order.needs)) {
            complain("work is claimed in its turn",
                     claimed.order.work.value + " went before " + other->order.work.value,
                     {other->queued, claim});
            return;
        }
        const bool is_first = std::ranges::none_of(open_, [&](const LedgerItem* twin) {
            return twin != other && is_same_kind(*twin, *other) && competes(*twin) &&
                   goes_before(*twin, *other);
        });
        if (!is_first || now - other->queued_at <= passed_over_max) continue;
        complain("room is kept for larger work that has waited",
                 claimed.order.work.value + " took the room of " + other->order.work.value,
                 {other->queued, claim});
        return;
    }
}

}  // namespace ringrift::simulation
