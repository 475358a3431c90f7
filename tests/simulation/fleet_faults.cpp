#include <algorithm>

#include "tests/simulation/fleet.hpp"
#include "tests/simulation/operator.hpp"

// The faults that befall the fleet, each when its time has come.

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr WireOdds healthy = {.delay_min = bus::Duration(1), .delay_max = bus::Duration(4)};

}  // namespace

Member& Fleet::somebody() {
    return *members_[static_cast<std::size_t>(random_.below(std::ssize(members_)))];
}

/// Each with one chance in two, but not all.
std::vector<Member*> Fleet::some_of_them() {
    std::vector<Member*> some;
    for (const auto& member : members_) {
        if (random_.coin()) some.push_back(member.get());
    }
    if (some.size() == members_.size()) some.pop_back();
    return some;
}

void Fleet::plan_faults() {
    for (const auto& member : members_) {
        member->hands.misbehave(faults_.ppm);
        member->transfers.misbehave(between_.transfers);
        member->way.spoil(faults_.ppm.append_unknown, between_.append_late_ppm);
        member->way.lag_at_most(random_.coin() ? faults_.lag_max / 10 : bus::Duration());
    }
    plan_faults_of_nodes(faults_.mean);
    plan_faults_between(between_.mean);
    agenda_.later(heal_at_, [this] { heal(); });
}

void Fleet::plan_faults_of_nodes(const FaultTimes& mean) {
    agenda_.recur("a crash is near", mean.crash, [this] { crash_soon(somebody()); });
    agenda_.recur("a node is asked to stop", mean.restart, [this] {
        Member& member = somebody();
        if (member.node) member.node->stop("restarted by its operator", member.clock.now());
    });
    agenda_.recur("a node's next crash loses its own memory", mean.store_loss, [this] {
        // What a voter has promised must not be lost: producers/election_times.hpp.
        Member& member = somebody();
        const bool votes = std::ranges::find(voters_, member.id) != voters_.end();
        member.store_lost_with_crash = !votes;
    });
    agenda_.recur("a snapshot is damaged", mean.snapshot_damage,
                  [this] { somebody().store.damage_snapshot(random_); });
    agenda_.recur("a wall clock is set wrong", mean.clock_jump,
                  [this] { somebody().clock.set_wrong(random_.between(-minutes(5), minutes(5))); });
    agenda_.recur("the workload file is changed", mean.config_change,
                  [this] { ++config_version_; });
    agenda_.recur("a store is away", mean.store_outage, [this] {
        Member& member = somebody();
        member.store.set_away(true);
        agenda_.later(random_.between(seconds(1), minutes(5)),
                      [&member] { member.store.set_away(false); });
    });
    agenda_.recur("a file disappears", mean.file_loss, [this] {
        if (const auto lost = somebody().disk.lose_one(random_)) say("      it was " + lost->value);
    });
    agenda_.recur("a file's bytes rot", mean.file_loss, [this] {
        if (const auto rotten = somebody().disk.rot_one(random_))
            say("      it is " + rotten->value);
    });
    agenda_.recur("a disk is low", mean.full_disk / 4, [this] {
        Member& member = somebody();
        member.disk.low = true;
        agenda_.later(random_.between(minutes(5), minutes(60)),
                      [&member] { member.disk.low = false; });
    });
    agenda_.recur("a disk is full", mean.full_disk, [this] {
        Member& member = somebody();
        member.disk.full = true;
        agenda_.later(random_.between(seconds(10), minutes(20)),
                      [&member] { member.disk.full = false; });
    });
    agenda_.recur("the operator acts", mean.operator_action,
                  [this] { act_as_operator(somebody()); });
}

