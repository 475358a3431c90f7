#include "tests/simulation/fleet.hpp"

#include <algorithm>
#include <sstream>

#include "tests/simulation/clock_text.hpp"
#include "tests/simulation/settings.hpp"

namespace ringrift::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// From when a letter or an event is there until the node's thread gets to it, and to what has come
/// meanwhile.
constexpr bus::Duration wakes_after = bus::Duration(4);
constexpr bus::Duration wakes_within = bus::Duration(12);
/// Its pulse is read when the simulation is over; nobody looks at it meanwhile.
constexpr bus::Duration pulse_every = seconds(30);

}  // namespace

Fleet::Fleet(std::uint64_t seed, int nodes, bus::Duration length, std::ostream* trace)
    : length_(length),
      heal_at_(length - quiet_time),
      trace_(trace),
      seed_(seed),
      random_(seed, "fleet"),
      faults_(draw_faults(seed)),
      between_(draw_fleet_faults(seed)),
      shape_(draw_shape(seed, nodes)),
      agenda_(clock_, random_, heal_at_, [this](const std::string& line) { say(line); }),
      log_(clock_, Random(seed, "stream"), shape_.remembers_ids_for),
      wire_faults_(Random(seed, "wire")),
      post_(wire_faults_.fate()),
      idle_max_(random_.between(seconds(1), seconds(8))) {
    post_.watch = [this](const bus::Letter& letter) {
        auditor_.read(letter);
        watch_promises(letter);
    };
    wire_faults_.odds = {.delay_min = bus::Duration(1), .delay_max = bus::Duration(4)};
    add_members(nodes);
    log_.on_append = [this] { wake_readers(); };
    plan_faults();
}

void Fleet::add_members(int nodes) {
    for (int n = 1; n <= nodes; ++n) {
        if (voters_.size() < shape_.voters) voters_.push_back({"sim-" + std::to_string(n)});
    }
    // All that the inequality in producers/election_times.hpp allows, nearly.
    const std::int64_t rate_max = between_.clocks_drift ? 45'000 : 200;
    for (int n = 1; n <= nodes; ++n) {
        const bus::NodeId id = {"sim-" + std::to_string(n)};
        members_.push_back(std::make_unique<Member>(
            MemberSettings{.seed = seed_,
                           .id = id,
                           .voters = voters_,
                           .machine = draw_machine(seed_ + 1'000'003 * std::uint64_t(n)),
                           .lease = shape_.times.lease,
                           .rate_ppm = random_.between(-rate_max, rate_max),
                           .clock_began = random_.between(bus::Duration(0), hours(100))},
            clock_, log_, shape_.moves_files ? nullptr : &shared_disk_));
        Member& member = *members_.back();
        member.transfers.reach = [this, &member](const bus::NodeId& to) {
            return reach(member, to);
        };
        member.transfers.on_remove = [this, &member](const bus::FileDigest& file) {
            watch_removal(member, file);
        };
        member.start_at = random_.between(bus::Duration(0), seconds(3));
    }
}

void Fleet::say(const std::string& line) {
    if (trace_) *trace_ << clock_text(clock_.passed()) << "  " << line << '\n';
}

void Fleet::complain(std::string property, std::string what) {
    if (complaints_.size() < 100) {
        complaints_.push_back(
            {std::move(property), std::move(what) + " at " + clock_text(clock_.passed()), {}});
    }
}

std::int64_t Fleet::starts() const {
    std::int64_t starts = 0;
    for (const auto& member : members_) starts += member->starts;
    return starts;
}

bus::Duration Fleet::next_moment() const {
    bus::Duration next = length_;
    const auto sooner = [&](std::optional<bus::Duration> at) {
        if (at) next = std::min(next, *at);
    };
    sooner(agenda_.next());
    sooner(post_.next_arrival());
    sooner(log_.next_landing());
    for (const auto& member : members_) {
        const bus::Duration at = member->node ? member->round_at : member->start_at;
        sooner(std::max(at, member->frozen_until));
    }
    return std::max(next, clock_.passed());
}

bool Fleet::is_due(const Member& member) const {
    const bus::Duration at = member.node ? member.round_at : member.start_at;
    return std::max(at, member.frozen_until) <= clock_.passed();
}

void Fleet::run() {
    while (clock_.passed() < length_) {
        const bus::Duration by = next_moment() - clock_.passed();
        clock_.advance(by);
        post_.pass(by);
        agenda_.happen();
        log_.land();
        for (const auto& member : members_) {
            if (!is_due(*member)) continue;
            if (!member->node) start(*member);
            if (member->node) round(*member);
        }
        note_events();
        look_for_orphans();
    }
    for (const auto& member : members_) {
        if (member->node) compare_with_rebuild(*member);
    }
}

void Fleet::wake(Member& member, bus::Duration at) {
    member.round_at = std::min(member.round_at, at + random_.between(wakes_after, wakes_within));
}

void Fleet::wake_readers() {
    for (const auto& member : members_) {
        const bus::Duration sees_it = member->way.note_written();
        if (member->node && member->way.readable()) wake(*member, sees_it);
    }
}

