#include "projections/training_view.hpp"

#include <algorithm>

#include "projections/counts.hpp"

namespace ringrift::projections {
namespace {

Candidate* candidate_of(TrainingView& view, const bus::ConfigKey& config,
                        const bus::ModelId& model) {
    const auto at = view.configs.find(config);
    if (at == view.configs.end()) return nullptr;
    const auto candidate = at->second.candidates.find(model);
    return candidate == at->second.candidates.end() ? nullptr : &candidate->second;
}

void exported(TrainingView& view, const bus::NpzExportComplete& e, const bus::Recorded& recorded) {
    view.unannounced.erase(e.work);
    if (e.samples <= 0 || e.file.empty()) return;
    ConfigTraining& config = view.configs[e.config];
    ++config.exports;
    config.export_waiting = ExportEntry{.file = e.file,
                                        .samples = e.samples,
                                        .games = e.games,
                                        .position = recorded.position,
                                        .event = recorded.event.id,
                                        .correlation = recorded.event.correlation};
}

void trained(TrainingView& view, const bus::TrainingCompleted& e, const bus::Recorded& recorded) {
    view.unannounced.erase(e.work);
    if (!e.work.empty()) view.trainings[e.work] = "completed";
    if (e.model.empty() || e.model == bus::init_model) return;
    ConfigTraining& config = view.configs[e.config];
    const auto [at, is_new] = config.candidates.try_emplace(e.model);
    if (!is_new) return;
    ++config.trainings;
    config.last_training_at = recorded.event.time;
    at->second = {.trained = e,
                  .generation = config.trainings,
                  .trained_at = recorded.event.time,
                  .last_event = recorded.event.id,
                  .correlation = recorded.event.correlation};
}

void evaluation_started(TrainingView& view, const bus::EvaluationStarted& e,
                        const bus::Event& event) {
    Candidate* candidate = candidate_of(view, e.config, e.model);
    if (candidate == nullptr || candidate->status != CandidateStatus::trained) return;
    candidate->status = CandidateStatus::evaluating;
    candidate->baseline = e.baseline;
    candidate->last_event = event.id;
}

void evaluation_completed(TrainingView& view, const bus::EvaluationCompleted& e,
                          const bus::Event& event) {
    Candidate* candidate = candidate_of(view, e.config, e.model);
    if (candidate == nullptr || candidate->status != CandidateStatus::evaluating) return;
    candidate->status = CandidateStatus::evaluated;
    candidate->evaluation = e;
    candidate->last_event = event.id;
}

/// The first decision about a candidate holds.
bool decided(TrainingView& view, const bus::ConfigKey& config, const bus::ModelId& model,
             CandidateStatus status, const std::string& reason, const bus::Event& event) {
    Candidate* candidate = candidate_of(view, config, model);
    if (candidate == nullptr || candidate->status != CandidateStatus::evaluated) return false;
    candidate->status = status;
    candidate->decision_reason = reason;
    candidate->last_event = event.id;
    ++view.configs[config].evaluated;
    return true;
}

void promoted(TrainingView& view, const bus::ModelPromoted& e, const bus::Event& event) {
    const Candidate* candidate = candidate_of(view, e.config, e.model);
    const bool shown = candidate != nullptr && candidate->evaluation &&
                       candidate->evaluation->verdict == bus::Verdict::stronger &&
                       candidate->evaluation->games > 0 &&
                       e.previous == view.configs[e.config].best;
    if (!shown) return;  // no promotion without evidence, whoever says so
    if (!decided(view, e.config, e.model, CandidateStatus::promoted, e.gate, event)) return;
    ConfigTraining& config = view.configs[e.config];
    config.best = e.model;
    config.promoted.push_back(e.model);
    config.regressions = 0;
    config.regression_games = 0;
}

void rolled_back(TrainingView& view, const bus::ModelRolledBack& e) {
    const auto at = view.configs.find(e.config);
    if (at == view.configs.end() || at->second.best != e.model) return;
    at->second.best = e.restored;
    at->second.regressions = 0;
    at->second.regression_games = 0;
}

void rebalanced(TrainingView& view, const bus::CurriculumRebalanced& e, const bus::Event& event) {
    view.weights_ppm.clear();
    for (const bus::ConfigWeight& weight : e.weights) {
        if (weight.weight_ppm >= 0) view.weights_ppm[weight.config] = weight.weight_ppm;
    }
    view.curriculum_event = event.id;
    if (Candidate* candidate = candidate_of(view, e.config, e.model)) {
        candidate->rebalanced = true;
        candidate->last_event = event.id;
    }
}

}  // namespace

void apply(TrainingView& view, const bus::Recorded& recorded) {
    const bus::Event& event = recorded.event;
    std::visit(bus::Overloaded{
                   [&](const bus::NpzExportComplete& e) { exported(view, e, recorded); },
                   [&](const bus::TrainingCompleted& e) { trained(view, e, recorded); },
                   [&](const bus::TrainingStarted& e) {
                       std::string& said = view.trainings[e.work];
                       if (said.empty() || said == "queued") said = "started";
                   },
                   [&](const bus::TrainingFailed& e) {
                       view.unannounced.erase(e.work);
                       std::string& said = view.trainings[e.work];
                       if (said == "failed") return;
                       said = "failed";
                       ++view.configs[e.config].trainings_failed;
                   },
                   [&](const bus::EvaluationStarted& e) { evaluation_started(view, e, event); },
                   [&](const bus::EvaluationCompleted& e) { evaluation_completed(view, e, event); },
                   [&](const bus::ModelPromoted& e) { promoted(view, e, event); },
                   [&](const bus::PromotionRejected& e) {
                       decided(view, e.config, e.model, CandidateStatus::rejected, e.reason, event);
                   },
                   [&](const bus::ModelRolledBack& e) { rolled_back(view, e); },
                   [&](const bus::CurriculumRebalanced& e) { rebalanced(view, e, event); },
                   [&](const bus::RegressionDetected& e) {
                       ConfigTraining& config = view.configs[e.config];
                       if (config.best != e.model || e.games <= config.regression_games) return;
                       ++config.regressions;
                       config.regression_games = e.games;
                   },
                   [&](const bus::MatchPlayed& e) { view.unannounced.erase(e.work); },
                   [](const auto&) {},
               },
               event.fact);
}

void queued(TrainingView& view, const bus::WorkQueued& order, const bus::Recorded& recorded) {
    if (order.type == bus::WorkType::export_) {
        ConfigTraining& config = view.configs[order.config];
        config.games_exported = std::max(config.games_exported, order.games);
    } else if (order.type == bus::WorkType::training) {
        view.trainings.try_emplace(order.work, "queued");
        ConfigTraining& config = view.configs[order.config];
        const auto& waiting = config.export_waiting;
        const bool uses_it = waiting && std::ranges::count(order.inputs, waiting->file) > 0;
        if (uses_it) config.export_waiting.reset();
        config.last_training_at = recorded.event.time;
    }
}

void completed(TrainingView& view, const WorkItem& item, const bus::WorkCompleted& done,
               const bus::Recorded& recorded) {
    const bus::WorkQueued& order = item.order;
    if (order.type == bus::WorkType::evaluation) {
        Candidate* candidate = candidate_of(view, order.config, order.model);
        const bool counts =
            candidate != nullptr && candidate->status == CandidateStatus::evaluating &&
            candidate->baseline == order.baseline && are_counts_of_games(done.result.pentanomial) &&
            std::ranges::count(candidate->matches, order.work) == 0;
        if (!counts) return;
        for (std::size_t i = 0; i < candidate->pentanomial.size(); ++i) {
            candidate->pentanomial[i] += done.result.pentanomial[i];
        }
        candidate->matches.push_back(order.work);
        candidate->last_event = recorded.event.id;
        return;
    }
    const bool means_more = order.type == bus::WorkType::export_ ||
                            order.type == bus::WorkType::training ||
                            order.type == bus::WorkType::tournament;
    if (!means_more) return;
    view.unannounced[order.work] = {.order = order,
                                    .node = done.node,
                                    .result = done.result,
                                    .event = recorded.event.id,
                                    .correlation = recorded.event.correlation};
}

std::int64_t evaluated(const TrainingView& view) {
    std::int64_t total = 0;
    for (const auto& [key, config] : view.configs) total += config.evaluated;
    return total;
}

}  // namespace ringrift::projections
