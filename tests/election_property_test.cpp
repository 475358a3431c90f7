// Whatever befalls the letters, the clocks, the processes and the log: never two nodes that would
// act as leader at the same true time, one election per epoch, and a leader soon after the faults.
//
// RINGRIFT_ELECTION_SEEDS says how many seeds (400); a failing one says its number, and
// RINGRIFT_ELECTION_SEED runs that one alone and prints its letters.
//
// It bites. Each of these, put into the product, is found by it within 200 seeds:
//   - election_reign.cpp, follow: the promise lasts as long as the lease, less a tenth
//   - election_reign.cpp, on(BeaconReply): the lease counts from when the reply came (`now`)
//   - election_reign.cpp, lease_until: one promise less than a majority is enough
//   - election.cpp, constructor: a restarted voter has forgotten its promise (`bound_until_`)
//   - election_driver.cpp, carry_out: letters leave although the ballot was not kept
//   - election_votes.cpp, why_no_vote: a voter votes again in the same round
//   - leadership_view.cpp, is_won: any number of votes is enough
//   - election_reign.cpp, leads: the lease lasts a second longer than it does
// Rarer ones are found by election_test: a new leader is followed although bound to another, an
// older one is followed again, the end of one reign is taken for that of those before it.

#include <iostream>

#include "tests/assembly.hpp"
#include "tests/catch.hpp"
#include "tests/leadership_ledger.hpp"
#include "tests/number_from.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace std::chrono_literals;
using simulation::Random;

namespace {

constexpr bus::Duration faults_last = 60s;
constexpr bus::Duration quiet_lasts = 20s;
/// Promises, a rest, and some unlucky rounds of votes.
constexpr bus::Duration leader_within = 12s;

AssemblySettings settings_for(std::uint64_t seed) {
    Random random(seed, "settings");
    AssemblySettings settings = {.seed = seed, .leaders_say = 200ms};
    const std::int64_t sizes[] = {1, 3, 3, 3, 5, 5};
    for (std::int64_t n = sizes[random.below(6)]; n > 0; --n)
        settings.founders.push_back({"v" + std::to_string(n)});
    if (random.coin()) settings.preferred = settings.founders.front();
    return settings;
}

/// Truthfully: only of processes that are down.
void prove_the_dead(Assembly& assembly) {
    for (const auto& [id, member] : assembly.members()) {
        if (!member->is_up() || member->paused) continue;
        const auto now = member->clock(assembly.passed());
        const auto reign = member->election().doubted(now);
        if (reign && !assembly.at(reign->leader).is_up())
            member->election().gone(reign->epoch, now);
    }
}

class Trial {
  public:
    explicit Trial(std::uint64_t seed, bool tells)
        : random_(seed, "faults"), assembly_(settings_for(seed)) {
        assembly_.on_letter = [this, tells](const bus::Letter& letter) {
            ledger_.read(letter);
            if (tells) std::cout << assembly_.passed().count() << ' ' << encode(letter) << '\n';
        };
        assembly_.after_round = [this](const Member&) { watch(); };
        assembly_.add({"w1"});
        assembly_.add({"w2"});
        for (const auto& [id, member] : assembly_.members()) {
            // All that the inequality in producers/election_times.hpp allows, nearly.
            member->rate_ppm = random_.between(-45'000, 45'000);
            member->offset = random_.between(bus::Duration(0), 100h);
            names_.push_back(id);
            assembly_.start(id);
        }
        assembly_.faults.odds = {.delay_max = 5ms};
    }

