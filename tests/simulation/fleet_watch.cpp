#include <algorithm>

#include "consumers/lease_watch.hpp"
#include "producers/ballot.hpp"
#include "producers/late_results.hpp"
#include "projections/snapshot.hpp"
#include "tests/simulation/clock_text.hpp"
#include "tests/simulation/fleet.hpp"

// What is looked at while the fleet runs, because the log alone does not show it.

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Longer than the grace of a stop, a late report and a look at the log together.
constexpr bus::Duration orphan_max = minutes(6);
/// A lease, on a clock that may run slower, and the next round after it.
constexpr bus::Duration unfenced_max = consumers::lease_default + seconds(15);
constexpr bus::Duration looks_every = seconds(20);

bool is_alive(const Process& process) {
    return process.running && !process.outcome;
}

}  // namespace

/// Nobody begins to lead while another would still act as leader, paused or not.
void Fleet::watch_leaders(Member& member) {
    const bool leads = member.node->is_leader();
    const bool begins = leads && !std::exchange(member.led, leads);
    member.led = leads;
    if (!begins) return;
    if (clock_.passed() >= heal_at_ && !led_at_) led_at_ = clock_.passed();
    say("      " + member.id.value + " leads in epoch " +
        std::to_string(member.node->view().leadership.epoch));
    for (const auto& other : members_) {
        if (other.get() == &member || !other->node || !other->node->is_leader()) continue;
        complain("never two nodes lead at the same time",
                 member.id.value + " begins while " + other->id.value + " leads");
    }
}

/// A vote or a promise leaves when the voter's store has it: not before, not without.
void Fleet::watch_promises(const bus::Letter& letter) {
    const auto* asks = std::get_if<bus::VoteRequest>(&letter.message);
    const auto* votes = std::get_if<bus::VoteReply>(&letter.message);
    const auto* follows = std::get_if<bus::BeaconReply>(&letter.message);
    const bool is_vote = (asks && !asks->trial) || (votes && !votes->trial && votes->granted);
    if (!is_vote && !(follows && follows->granted)) return;
    const auto voter =
        std::ranges::find(members_, letter.from, [](const auto& m) { return m->id; });
    const auto kept = (*voter)->store.as_kept(
        [](projections::Store& store) { return producers::load_ballot(store); });
    bool is_kept = kept.ok();
    if (is_kept && is_vote) {
        const auto said =
            asks ? std::pair(asks->epoch, asks->round) : std::pair(votes->epoch, votes->round);
        const auto last = std::pair(kept->epoch, kept->round);
        is_kept =
            last > said || (last == said && kept->candidate == (asks ? letter.from : letter.to));
    } else if (is_kept) {
        is_kept = kept->follows_epoch >= follows->epoch;
    }
    if (!is_kept)
        complain("what a voter says it has kept", letter.from.value + " says " +
                                                      std::string(bus::type_of(letter.message)) +
                                                      " and its store does not have it");
}

/// Programs whose results nobody may use are ended, not left to take the node's room for ever.
void Fleet::look_for_orphans() {
    if (clock_.passed() - looked_at_ < looks_every) return;
    looked_at_ = clock_.passed();
    look_for_unfenced();
    for (const auto& member : members_) {
        if (!member->node || member->is_frozen(clock_.passed()) || member->unreached_since) {
            member->orphans.clear();
            continue;
        }
        for (const auto& [job, process] : member->hands.processes()) {
            const bool kept = process.order.type == bus::WorkType::selfplay;
            const bool held =
                projections::held(member->node->view().work, job.work, member->id, job.fence);
            if (!is_alive(process) || kept || held) {
                member->orphans.erase(job);
                continue;
            }
            const auto [since, is_new] = member->orphans.try_emplace(job, clock_.passed());
            if (is_new || clock_.passed() - since->second < orphan_max) continue;
            complain("programs without a claim are ended",
                     job.work.value + " with fence " + std::to_string(job.fence) + " runs on");
            since->second = bus::Duration::max() / 2;
        }
    }
}

/// A node that does not reach its cluster ends its exclusive programs by itself.
void Fleet::look_for_unfenced() {
    for (const auto& member : members_) {
        const bool awake = member->node && !member->is_frozen(clock_.passed());
        if (!awake || !member->unreached_since) continue;
        if (clock_.passed() - *member->unreached_since < unfenced_max) continue;
        for (const auto& [job, process] : member->hands.processes()) {
            const bool exclusive =
                producers::late_result_of(process.order.type) == producers::LateResult::drop;
            if (!is_alive(process) || !exclusive || process.stop_by) continue;
            complain("a node that is cut off ends its exclusive programs",
                     job.work.value + " runs on at " + member->id.value + ", cut off since " +
                         clock_text(*member->unreached_since));
        }
    }
}

void Fleet::compare_with_rebuild(const Member& member) {
    const bus::Position position = member.node->position();
    projections::Folded<projections::ClusterView> rebuilt;
    const bool at_the_end = position == folded_.position;
    if (!at_the_end) {
        for (const bus::Recorded& recorded : log_.read(0, position)) rebuilt.advance(recorded);
    }
    const auto& expected = at_the_end ? folded_ : rebuilt;
    if (expected.view == member.node->view()) return;
    complain("rebuild equals live",
             member.id.value + " differs at position " + std::to_string(position));
}

/// Only a daemon that runs gives files away.
SimTransfers* Fleet::reach(const Member& from, const bus::NodeId& to) {
    for (const auto& other : members_) {
        const bool reached = other->id == to && other->node && !other->is_frozen(clock_.passed()) &&
                             !wire_faults_.is_cut(from.id, to) && !wire_faults_.is_cut(to, from.id);
        if (reached) return &other->transfers;
    }
    return nullptr;
}

/// The log has taken the node's word that its copy may go before the bytes are gone.
void Fleet::watch_removal(const Member& member, const bus::FileDigest& file) {
    note_events();
    const auto at = folded_.view.data.files.find(file);
    const bool said = at != folded_.view.data.files.end() && at->second.deleted.contains(member.id);
    if (!said)
        complain("no file is deleted without proof of enough copies",
                 file.value + " goes from " + member.id.value + " before the log allows it");
}

/// Truthfully: only of a process that is down, and seen from where its machine can be reached.
void Fleet::prove_the_dead(Member& member) {
    if (!std::exchange(member.watch.doubts, false)) return;
    const producers::Reign reign = member.watch.watched;
    for (const auto& other : members_) {
        const bool reached = !wire_faults_.is_cut(member.id, other->id) &&
                             !wire_faults_.is_cut(other->id, member.id);
        if (other->id == reign.leader && !other->node && reached)
            member.watch.ended.push_back(reign.epoch);
    }
}

}  // namespace ringrift::simulation
