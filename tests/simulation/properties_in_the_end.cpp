#include <algorithm>

#include "tests/simulation/properties.hpp"

namespace ringrift::simulation {
namespace {

using projections::CandidateStatus;
using projections::ClusterView;
using std::chrono::minutes;

/// What wakes a loop is done at once; without being woken, within its period of 5 minutes.
constexpr bus::Duration soon = minutes(7);

bus::Duration age_of(const History& history, bus::Position position) {
    return position == 0 ? history.ended : history.ended - history.stamps[position - 1];
}

std::map<bus::EventId, bus::Position> positions_of(const History& history) {
    std::map<bus::EventId, bus::Position> positions;
    for (const bus::Recorded& recorded : history.events) {
        positions[recorded.event.id] = recorded.position;
    }
    return positions;
}

std::string in_minutes(bus::Duration duration) {
    return std::to_string(std::chrono::floor<minutes>(duration).count()) + " min";
}

/// One candidate of a config is judged at a time, oldest first: how many are before this one.
std::int64_t ahead_of(const projections::Candidate& candidate,
                      const projections::ConfigTraining& training) {
    return std::ranges::count_if(training.candidates, [&](const auto& entry) {
        const projections::Candidate& other = entry.second;
        const bool is_decided =
            other.status == CandidateStatus::promoted || other.status == CandidateStatus::rejected;
        return !is_decided && other.generation < candidate.generation;
    });
}

}  // namespace

Violations work_comes_to_an_end(const History& history, const ClusterView& view) {
    Violations found;
    // A long line is served for hours. It moves, and that its turns are kept is judged elsewhere.
    std::map<bus::ConfigKey, bus::Position> claimed;
    for (const bus::Recorded& recorded : history.events) {
        const auto* claim = std::get_if<bus::WorkClaimed>(&recorded.event.fact);
        const auto* item = claim == nullptr ? nullptr : find(view.work, claim->work);
        if (item != nullptr) claimed[item->order.config] = recorded.position;
    }
    for (const auto& [work, item] : view.work.items) {
        const bool from_before = history.stamps[item.queued - 1] <= history.healed;
        // Unparked a while ago, it may wait, or run for as long as it may.
        const bool waits = item.status == projections::WorkStatus::pending;
        const bool touched = age_of(history, item.changed) <
                             (waits ? minutes(90) : item.order.timeout_ms + minutes(5));
        const bool is_served = item.status == projections::WorkStatus::pending &&
                               age_of(history, claimed[item.order.config]) < minutes(30);
        if (!is_open(item.status) || !from_before || touched || is_served) continue;
        found.push_back(
            {"no work waits or is held for ever",
             work.value + " has not changed for " + in_minutes(age_of(history, item.changed)),
             {item.queued, item.changed}});
    }
    return found;
}

Violations stages_lead_to_the_next(const History& history, const ClusterView& view) {
    Violations found;
    const std::string property = "every stage leads to the next or to a stated failure";
    const auto positions = positions_of(history);
    const auto complain = [&](const bus::EventId& event, bus::Duration within,
                              const std::string& what) {
        const auto at = positions.find(event);
        const bus::Position position = at == positions.end() ? 0 : at->second;
        if (age_of(history, position) < within) return;
        found.push_back(
            {property, what + " for " + in_minutes(age_of(history, position)), {position}});
    };
    for (const auto& [work, done] : view.training.unannounced) {
        complain(done.event, soon, "nobody said what " + work.value + " means");
    }
    for (const auto& [key, data] : view.data.configs) {
        for (const auto& [position, file] : data.unsynced) {
            if (view.data.files.at(file).copies.empty()) continue;
            complain(view.data.files.at(file).event, soon,
                     "games of " + key.value + " are not synchronised");
        }
    }
    for (const auto& [work, said] : view.training.trainings) {
        const auto* item = find(view.work, work);
        const bool undecided = said == "queued" || said == "started";
        if (!undecided || (item != nullptr && is_open(item->status))) continue;
        complain(item == nullptr ? bus::EventId{} : item->last_event, soon,
                 "training " + work.value + " stays " + said);
    }
    for (const auto& [key, training] : view.training.configs) {
        for (const auto& [model, candidate] : training.candidates) {
            const std::string name = "candidate " + model.value.substr(0, 12) + " of " + key.value;
            const bool decided = candidate.status == CandidateStatus::promoted ||
                                 candidate.status == CandidateStatus::rejected;
            if (decided && candidate.rebalanced) continue;
            const std::int64_t ahead = decided ? 0 : ahead_of(candidate, training);
            const bool plays = candidate.status == CandidateStatus::evaluating;
            complain(candidate.last_event, plays || ahead > 0 ? minutes(90) * (1 + ahead) : soon,
                     name + (decided ? " changed no curriculum" : " is not decided upon"));
        }
    }
    return found;
}

Violations the_loop_turns_again(const History& history, const Ledger& ledger) {
    std::int64_t games = 0;
    std::int64_t decisions = 0;
    for (const bus::Recorded& recorded : history.events) {
        const bool late = history.stamps[recorded.position - 1] > history.healed;
        if (!late || !ledger.holds(recorded.position)) continue;
        games += std::holds_alternative<bus::GamesRecorded>(recorded.event.fact);
        decisions += std::holds_alternative<bus::ModelPromoted>(recorded.event.fact) ||
                     std::holds_alternative<bus::PromotionRejected>(recorded.event.fact);
    }
    if (games > 0 && decisions > 0) return {};
    return {{"the loop of learning turns again when the faults are over",
             std::to_string(games) + " files of games and " + std::to_string(decisions) +
                 " decisions since then",
             {}}};
}

Violations no_game_is_lost(const Cluster& cluster, const ClusterView& view) {
    Violations found;
    for (const auto& [file, left] : cluster.hands().games_left()) {
        const auto at = view.data.files.find(file);
        const bool recorded = at != view.data.files.end() && at->second.games > 0;
        if (recorded || cluster.clock().passed() - left < soon || left > cluster.healed_at())
            continue;
        const auto& processes = cluster.hands().processes();
        const bool untold = std::ranges::any_of(processes, [&played = file](const auto& entry) {
            return std::ranges::any_of(entry.second.fate.leaves,
                                       [&](const auto& made) { return made.first == played; });
        });
        // A report that the hands lost comes with the daemon's next start, which may be later.
        if (untold) continue;
        found.push_back({"games that were played are recorded", file.value, {}});
    }
    return found;
}

Violations programs_run_once_and_are_forgotten(const Cluster& cluster) {
    Violations found;
    for (const auto& [job, count] : cluster.hands().launches()) {
        if (count == 1) continue;
        found.push_back({"a claim starts its program once",
                         job.work.value + " was started " + std::to_string(count) + " times",
                         {job.fence}});
    }
    return found;
}

Violations the_node_is_well(const Cluster& cluster) {
    Violations found;
    const auto complain = [&](std::string what) {
        found.push_back({"the node is well in the end", std::move(what), {}});
    };
    for (const std::string& complaint : cluster.complaints()) found.push_back({complaint, "", {}});
    if (cluster.node() == nullptr) return complain("it is down"), found;
    const ops::Pulse pulse = cluster.pulse();
    for (const auto& loop : pulse.loops) {
        if (loop.failures > 0) complain("loop " + loop.name + " failed: " + loop.last_error);
    }
    for (const auto& subscription : pulse.subscriptions) {
        const bool just_started = cluster.clock().passed() < minutes(1);
        if (!subscription.healthy && !just_started)
            complain("subscription " + subscription.event + ": " + subscription.problem);
    }
    for (const auto& [what, count] : pulse.counts) {
        const bool bug =
            what == "append_too_large" || what == "append_refused" || what == "read_damaged";
        if (bug && count > 0) complain("it met " + what);
    }
    if (!cluster.node()->is_leader()) complain("nobody leads");
    const auto& nodes = cluster.node()->view().nodes.nodes;
    const auto self = nodes.find({"sim-1"});
    if (self == nodes.end() || self->second.status != projections::NodeStatus::online)
        complain("it is not online in the log");
    return found;
}

}  // namespace ringrift::simulation