void Fleet::plan_faults_between(const FleetFaultTimes& mean) {
    agenda_.recur("a node is frozen", mean.freeze, [this] {
        freeze(somebody(), random_.between(seconds(1), random_.coin() ? seconds(30) : minutes(10)));
    });
    agenda_.recur("a node will be held up in its work", mean.hold_up, [this] {
        const auto by = random_.between(seconds(1), random_.coin() ? seconds(30) : minutes(10));
        somebody().clock.hold_up(random_.between(1, 40), std::min(by, heal_at_ - clock_.passed()));
    });
    agenda_.recur("the nodes are parted", mean.part, [this] { part(false); });
    agenda_.recur("letters pass in one direction only", mean.part_one_way, [this] { part(true); });
    agenda_.recur("a node loses its way to the log", mean.cut_from_log,
                  [this] { cut_from_log(somebody()); });
    agenda_.recur("letters are spoilt", mean.spoil_letters, [this] {
        wire_faults_.odds = {
            .lost_ppm = random_.between(0, 400'000),
            .doubled_ppm = random_.between(0, 300'000),
            .delay_max = shape_.slower * random_.between(bus::Duration(1),
                                                         random_.coin() ? seconds(4) : seconds(1))};
        agenda_.later(random_.between(seconds(1), minutes(5)),
                      [this] { wire_faults_.odds = healthy; });
    });
    agenda_.recur("ways are slow", mean.slow_ways, [this] {
        Member& slow = somebody();
        const bool speaks = random_.coin();
        const auto by = shape_.slower * random_.between(bus::Duration(100), seconds(5));
        for (const auto& other : members_) {
            const auto& from = speaks ? slow.id : other->id;
            const auto& to = speaks ? other->id : slow.id;
            wire_faults_.slow(from, to, by);
            agenda_.later(minutes(2), [this, from, to] { wire_faults_.mend(from, to); });
        }
    });
    agenda_.recur("the stream loses its leader", mean.stream_leader,
                  [this] { log_.lose_leader(random_.between(bus::Duration(200), seconds(30))); });
    agenda_.recur("readers fall behind", mean.lag, [this] {
        const auto lag =
            random_.between(bus::Duration(1), random_.coin() ? seconds(5) : minutes(1));
        for (Member* member : some_of_them()) {
            member->way.lag_at_most(lag);
            agenda_.later(random_.between(seconds(1), minutes(10)),
                          [member] { member->way.lag_at_most({}); });
        }
    });
    agenda_.recur("the power fails in a room", mean.power_cut, [this] {
        for (Member* member : some_of_them()) {
            if (member->node) died(*member, "loses its power");
        }
    });
    agenda_.recur("the power fails everywhere", mean.blackout, [this] { black_out(); });
    agenda_.recur("a leader is left alone", mean.lone_leader, [this] {
        for (const auto& member : members_) {
            if (member->led && !member->is_frozen(clock_.passed())) return leave_alone(*member);
        }
    });
    agenda_.recur("all disks run low", mean.low_disks, [this] { lower_disks(); });
}

/// What the servers of the log had acknowledged in the last two minutes was not on their disks yet
/// (bus/README.md). The operator does as ops/RUNBOOK.md says: no node keeps its own memory of a log
/// that is no more; files and jobs stay.
void Fleet::black_out() {
    note_events();
    for (const auto& member : members_) {
        if (member->node) died(*member, "loses its power");
    }
    const bus::Position before = log_.last();
    log_.lose_last(random_.between(bus::Duration(0), minutes(2)));
    say("      " + std::to_string(before - log_.last()) + " events are lost");
    const bus::Batch left = log_.read(0, log_.last());
    folded_ = {};
    for (const bus::Recorded& recorded : left) folded_.advance(recorded);
    auditor_.begin_anew(left);
    for (const auto& member : members_) {
        member->fuse.put_out();  // Of a process that is no more; the operator's is another.
        const auto forgotten = member->store.as_kept(consumers::StateManager::forget_log);
        if (!forgotten) complain("a node can forget its log", forgotten.error());
        member->way.forget_lost();
        member->witness.forget_lost(left);
        member->audit.forget_log();
        member->hands.forget_lost();
    }
}

void Fleet::freeze(Member& member, bus::Duration how_long) {
    say("      " + member.id.value + " for " + std::to_string(how_long.count()) + " ms");
    member.frozen_until = std::max(member.frozen_until, clock_.passed() + how_long);
}

/// The log is with one of the two sides; without it and without letters the other is alone.
void Fleet::part(bool one_way) {
    const auto there = some_of_them();
    const auto how_long = random_.between(seconds(2), random_.coin() ? seconds(40) : minutes(10));
    const bool lose_log = !one_way && random_.coin();
    for (Member* there_member : there) {
        say("      " + there_member->id.value + (lose_log ? " and no log" : ""));
        for (const auto& here : members_) {
            if (std::ranges::find(there, here.get()) != there.end()) continue;
            const bus::NodeId one = there_member->id, other = here->id;
            wire_faults_.cut(one, other);
            if (!one_way) wire_faults_.cut(other, one);
            agenda_.later(how_long, [this, one, other] {
                wire_faults_.mend(one, other);
                wire_faults_.mend(other, one);
            });
        }
        if (!lose_log) continue;
        there_member->way.set(LogWay::State::cut);
        agenda_.later(how_long, [there_member] { there_member->way.set(LogWay::State::fine); });
    }
}

void Fleet::cut_from_log(Member& member) {
    constexpr LogWay::State ways[] = {LogWay::State::cut, LogWay::State::deaf, LogWay::State::mute};
    member.way.set(ways[random_.below(3)]);
    say("      " + member.id.value);
    agenda_.later(random_.between(seconds(1), random_.coin() ? seconds(40) : minutes(10)),
                  [&member] { member.way.set(LogWay::State::fine); });
}

/// The hardest moment for what voters have promised: they begin anew, hear no beacon, and some
/// cannot keep what they say, while the leader still counts on them. What it says in its last
/// seconds may come into the log in another's reign.
void Fleet::leave_alone(Member& leader) {
    say("      " + leader.id.value);
    const auto how_long = random_.between(seconds(2), minutes(1));
    if (random_.coin()) {
        leader.way.set(LogWay::State::mute);
        agenda_.later(how_long, [&leader] { leader.way.set(LogWay::State::fine); });
    }
    for (const auto& other : members_) {
        if (other.get() == &leader) continue;
        if (random_.coin()) {
            agenda_.later(random_.between(seconds(2), seconds(30)),
                          [&store = other->store] { store.set_away(true); });
            agenda_.later(minutes(1), [&store = other->store] { store.set_away(false); });
        }
        wire_faults_.cut_both(leader.id, other->id);
        agenda_.later(how_long, [this, &leader, &other = *other] {
            wire_faults_.mend(leader.id, other.id);
            wire_faults_.mend(other.id, leader.id);
        });
        if (!other->node) continue;
        died(*other, "begins anew");
        other->start_at = clock_.passed() + random_.between(bus::Duration(50), seconds(2));
    }
}

/// The hardest moment for files: several nodes would delete the same ones, and do not read at once
/// what the others have said.
void Fleet::lower_disks() {
    const auto how_long = random_.between(minutes(10), minutes(60));
    for (const auto& member : members_) {
        member->disk.low = true;
        member->way.lag_at_most(random_.between(seconds(1), minutes(1)));
        agenda_.later(how_long, [&member = *member] {
            member.disk.low = false;
            member.way.lag_at_most({});
        });
    }
}

void Fleet::heal() {
    say("the faults end");
    log_.heal();
    wire_faults_.mend();
    wire_faults_.odds = healthy;
    for (const auto& member : members_) {
        member->way.set(LogWay::State::fine);
        member->way.spoil(0, 0);
        member->way.lag_at_most({});
        member->store.set_away(false);
        member->hands.misbehave({});
        member->transfers.misbehave({});
        member->disk.full = member->disk.low = false;
        member->clock.hold_up(0, {});
        member->frozen_until =
            std::min(member->frozen_until, clock_.passed() + member->clock.ahead());
        member->start_at = std::min(member->start_at, clock_.passed() + seconds(20));
        if (member->led) led_at_ = clock_.passed();
        if (member->node && random_.happens(300'000)) crash_soon(*member);
    }
}

void Fleet::crash_soon(Member& member) {
    say("      of " + member.id.value);
    member.fuse.light(random_.between(0, 12));
    agenda_.later(seconds(20), [this, &member] {
        if (member.node && member.fuse.is_lit()) died(member, "dies between two rounds");
    });
}

void Fleet::act_as_operator(Member& member) {
    if (!member.node) return;
    auto request = draw_request(*member.node, random_);
    if (!request) return;
    say("      " + request->action + " " + request->parameters["work"] + " at " + member.id.value);
    if (!member.node->admin().put(std::move(*request)))
        complain("the operator is heard", "the admin inbox of " + member.id.value + " is full");
}

}  // namespace ringrift::simulation
