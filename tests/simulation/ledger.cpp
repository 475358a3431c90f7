#include "tests/simulation/ledger.hpp"

#include <utility>

namespace ringrift::simulation {
namespace {

/// Facts by which a claim ends without a result.
template <class Fact>
concept EndsClaim =
    std::is_same_v<Fact, bus::WorkFailed> || std::is_same_v<Fact, bus::WorkReleased> ||
    std::is_same_v<Fact, bus::WorkLeaseExpired> || std::is_same_v<Fact, bus::WorkTimeout>;

template <class Fact>
bool is_leaders() {
    return Fact::info.authority == bus::Authority::leader;
}

bool exceeds(std::int64_t reserved, std::int64_t capacity, std::int64_t asked) {
    return asked > 0 && reserved > capacity;
}

}  // namespace

Ledger::Ledger(const History& history) : holds_(history.events.size(), false) {
    for (const bus::Recorded& recorded : history.events) read(recorded);
}

void Ledger::read(const bus::Recorded& recorded) {
    std::visit(
        [&](const auto& fact) {
            using Fact = std::decay_t<decltype(fact)>;
            if constexpr (bus::is_readable<Fact>) {
                const bool of_this_reign = recorded.event.epoch == epoch_ && !leader_.empty();
                if (is_leaders<Fact>() && !of_this_reign) return;
                holds_[recorded.position - 1] = true;
                read(fact, recorded.position);
            }
        },
        recorded.event.fact);
}

void Ledger::complain(std::string property, std::string what, std::vector<bus::Position> events) {
    violations_.push_back({std::move(property), std::move(what), std::move(events)});
}

void Ledger::read(const bus::LeaderElected& e, bus::Position position) {
    holds_[position - 1] = e.epoch == epoch_ + 1;
    if (e.epoch != epoch_ + 1) return;
    epoch_ = e.epoch;
    leader_ = e.leader;
}

void Ledger::read(const bus::LeaderSteppedDown& e, bus::Position) {
    if (e.leader == leader_) leader_ = {};
}

void Ledger::read(const bus::NodeJoined& e, bus::Position) {
    capacity_[e.node] = e.capacity;
}

void Ledger::read(const bus::WorkQueued& e, bus::Position position) {
    const auto [at, is_new] = items_.try_emplace(e.work);
    bool twin = false;
    for (const auto& [work, item] : items_) {
        const bool open = item.queued != 0 && !item.over;
        // Whether failed work is open is the fold's business; the key of finished work is free.
        twin = twin ||
               (open && item.holder && !e.dedup_key.empty() && item.order.dedup_key == e.dedup_key);
    }
    holds_[position - 1] = is_new && !twin;
    if (is_new && twin) items_.erase(at);
    if (!is_new || twin) return;
    at->second = {.order = e, .queued = position, .changed = position};
}

void Ledger::release(LedgerItem& item) {
    bus::Requirements& reserved = reserved_[*item.holder];
    const bus::Requirements& needs = item.order.needs;
    reserved.slots -= needs.slots;
    reserved.gpus -= needs.gpus;
    reserved.memory_bytes -= needs.memory_bytes;
    reserved.vram_bytes -= needs.vram_bytes;
    reserved.disk_bytes -= needs.disk_bytes;
    item.holder.reset();
}

void Ledger::read(const bus::WorkClaimed& e, bus::Position position) {
    const auto at = items_.find(e.work);
    const bool free = at != items_.end() && !at->second.holder && !at->second.over;
    holds_[position - 1] = free;
    if (!free) return;
    LedgerItem& item = at->second;
    item.holder = e.node;
    item.fence = item.changed = position;
    // Requirements ask for one slot unless told otherwise; nothing is reserved at first.
    bus::Requirements& reserved =
        reserved_.try_emplace(e.node, bus::Requirements{.slots = 0}).first->second;
    const bus::Requirements& needs = item.order.needs;
    reserved.slots += needs.slots;
    reserved.gpus += needs.gpus;
    reserved.memory_bytes += needs.memory_bytes;
    reserved.vram_bytes += needs.vram_bytes;
    reserved.disk_bytes += needs.disk_bytes;
    const bus::Capacity& whole = capacity_[e.node];
    const bool too_much = exceeds(reserved.slots, whole.slots, needs.slots) ||
                          exceeds(reserved.gpus, whole.gpus, needs.gpus) ||
                          exceeds(reserved.memory_bytes, whole.memory_bytes, needs.memory_bytes) ||
                          exceeds(reserved.vram_bytes, whole.vram_bytes, needs.vram_bytes) ||
                          exceeds(reserved.disk_bytes, whole.disk_bytes, needs.disk_bytes);
    if (too_much) {
        complain("reservations never exceed the node",
                 e.node.value + " holds " + std::to_string(reserved.slots) + " of " +
                     std::to_string(whole.slots) + " slots and " +
                     std::to_string(reserved.memory_bytes >> 20) + " of " +
                     std::to_string(whole.memory_bytes >> 20) + " MiB",
                 {position});
    }
}

LedgerItem* Ledger::held(const bus::WorkId& work, const bus::NodeId& node, bus::Position fence) {
    const auto at = items_.find(work);
    const bool holds = at != items_.end() && at->second.holder == node && at->second.fence == fence;
    return holds ? &at->second : nullptr;
}

void Ledger::read(const bus::WorkCompleted& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr;
    if (item == nullptr) return;
    if (item->accepted != 0) {
        complain("at most one result of an item is accepted", e.work.value,
                 {item->accepted, position});
    }
    release(*item);
    item->over = true;
    item->accepted = item->changed = position;
    item->result = e.result;
}

void Ledger::read(const bus::WorkCancelled& e, bus::Position position) {
    const auto at = items_.find(e.work);
    if (at == items_.end() || at->second.over) return;
    if (at->second.holder) release(at->second);
    at->second.over = true;
    at->second.changed = position;
}

void Ledger::read(const bus::GamesRecorded& e, bus::Position position) {
    if (e.games <= 0) return;
    const auto [at, is_new] = files_.try_emplace(e.file, position);
    if (is_new) games_[e.config] += e.games;
    if (!is_new)
        complain("no file of games is recorded twice", e.file.value, {at->second, position});
}

template <class Fact>
void Ledger::read(const Fact& e, bus::Position position) {
    if constexpr (EndsClaim<Fact>) {
        LedgerItem* item = held(e.work, e.node, e.fence);
        holds_[position - 1] = item != nullptr;
        if (item == nullptr) return;
        release(*item);
        item->changed = position;
    }
}

}  // namespace ringrift::simulation