    std::vector<std::string> run() {
        bus::Duration next = 2s;
        while (assembly_.passed() < faults_last) {
            if (assembly_.passed() >= next) {
                befall();
                next += random_.between(50ms, 3s);
            }
            step();
        }
        heal();
        const auto healed = assembly_.passed();
        std::optional<bus::Duration> led_at;
        while (assembly_.passed() < healed + quiet_lasts) {
            step();
            if (!led_at && !assembly_.believers().empty()) led_at = assembly_.passed() - healed;
        }
        if (assembly_.believers().size() != 1) complain("nobody leads in the end: " + troubles());
        if (led_at && *led_at > leader_within)
            complain("the first leader after the faults comes after " +
                     std::to_string(led_at->count()) + " ms");
        audit();
        return complaints_;
    }
    std::int64_t elections() const { return ledger_.elections; }
    bus::Duration led() const { return led_; }

  private:
    void complain(const std::string& what) {
        if (complaints_.size() < 5)
            complaints_.push_back(std::to_string(assembly_.passed().count()) + " ms: " + what);
    }
    bus::NodeId somebody() { return names_[std::size_t(random_.below(std::ssize(names_)))]; }

    void step() {
        const auto by = random_.between(5ms, 40ms);
        for (auto due = agenda_.begin(); due != agenda_.end() && due->first <= assembly_.passed();
             due = agenda_.erase(due))
            due->second();
        assembly_.step(by);
        watch();
        if (!assembly_.believers().empty()) led_ += by;
        if (random_.happens(50'000)) prove_the_dead(assembly_);
    }
    void watch() {
        const auto believers = assembly_.believers();
        if (believers.size() > 1)
            complain(believers[0].value + " and " + believers[1].value + " both lead");
    }
    void later(bus::Duration after, std::function<void()> what) {
        agenda_.emplace(assembly_.passed() + after, std::move(what));
    }

    void befall() {
        const bus::NodeId who = somebody();
        Member& member = assembly_.at(who);
        const auto a_while = random_.between(100ms, 8s);
        switch (random_.below(26)) {
            case 0:
            case 1: return restart(who);
            case 2:
            case 3:
                member.paused = true;
                return later(a_while, [&member] { member.paused = false; });
            case 4:
            case 5: return assembly_.faults.cut(who, somebody());
            case 6: return assembly_.faults.cut_both(who, somebody());
            case 7: return isolate(who);
            case 8:
            case 9: return assembly_.faults.mend();
            case 10: return spoil_letters();
            case 11:
                member.way.away = true;
                return later(a_while, [&member] { member.way.away = false; });
            case 12:
                member.way.loses_answers = true;
                return later(a_while, [&member] { member.way.loses_answers = false; });
            case 13:
                member.store.full = true;
                return later(a_while, [&member] { member.store.full = false; });
            case 14: return force(member);
            case 15: return cut_off_the_leader();
            case 16: return vote_without_a_memory(who);
            case 17: return elect_without_votes(who);
            case 20:
            case 21: return slow_down(who, random_.coin());
            case 22: return slow_down_the_leader();
            case 23:
            case 24:
                member.way.frozen = *assembly_.log.last();
                return later(a_while, [&member] { member.way.frozen = {}; });
            case 18: change_voters(); [[fallthrough]];
            default: return change_voters();
        }
    }
    void restart(const bus::NodeId& who) {
        assembly_.kill(who);
        later(random_.between(10ms, 6s), [this, who] {
            if (!assembly_.at(who).is_up()) assembly_.start(who);
        });
    }
    void isolate(const bus::NodeId& who) {
        for (const bus::NodeId& other : names_) {
            if (other != who) assembly_.faults.cut_both(who, other);
        }
    }
    /// And the others are restarted at once: do they remember what they have promised?
    void cut_off_the_leader() {
        for (const bus::NodeId& leader : assembly_.believers()) {
            isolate(leader);
            for (const bus::NodeId& other : names_) {
                if (other == leader || random_.coin()) continue;
                assembly_.kill(other);
                assembly_.start(other);
            }
        }
    }
    /// Its disk is full while it is asked for its vote, and then it is restarted.
    void vote_without_a_memory(const bus::NodeId& who) {
        assembly_.at(who).store.full = true;
        for (const bus::NodeId& leader : assembly_.believers()) force(assembly_.at(leader));
        later(random_.between(100ms, 900ms), [this, who] {
            if (!assembly_.at(who).is_up()) return;
            assembly_.kill(who);
            assembly_.start(who);
        });
        later(4s, [this, who] { assembly_.at(who).store.full = false; });
    }
    /// A mad program says that it was elected.
    void elect_without_votes(const bus::NodeId& who) {
        if (!assembly_.at(who).is_up()) return;
        const bus::Epoch epoch = assembly_.at(who).life->folded.view.leadership.epoch + 1;
        if (epoch == 1) return;  // A log without voters is anybody's.
        const bus::Event event = {
            .id = {"mad:" + std::to_string(++mad_)},
            .source = who,
            .fact = bus::LeaderElected{.epoch = epoch, .leader = who, .votes = {who}}};
        RINGRIFT_CHECK(assembly_.log.append({&event, 1}).ok());
    }
    /// What it says, or what it hears, is late by more than a beacon.
    void slow_down(const bus::NodeId& who, bool speaks) {
        const auto by = random_.between(100ms, 2800ms);
        for (const bus::NodeId& other : names_) {
            if (other == who || random_.happens(200'000)) continue;
            if (speaks)
                assembly_.faults.slow(who, other, by);
            else
                assembly_.faults.slow(other, who, by);
        }
    }
    /// And a while later nobody hears it any more, though it may still get late answers.
    void slow_down_the_leader() {
        for (const bus::NodeId& leader : assembly_.believers()) {
            slow_down(leader, random_.coin());
            later(random_.between(500ms, 4s), [this, leader] {
                for (const bus::NodeId& other : names_) assembly_.faults.cut(leader, other);
            });
        }
    }
    void spoil_letters() {
        const bool slow = random_.coin();
        assembly_.faults.odds = {
            .lost_ppm = random_.between(0, 300'000),
            .doubled_ppm = random_.between(0, 300'000),
            .delay_max = slow ? random_.between(10ms, 3s) : random_.between(1ms, 100ms)};
    }
    void force(Member& member) {
        if (!member.is_up() || member.paused) return;
        member.election().force("a whim", member.clock(assembly_.passed()));
    }
    void change_voters() {
        for (const bus::NodeId& id : assembly_.believers()) {
            Member& leader = assembly_.at(id);
            if (leader.paused) continue;
            auto voters = leader.life->folded.view.leadership.voters;
            const bus::NodeId who = somebody();
            if (std::erase(voters, who) == 0) voters.push_back(who);
            const auto handled =
                assembly_.ask(leader, producers::ChangeVoters{.voters = voters, .reason = "whim"});
            changes_ += handled.outcome == producers::CommandHandler::Outcome::appended ? 1 : 0;
        }
    }
    void heal() {
        agenda_.clear();
        assembly_.faults.mend();
        assembly_.faults.odds = {.delay_max = 20ms};
        for (const auto& [id, member] : assembly_.members()) {
            member->paused = false;
            member->way.away = member->way.loses_answers = member->store.full = false;
            member->way.frozen = {};
            if (!member->is_up()) assembly_.start(id);
        }
    }
    std::string troubles() {
        std::string all;
        for (const auto& [id, member] : assembly_.members())
            all += id.value + ": " + member->election().trouble(member->clock(assembly_.passed())) +
                   "; ";
        return all;
    }
    void audit() {
        ledger_.read(*assembly_.log.read(0, SIZE_MAX));
        for (const auto& complaint : ledger_.complaints) complain(complaint);
        projections::Folded<projections::ClusterView> folded;
        for (const auto& recorded : *assembly_.log.read(0, SIZE_MAX)) folded.advance(recorded);
        const auto& view = folded.view.leadership;
        const LeadershipLedger::Names voters(view.voters.begin(), view.voters.end());
        const bool same = view.epoch == ledger_.epoch && view.leader == ledger_.leader &&
                          view.elections == ledger_.elections && voters == ledger_.voters &&
                          view.config.hash == ledger_.config;
        if (!same) complain("the fold and the auditor differ about who leads");
        if (std::uint64_t(view.elections) != view.epoch) complain("an epoch was skipped");
    }

    Random random_;
    Assembly assembly_;
    LeadershipLedger ledger_;
    std::vector<bus::NodeId> names_;
    std::multimap<bus::Duration, std::function<void()>> agenda_;
    std::vector<std::string> complaints_;
    bus::Duration led_ = {};
    int changes_ = 0;
    int mad_ = 0;
};

}  // namespace

TEST_CASE("never two leaders at a time, and one as soon as faults permit") {
    const std::uint64_t only = number_from("RINGRIFT_ELECTION_SEED", UINT64_MAX);
    const std::uint64_t seeds = number_from("RINGRIFT_ELECTION_SEEDS", 400);
    std::int64_t elections = 0;
    bus::Duration led = {};
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        if (only != UINT64_MAX) seed = only;
        Trial trial(seed, only != UINT64_MAX);
        std::string complaints;
        for (const std::string& complaint : trial.run()) complaints += "\n  " + complaint;
        INFO("seed " << seed << complaints);
        CHECK(complaints.empty());
        elections += trial.elections();
        led += trial.led();
        if (only != UINT64_MAX || !complaints.empty()) break;
    }
    const auto simulated = (faults_last + quiet_lasts) * std::int64_t(seeds);
    std::cout << seeds << " seeds: " << elections << " elections, somebody led "
              << led * 100 / bus::Duration(simulated) << " % of the time\n";
}

TEST_CASE("a lease of voters who are not the voters any more is none") {
    Assembly assembly({.founders = {{"v1"}}});
    assembly.add({"w1"});
    for (const auto& [id, member] : assembly.members()) assembly.start(id);
    assembly.step(10ms);
    REQUIRE(assembly.believers() == std::vector<bus::NodeId>{{"v1"}});
    Member& leader = assembly.at({"v1"});
    const auto add = [&](std::vector<bus::NodeId> voters) {
        return assembly.ask(leader, producers::ChangeVoters{.voters = std::move(voters)}).outcome;
    };
    using Outcome = producers::CommandHandler::Outcome;
    CHECK(add({{"v1"}, {"w1"}}) == Outcome::appended);
    // Before w1 has promised anything, the next change might leave v1 in a minority.
    CHECK(assembly.believers().empty());
    CHECK(add({{"w1"}}) == Outcome::refused);
    assembly.step(10ms);
    assembly.step(10ms);
    CHECK(assembly.believers().size() == 1);
    CHECK(add({{"w1"}}) == Outcome::appended);
}

TEST_CASE(
    "a killed leader is followed by the next in a second and a half, with proof of its death") {
    for (const bool is_proved : {true, false}) {
        std::vector<bus::Duration> took;
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            Assembly assembly({.founders = {{"v1"}, {"v2"}, {"v3"}}, .seed = seed});
            assembly.faults.odds = {.delay_min = 1ms, .delay_max = 3ms};
            for (const auto& [id, member] : assembly.members()) assembly.start(id);
            const auto until = 2s + bus::Duration(seed * 5);
            while (assembly.passed() < until) assembly.step(5ms);
            REQUIRE(assembly.believers().size() == 1);
            assembly.kill(assembly.believers()[0]);
            const auto killed = assembly.passed();
            while (assembly.believers().empty() && assembly.passed() < killed + 10s) {
                assembly.step(5ms);
                if (is_proved) prove_the_dead(assembly);
            }
            took.push_back(assembly.passed() - killed);
        }
        std::ranges::sort(took);
        std::cout << (is_proved ? "proved: " : "not proved: ") << "p50 " << took[100].count()
                  << " ms, p99 " << took[198].count() << " ms\n";
        CHECK(took[100] <= (is_proved ? 1500ms : 4000ms));
        CHECK(took[198] <= 5s);
    }
}
