#include "tests/simulation/properties_many.hpp"

#include <algorithm>

#include "projections/snapshot.hpp"
#include "tests/simulation/clock_text.hpp"

namespace ringrift::simulation {
namespace {

using projections::ClusterView;
using std::chrono::minutes;
using Said = const std::vector<bus::EventId>& (LeaseAudit::*)() const;

/// Those events of a member that hold.
Violations holding(const Fleet& fleet, const History& history, const Ledger& ledger,
                   const std::string& property, Said said) {
    std::map<bus::EventId, bus::NodeId> sayers;
    for (const auto& member : fleet.members()) {
        for (const bus::EventId& event : (member->audit.*said)()) sayers[event] = member->id;
    }
    Violations found;
    for (const bus::Recorded& recorded : history.events) {
        const auto sayer = sayers.find(recorded.event.id);
        const bool counts = sayer != sayers.end() && sayer->second == recorded.event.source &&
                            ledger.holds(recorded.position);
        if (counts) found.push_back({property, sayer->second.value, {recorded.position}});
    }
    return found;
}

}  // namespace

Violations reigns_follow_each_other(const Fleet& fleet) {
    Violations found;
    const std::string property = "epochs strictly increase, and no void event has effect";
    for (const std::string& complaint : fleet.auditor().complaints)
        found.push_back({property, complaint, {}});
    const auto& view = fleet.folded().view.leadership;
    const tests::LeadershipLedger& auditor = fleet.auditor();
    const tests::LeadershipLedger::Names voters(view.voters.begin(), view.voters.end());
    const bool same = view.epoch == auditor.epoch && view.leader == auditor.leader &&
                      view.elections == auditor.elections && voters == auditor.voters &&
                      view.config.hash == auditor.config;
    if (!same) found.push_back({property, "the fold and the auditor differ about who leads", {}});
    if (view.elections != static_cast<std::int64_t>(view.epoch))
        found.push_back({property, "an epoch was skipped", {}});
    return found;
}

Violations void_events_have_no_effect(const History& history, const Ledger& ledger,
                                      const ClusterView& view) {
    projections::Folded<ClusterView> without;
    std::vector<bus::Position> voided;
    for (bus::Recorded recorded : history.events) {
        if (ledger.is_void(recorded.position)) {
            voided.push_back(recorded.position);
            recorded.event.fact = bus::NodeReleased{};  // Of nobody.
            recorded.event.epoch = without.view.leadership.epoch;
        }
        without.advance(recorded);
    }
    const bool same = without.view.leadership == view.leadership &&
                      without.view.nodes == view.nodes && without.view.work == view.work &&
                      without.view.data == view.data && without.view.training == view.training &&
                      without.view.ratings == view.ratings;
    if (same) return {};
    if (voided.size() > 10) voided.resize(10);
    return {{"epochs strictly increase, and no void event has effect",
             "without them the view is another", voided}};
}

Violations leaders_are_silent_after_their_lease(const Fleet& fleet, const History& history,
                                                const Ledger& ledger) {
    return holding(fleet, history, ledger, "the leader does nothing after its lease",
                   &LeaseAudit::said_without);
}

Violations claims_that_are_named_live(const Fleet& fleet, const History& history,
                                      const Ledger& ledger) {
    return holding(fleet, history, ledger, "no claim ends while its node's heartbeats name it",
                   &LeaseAudit::said_in_spite);
}

Violations claims_start_one_program(const Fleet& fleet) {
    Violations found;
    std::map<bus::Position, bus::NodeId> runs;
    for (const auto& member : fleet.members()) {
        for (const auto& [job, count] : member->hands.launches()) {
            const auto [other, is_new] = runs.try_emplace(job.fence, member->id);
            if (count == 1 && is_new) continue;
            found.push_back({"a claim starts its program once",
                             job.work.value + " was started " + std::to_string(count) +
                                 " times at " + member->id.value +
                                 (is_new ? "" : ", and at " + other->second.value),
                             {job.fence}});
        }
    }
    return found;
}

Violations views_are_the_same_everywhere(const Fleet& fleet) {
    Violations found;
    const std::string expected = projections::to_snapshot(fleet.folded());
    for (const auto& member : fleet.members()) {
        if (!member->node) continue;
        const bus::Position position = member->node->position();
        const std::string property = "all views are byte-equal at the same position";
        if (position != fleet.folded().position) {
            // That it was folded rightly so far was seen when the simulation ended.
            const bus::Duration lacked_for =
                fleet.clock().passed() - fleet.log().stamps()[position];
            if (lacked_for < seen_within) continue;
            found.push_back({property,
                             member->id.value + " has folded " + std::to_string(position) + " of " +
                                 std::to_string(fleet.folded().position) + " events",
                             {}});
            continue;
        }
        const projections::Folded<ClusterView> own = {.view = member->node->view(),
                                                      .position = position};
        if (projections::to_snapshot(own) != expected)
            found.push_back({property, member->id.value + " has another", {}});
    }
    return found;
}

Violations games_of_all_nodes_are_recorded(const Fleet& fleet) {
    Violations found;
    const auto& files = fleet.folded().view.data.files;
    for (const auto& member : fleet.members()) {
        for (const auto& [file, left] : member->hands.games_left()) {
            const auto at = files.find(file);
            const bool recorded = at != files.end() && at->second.games > 0;
            const bool young = fleet.clock().passed() - left < minutes(7);
            if (recorded || young || left > fleet.healed_at()) continue;
            const auto& processes = member->hands.processes();
            // A report that the hands lost comes with the daemon's next start, which may be later.
            const bool untold = std::ranges::any_of(processes, [&file = file](const auto& entry) {
                return std::ranges::any_of(entry.second.fate.leaves,
                                           [&](const auto& made) { return made.first == file; });
            });
            if (!untold)
                found.push_back({"games that were played are recorded",
                                 file.value + " at " + member->id.value,
                                 {}});
        }
    }
    return found;
}

Violations all_nodes_are_well(const Fleet& fleet) {
    Violations found;
    const std::string property = "the nodes are well in the end";
    std::size_t leaders = 0;
    for (const auto& member : fleet.members()) {
        const auto complain = [&](const std::string& what) {
            found.push_back({property, member->id.value + ": " + what, {}});
        };
        if (!member->node) {
            complain("it is down");
            continue;
        }
        leaders += member->node->is_leader() ? 1 : 0;
        const ops::Pulse pulse = member->board.read();
        for (const auto& loop : pulse.loops) {
            if (loop.failures > 0) complain("loop " + loop.name + " failed: " + loop.last_error);
        }
        for (const auto& [what, count] : pulse.counts) {
            const bool bug =
                what == "append_too_large" || what == "append_refused" || what == "read_damaged";
            if (bug && count > 0) complain("it met " + what);
        }
        const auto& nodes = fleet.folded().view.nodes.nodes;
        const auto entry = nodes.find(member->id);
        if (entry == nodes.end() || entry->second.status != projections::NodeStatus::online)
            complain("it is not online in the log");
    }
    if (leaders != 1) found.push_back({property, std::to_string(leaders) + " nodes lead", {}});
    return found;
}

Violations productive_again(const Fleet& fleet, const History& history, const Ledger& ledger) {
    Violations found;
    const std::string property = "once faults stop, the cluster is productive again in time";
    const bus::Duration healed = fleet.healed_at();
    const auto leads = fleet.led_at();
    if (!leads || *leads - healed > leader_within)
        found.push_back({property, "nobody leads in time", {}});
    std::optional<bus::Duration> claims;
    for (const bus::Recorded& recorded : history.events) {
        const bus::Duration at = history.stamps[recorded.position - 1];
        const bool is_claim = std::holds_alternative<bus::WorkClaimed>(recorded.event.fact);
        if (at > healed && is_claim && ledger.holds(recorded.position) && !claims) claims = at;
    }
    if (!claims || *claims - healed > claim_within)
        found.push_back({property,
                         claims ? "the first claim comes at " + clock_text(*claims)
                                : std::string("nothing is claimed"),
                         {}});
    return found;
}

}  // namespace ringrift::simulation
