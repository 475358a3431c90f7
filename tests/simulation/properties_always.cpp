#include <numeric>
#include <set>

#include "bus/codec.hpp"
#include "projections/snapshot.hpp"
#include "tests/simulation/properties.hpp"

namespace ringrift::simulation {
namespace {

using projections::ClusterView;
using Folded = projections::Folded<ClusterView>;

/// Calls `visit(fact, recorded)` for each event of the type that holds.
template <class Fact, class Visit>
void for_each(const History& history, const Ledger& ledger, const Visit& visit) {
    for (const bus::Recorded& recorded : history.events) {
        const auto* fact = std::get_if<Fact>(&recorded.event.fact);
        if (fact != nullptr && ledger.holds(recorded.position)) visit(*fact, recorded);
    }
}

using Counts = std::array<std::int64_t, 5>;

std::int64_t sum(const Counts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::int64_t(0));
}

/// Of the accepted matches that the evaluation names.
Counts played(const Ledger& ledger, const bus::EvaluationCompleted& evaluation,
              std::string& fault) {
    Counts counts = {};
    std::set<bus::WorkId> seen;
    for (const bus::WorkId& work : evaluation.works) {
        const auto item = ledger.items().find(work);
        if (item == ledger.items().end() || item->second.accepted == 0) {
            fault = work.value + " was not accepted";
            continue;
        }
        const bus::WorkQueued& order = item->second.order;
        const bool fits = order.type == bus::WorkType::evaluation &&
                          order.config == evaluation.config && order.model == evaluation.model &&
                          order.baseline == evaluation.baseline;
        if (!fits) fault = work.value + " was another match";
        if (!seen.insert(work).second) fault = work.value + " is counted twice";
        for (std::size_t i = 0; i < counts.size(); ++i) {
            counts[i] += item->second.result.pentanomial[i];
        }
    }
    return counts;
}

std::string fault_of(const bus::EvaluationCompleted& evaluation, const Ledger& ledger) {
    std::string fault;
    const Counts counts = played(ledger, evaluation, fault);
    if (!fault.empty()) return fault;
    const std::int64_t pairs = sum(counts);
    const std::int64_t points = counts[1] + 2 * counts[2] + 3 * counts[3] + 4 * counts[4];
    if (counts != evaluation.pentanomial) return "its counts are not those of its matches";
    if (evaluation.games != 2 * pairs) return "its games are not those of its pairs";
    if (evaluation.verdict != bus::Verdict::stronger) return {};
    if (pairs == 0) return "no game was played";
    if (points <= 2 * pairs) return "the candidate did not score more than half";
    if (evaluation.llr_micro < evaluation.llr_upper_micro)
        return "the test did not reach its bound";
    return {};
}

}  // namespace

Violations events_are_well_formed(const History& history) {
    Violations found;
    std::set<bus::EventId> ids;
    for (const bus::Recorded& recorded : history.events) {
        const bus::Event& event = recorded.event;
        const auto complain = [&](std::string property, std::string what) {
            found.push_back({std::move(property), std::move(what), {recorded.position}});
        };
        const bool known = event.causation.empty() || ids.contains(event.causation);
        if (!known)
            complain("a cause stands before its effect", "it names " + event.causation.value);
        if (event.correlation.empty()) complain("every event belongs to a chain", "it names none");
        if (!ids.insert(event.id).second) complain("ids are unique", event.id.value);
        if (bus::decode(bus::encode(event)) != event) complain("an event survives its text", "");
    }
    return found;
}

Violations fold_agrees_with_ledger(const History&, const Ledger& ledger, const ClusterView& view) {
    Violations found = ledger.violations();
    const std::string property = "the fold accepts what holds, and nothing else";
    for (const auto& [work, item] : view.work.items) {
        const auto own = ledger.items().find(work);
        if (own == ledger.items().end()) {
            found.push_back({property, work.value + " was never queued", {item.queued}});
            continue;
        }
        const LedgerItem& entry = own->second;
        const bool completed = item.status == projections::WorkStatus::completed;
        const bool same_claim = item.lease.has_value() == entry.holder.has_value() &&
                                (!item.lease || (item.lease->node == *entry.holder &&
                                                 item.lease->fence == entry.fence));
        const bool same_chances = item.attempts == entry.attempts &&
                                  item.setbacks_total == entry.setbacks &&
                                  is_open(item.status) == is_open(entry);
        if (!same_chances)
            found.push_back({property, work.value + " has other chances", {entry.changed}});
        if (!same_claim)
            found.push_back({property, work.value + " is held otherwise", {entry.changed}});
        if (completed != (entry.accepted != 0) || (completed && item.result != entry.result)) {
            found.push_back({property, work.value + " ended otherwise", {entry.changed}});
        }
    }
    for (const auto& [config, games] : ledger.games()) {
        const auto data = view.data.configs.find(config);
        const std::int64_t counted = data == view.data.configs.end() ? 0 : data->second.games;
        if (counted == games) continue;
        found.push_back({"each game is counted once", config.value + ": " +
                                                          std::to_string(counted) + " instead of " +
                                                          std::to_string(games)});
    }
    for (const auto& [work, entry] : ledger.items()) {
        if (is_open(entry) && find(view.work, work) == nullptr)
            found.push_back({property, work.value + " is not known", {entry.queued}});
    }
    if (view.counts.parked_events + view.counts.unknown_events > 0) {
        found.push_back({"our own events can be read", "some are parked or unknown"});
    }
    return found;
}

