#include "tests/simulation/ledger.hpp"

#include <algorithm>
#include <utility>

namespace ringrift::simulation {
namespace {

template <class Fact>
bool is_leaders() {
    return Fact::info.authority == bus::Authority::leader;
}

bool exceeds(std::int64_t reserved, std::int64_t capacity, std::int64_t asked) {
    return asked > 0 && reserved > capacity;
}

}  // namespace

Ledger::Ledger(const History& history) : history_(history), holds_(history.events.size(), false) {
    for (const bus::Recorded& recorded : history.events) read(recorded);
}

bus::Time Ledger::time_of(bus::Position position) const {
    return history_.events[position - 1].event.time;
}

void Ledger::read(const bus::Recorded& recorded) {
    std::visit(
        [&](const auto& fact) {
            using Fact = std::decay_t<decltype(fact)>;
            if constexpr (bus::is_readable<Fact>) {
                const bool of_this_reign = recorded.event.epoch == epoch_ && !leader_.empty();
                if (is_leaders<Fact>() && !of_this_reign) {
                    void_.insert(recorded.position);
                    return;
                }
                holds_[recorded.position - 1] = true;
                constexpr bool about_work = Fact::info.noun == bus::Noun::work;
                if (is_leaders<Fact>() && about_work) leader_clock_ = recorded.event.time;
                read(fact, recorded.position);
                if (is_leaders<Fact>() && about_work) let_go_on(leader_clock_);
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
    // Of several, one may lose its lease and be the next all the same.
    if (e.leader == leader_ && !stood_anew_ && history_.nodes == 1)
        complain("who leads does not stand again", e.leader.value, {elected_, position});
    epoch_ = e.epoch;
    leader_ = e.leader;
    elected_ = position;
    stood_anew_ = false;
}

void Ledger::read(const bus::LeaderSteppedDown& e, bus::Position) {
    if (e.leader == leader_) leader_ = {};
}

void Ledger::read(const bus::NodeJoined& e, bus::Position) {
    capacity_[e.node] = e.capacity;
    if (e.node == leader_) stood_anew_ = true;
}

void Ledger::read(const bus::WorkQueued& e, bus::Position position) {
    const bool is_new = !items_.contains(e.work) && !open_keys_.contains(e.dedup_key);
    holds_[position - 1] = is_new;
    if (!is_new) return;
    LedgerItem& item = items_[e.work];
    item = {.order = e, .queued = position, .changed = position};
    item.not_before = e.not_before_at;
    item.queued_at = time_of(position);
    wait(item);
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
    const bool free = at != items_.end() && !at->second.holder && is_open(at->second);
    holds_[position - 1] = free;
    if (!free) return;
    LedgerItem& item = at->second;
    const bus::Time now = time_of(position);
    if (!is_ready(item, now)) {
        complain("work is not claimed before its time",
                 e.work.value + " had " + std::to_string(item.setbacks) + " setbacks",
                 {item.changed, position});
    }
    judge_turn(item, e.node, position);
    item.fence = item.changed = position;
    item.not_before.reset();
    item.running = false;
    charge(item.order);
    reserve(item, e.node, position);
}

void Ledger::reserve(LedgerItem& item, const bus::NodeId& node, bus::Position position) {
    item.holder = node;
    // Requirements ask for one slot unless told otherwise; nothing is reserved at first.
    bus::Requirements& reserved =
        reserved_.try_emplace(node, bus::Requirements{.slots = 0}).first->second;
    const bus::Requirements& needs = item.order.needs;
    reserved.slots += needs.slots;
    reserved.gpus += needs.gpus;
    reserved.memory_bytes += needs.memory_bytes;
    reserved.vram_bytes += needs.vram_bytes;
    reserved.disk_bytes += needs.disk_bytes;
    const bus::Capacity& whole = capacity_[node];
    const bool too_much = exceeds(reserved.slots, whole.slots, needs.slots) ||
                          exceeds(reserved.gpus, whole.gpus, needs.gpus) ||
                          exceeds(reserved.memory_bytes, whole.memory_bytes, needs.memory_bytes) ||
                          exceeds(reserved.vram_bytes, whole.vram_bytes, needs.vram_bytes) ||
                          exceeds(reserved.disk_bytes, whole.disk_bytes, needs.disk_bytes);
    if (too_much) {
        complain("reservations never exceed the node",
                 node.value + " holds " + std::to_string(reserved.slots) + " of " +
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

void Ledger::read(const bus::WorkStarted& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr && !item->running;
    if (!holds_[position - 1]) return;
    item->running = true;
    item->changed = position;
    if (++item->attempts <= item->order.attempts_max) return;
    complain("no work has more attempts than it may",
             e.work.value + " has " + std::to_string(item->attempts) + " of " +
                 std::to_string(item->order.attempts_max),
             {position});
}

void Ledger::read(const bus::WorkCompleted& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr;
    if (item == nullptr) return;
    if (item->accepted != 0) {
        complain("at most one result of an item is accepted", e.work.value,
                 {item->accepted, position});
    }
    leave(*item);
    release(*item);
    item->over = true;
    item->accepted = item->changed = position;
    item->result = e.result;
}

/// Nobody's fault: no attempt counts.
void Ledger::read(const bus::WorkReleased& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr;
    if (item == nullptr) return;
    if (item->running) --item->attempts;
    release(*item);
    item->changed = position;
}

void Ledger::read(const bus::WorkFailed& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr;
    if (item != nullptr) {
        const bool is_lost = e.kind == bus::FailureKind::lost;
        set_back(*item, is_lost ? Went::lost : Went::wrong, position);
    }
}

void Ledger::read(const bus::WorkLeaseExpired& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr;
    if (item != nullptr) set_back(*item, Went::silent, position);
}

void Ledger::read(const bus::WorkTimeout& e, bus::Position position) {
    LedgerItem* item = held(e.work, e.node, e.fence);
    holds_[position - 1] = item != nullptr;
    if (item != nullptr) set_back(*item, Went::wrong, position);
}

void Ledger::set_back(LedgerItem& item, Went how, bus::Position position) {
    using std::chrono::hours;
    using std::chrono::minutes;
    using std::chrono::seconds;
    constexpr bus::Duration wait_first = seconds(10), wait_max = minutes(30);
    constexpr std::int64_t setbacks_max = 10;
    constexpr std::size_t nodes_max = 3;
    if (how == Went::wrong) item.failed_on.insert(*item.holder);
    release(item);
    item.changed = position;
    ++item.setbacks;
    const bool had_its_chances = item.attempts >= item.order.attempts_max ||
                                 item.setbacks >= setbacks_max ||
                                 item.failed_on.size() >= nodes_max;
    if (had_its_chances) {
        leave(item);
        item.set_aside = true;
        return;
    }
    // A node's clock is not believed to be behind the leader's, nor more than an hour ahead of it.
    const bus::Time at = std::clamp(time_of(position), leader_clock_, leader_clock_ + hours(1));
    // Whose node fell silent has waited for a lease.
    const std::int64_t waits = item.setbacks - (how == Went::silent ? 1 : 0);
    if (waits == 0) return;
    const std::int64_t doublings = std::min<std::int64_t>(waits - 1, 20);
    item.not_before = at + std::min(wait_max, wait_first * (std::int64_t(1) << doublings));
}

void Ledger::read(const bus::WorkCancelled& e, bus::Position position) {
    const auto at = items_.find(e.work);
    const bool applies = at != items_.end() && !at->second.over;
    holds_[position - 1] = applies;
    if (!applies) return;
    if (is_open(at->second)) leave(at->second);
    if (at->second.holder) release(at->second);
    at->second.over = true;
    at->second.changed = position;
}

void Ledger::read(const bus::WorkParked& e, bus::Position position) {
    const auto at = items_.find(e.work);
    const bool applies =
        at != items_.end() && !at->second.over && !at->second.holder && !at->second.parked;
    holds_[position - 1] = applies;
    if (!applies) return;
    if (is_open(at->second)) leave(at->second);
    at->second.set_aside = at->second.parked = true;
    at->second.changed = position;
}

/// One more attempt, at once.
void Ledger::read(const bus::WorkUnparked& e, bus::Position position) {
    const auto at = items_.find(e.work);
    const bool applies = at != items_.end() && at->second.parked && !at->second.over &&
                         !open_keys_.contains(at->second.order.dedup_key);
    holds_[position - 1] = applies;
    if (!applies) return;
    LedgerItem& item = at->second;
    item.set_aside = item.parked = false;
    item.attempts = std::min(item.attempts, item.order.attempts_max - 1);
    item.not_before.reset();
    item.changed = position;
    wait(item);
}

void Ledger::read(const bus::GamesRecorded& e, bus::Position position) {
    if (e.games <= 0) return;
    const auto [at, is_new] = files_.try_emplace(e.file, position);
    if (is_new) games_[e.config] += e.games;
    if (!is_new)
        complain("no file of games is recorded twice", e.file.value, {at->second, position});
}

template <class Fact>
void Ledger::read(const Fact&, bus::Position) {}

}  // namespace ringrift::simulation