void Fleet::start(Member& member) {
    member.fuse.put_out();
    member.hands.daemon_started();
    member.audit.forget();
    member.clock.caught_up();
    member.unreached_since.reset();
    member.wire = std::make_unique<AuditedWire>(post_.wire(member.id), member.audit);
    const consumers::NodePlaces places = {
        .programs = "/bin", .workload = "/etc", .path_of = [&member](const bus::FileDigest& file) {
            return member.disk.path_of(file);
        }};
    const auto expand = [places, commands = Programs::commands()](const bus::WorkQueued& work,
                                                                  bus::Position fence) {
        return consumers::expand(commands, work, fence, places);
    };
    const bool votes = std::ranges::find(voters_, member.id) != voters_.end();
    auto settings = draw_settings(seed_, config_version_);
    settings.self.node = member.id;
    settings.self.capacity = member.host.machine().capacity;
    settings.self.voter = votes;
    if (shape_.moves_files) {
        settings.self.transfer_port = 8771;
        settings.self.transfer_key = "simulated";
    }
    settings.copies = static_cast<std::int64_t>(shape_.copies);
    settings.founders = voters_;
    settings.election_times = shape_.times;
    settings.min_nodes = settings.max_nodes = std::ssize(members_);
    settings.log_kind = "nats";
    settings.publish_every = pulse_every;
    member.node.emplace(
        std::move(settings),
        ops::NodePorts{.clock = member.clock,
                       .log = member.witness,
                       .store = member.store,
                       .host = member.host,
                       .hands = member.hands,
                       .board = member.board,
                       .wire = member.wire.get(),
                       .leader_watch = shape_.proves_death ? &member.watch : nullptr,
                       .transfers = shape_.moves_files ? &member.transfers : nullptr},
        expand);
    member.node->on_wake([this, &member] { wake(member, clock_.passed()); });
    ++member.starts;
    const auto started = member.node->start(member.clock.now());
    member.round_at = clock_.passed();
    if (started) return say(member.id.value + " starts");
    died(member, "cannot start: " + started.error());
}

void Fleet::died(Member& member, const std::string& how) {
    say("FAULT " + member.id.value + " " + how);
    if (random_.happens(100'000)) compare_with_rebuild(member);
    member.node.reset();
    member.wire.reset();
    post_.unplug(member.id);
    member.led = false;
    member.fuse.put_out();
    member.hands.daemon_died();
    member.transfers.daemon_died();
    member.orphans.clear();
    member.frozen_until = {};
    if (std::exchange(member.store_lost_with_crash, false)) member.store.lose();
    const bool long_away = random_.happens(250'000);
    const bool healed = clock_.passed() >= heal_at_;
    member.start_at =
        clock_.passed() + (long_away && !healed ? random_.between(minutes(1), minutes(20))
                                                : random_.between(bus::Duration(50), seconds(20)));
}

void Fleet::round(Member& member) {
    ++rounds_;
    member.round_at = bus::Duration::max();
    prove_the_dead(member);
    member.clock.in_round(true);
    const std::size_t work = member.node->do_work(member.clock.now());
    member.clock.in_round(false);
    if (member.fuse.is_burnt()) return died(member, "dies in the middle of a step");
    watch_leaders(member);
    if (member.node->stopped()) return died(member, "has stopped in good order");
    const bus::Duration held_up = member.clock.ahead();
    if (held_up > bus::Duration::zero()) {
        say("FAULT " + member.id.value + " was held up for " + std::to_string(held_up.count()) +
            " ms");
        member.frozen_until = clock_.passed() + held_up;
        agenda_.later(held_up, [&member] { member.clock.caught_up(); });
    }
    if (!member.way.readable() && !member.unreached_since) member.unreached_since = clock_.passed();
    if (member.way.readable()) member.unreached_since.reset();
    bus::Duration next = clock_.passed() + rest_of(member, work);
    if (const auto change = member.hands.next_change(); change && *change > clock_.passed())
        next = std::min(next, *change);
    if (const auto change = member.transfers.next_change(); change && *change > clock_.passed())
        next = std::min(next, *change);
    member.round_at = std::min(member.round_at, next);
}

/// Until its next round, unless something wakes it.
bus::Duration Fleet::rest_of(Member& member, std::size_t work) {
    if (work > 0) return random_.between(bus::Duration(1), bus::Duration(30));
    const bool votes = std::ranges::find(voters_, member.id) != voters_.end();
    if (member.led) return shape_.times.beacon;
    if (!votes) return random_.between(bus::Duration(100), idle_max_);
    const auto heard = member.audit.beacon_at();
    const bool hears = heard && member.clock.instant() - *heard < shape_.times.doubt;
    // A beacon wakes it; when none comes it does as the daemon does.
    return hears ? shape_.times.doubt : random_.between(bus::Duration(50), ops::Node::idle_max);
}

void Fleet::note_events() {
    if (folded_.position == log_.last()) return;
    const auto batch = log_.read(folded_.position, std::numeric_limits<std::size_t>::max());
    for (const bus::Recorded& recorded : batch) {
        folded_.advance(recorded);
        if (!trace_) continue;
        std::ostringstream line;
        line << "#" << recorded << " by " << recorded.event.source.value;
        if (recorded.event.epoch != 0) line << " in epoch " << recorded.event.epoch;
        say(line.str());
    }
    auditor_.read(batch);
}

}  // namespace ringrift::simulation