Violations promotions_have_evidence(const History& history, const Ledger& ledger) {
    Violations found;
    const std::string property = "no promotion without evidence";
    std::map<bus::ModelId, std::pair<bus::EvaluationCompleted, bus::Position>> evaluations;
    std::map<bus::ConfigKey, bus::ModelId> best;
    for (const bus::Recorded& recorded : history.events) {
        if (!ledger.holds(recorded.position)) continue;
        const bus::Position at = recorded.position;
        if (const auto* e = std::get_if<bus::EvaluationCompleted>(&recorded.event.fact)) {
            const std::string fault = fault_of(*e, ledger);
            if (!fault.empty()) found.push_back({"an evaluation names its games", fault, {at}});
            evaluations.try_emplace(e->model, *e, at);
        }
        if (const auto* e = std::get_if<bus::ModelRolledBack>(&recorded.event.fact)) {
            best[e->config] = e->restored;
        }
        const auto* e = std::get_if<bus::ModelPromoted>(&recorded.event.fact);
        if (e == nullptr) continue;
        const auto evaluation = evaluations.find(e->model);
        const auto complain = [&](std::string what) {
            found.push_back({property, std::move(what), {at}});
        };
        const auto [present, unused] = best.try_emplace(e->config, bus::init_model);
        if (evaluation == evaluations.end()) {
            complain("it was not evaluated");
            continue;
        }
        const bus::EvaluationCompleted& shown = evaluation->second.first;
        if (shown.verdict != bus::Verdict::stronger) complain("it was not found stronger");
        if (shown.baseline != e->previous) complain("it was evaluated against another");
        if (e->previous != present->second) complain("it replaces what was not the best");
        if (e->games <= 0 || e->games != shown.games || e->pentanomial != shown.pentanomial ||
            e->llr_micro != shown.llr_micro) {
            complain("its evidence is not that of its evaluation");
        }
        present->second = e->model;
    }
    return found;
}

Violations nothing_is_said_twice(const History& history, const Ledger& ledger) {
    Violations found;
    std::map<std::string, bus::Position> said;
    const auto once = [&](const std::string& what, const std::string& about, const auto& recorded) {
        const auto [at, is_new] = said.try_emplace(what + " " + about, recorded.position);
        if (is_new) return;
        found.push_back(
            {"nothing is announced twice", what + " " + about, {at->second, recorded.position}});
    };
    const auto accepted = [&](const bus::WorkId& work, const auto& recorded) {
        const auto item = ledger.items().find(work);
        const bool shown = item != ledger.items().end() && item->second.accepted != 0 &&
                           item->second.accepted < recorded.position;
        if (!shown)
            found.push_back({"what is announced was accepted", work.value, {recorded.position}});
    };
    for_each<bus::NpzExportComplete>(history, ledger, [&](const auto& e, const auto& r) {
        once("export", e.work.value, r), accepted(e.work, r);
        if (e.samples <= 0 || e.file.empty())
            found.push_back({"completion means evidence", "an export of nothing", {r.position}});
    });
    for_each<bus::TrainingCompleted>(history, ledger, [&](const auto& e, const auto& r) {
        once("training", e.work.value, r), accepted(e.work, r);
        if (e.model.empty())
            found.push_back(
                {"completion means evidence", "a training without a model", {r.position}});
    });
    for_each<bus::MatchPlayed>(history, ledger, [&](const auto& e, const auto& r) {
        once("match", e.match, r), accepted(e.work, r);
        if (e.games <= 0)
            found.push_back({"completion means evidence", "a match without games", {r.position}});
    });
    for_each<bus::TrainingStarted>(history, ledger, [&](const auto& e, const auto& r) {
        once("training started", e.work.value, r);
    });
    for_each<bus::EvaluationStarted>(history, ledger, [&](const auto& e, const auto& r) {
        once("evaluation started", e.model.value, r);
    });
    for_each<bus::EvaluationCompleted>(history, ledger, [&](const auto& e, const auto& r) {
        once("evaluation", e.model.value, r);
    });
    for_each<bus::ModelPromoted>(
        history, ledger, [&](const auto& e, const auto& r) { once("decision", e.model.value, r); });
    for_each<bus::PromotionRejected>(
        history, ledger, [&](const auto& e, const auto& r) { once("decision", e.model.value, r); });
    for_each<bus::CurriculumRebalanced>(history, ledger, [&](const auto& e, const auto& r) {
        once("curriculum", e.model.value, r);
    });
    return found;
}

Violations nothing_known_is_said_again(const History& history, const WitnessLog& witness) {
    Violations found;
    for (const bus::Position position : witness.said_again()) {
        const auto& fact = history.events[position - 1].event.fact;
        if (std::holds_alternative<bus::IdleResourceDetected>(fact)) continue;
        found.push_back({"what a node has folded it does not say again", "", {position}});
    }
    return found;
}

Violations rebuild_equals_live(const History& history, const ClusterView& view, Random random) {
    Violations found;
    const auto total = static_cast<bus::Position>(history.events.size());
    const auto cut =
        static_cast<bus::Position>(random.between(0, static_cast<std::int64_t>(total)));
    Folded rebuilt;
    Folded doubled;
    std::optional<Folded> restored;
    for (const bus::Recorded& recorded : history.events) {
        rebuilt.advance(recorded);
        doubled.advance(recorded);
        if (recorded.position > 1) doubled.advance(history.events[recorded.position - 2]);
        doubled.advance(recorded);
        if (recorded.position == cut)
            restored = projections::from_snapshot(projections::to_snapshot(rebuilt));
        if (recorded.position > cut && restored) restored->advance(recorded);
    }
    if (rebuilt.view != view)
        found.push_back({"rebuild equals live", "they differ at the end", {}});
    if (doubled != rebuilt) found.push_back({"what is delivered twice is folded once", "", {}});
    if (cut > 0 && (!restored || *restored != rebuilt)) {
        found.push_back({"a snapshot is only a shortcut", "from here on the views differ", {cut}});
    }
    return found;
}

}  // namespace ringrift::simulation
