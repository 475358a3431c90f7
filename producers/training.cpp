#include "producers/training.hpp"

#include <algorithm>

#include "producers/drafting.hpp"
#include "projections/elo_estimate.hpp"
#include "projections/sprt.hpp"

namespace ringrift::producers {
namespace {

using projections::Candidate;
using projections::CandidateStatus;
using projections::ConfigTraining;

std::int64_t milli(double value) {
    return static_cast<std::int64_t>(value * 1e3 + (value < 0 ? -0.5 : 0.5));
}
std::int64_t micro(double value) {
    return static_cast<std::int64_t>(value * 1e6 + (value < 0 ? -0.5 : 0.5));
}

const ConfigTraining* training_of(const Sight& sight, const bus::ConfigKey& config) {
    const auto at = sight.cluster.training.configs.find(config);
    return at == sight.cluster.training.configs.end() ? nullptr : &at->second;
}

/// The candidate iff it stands at `status`.
const Candidate* candidate_at(const Sight& sight, const bus::ConfigKey& config,
                              const bus::ModelId& model, CandidateStatus status) {
    const ConfigTraining* training = training_of(sight, config);
    if (training == nullptr) return nullptr;
    const auto at = training->candidates.find(model);
    return at != training->candidates.end() && at->second.status == status ? &at->second : nullptr;
}

Refusal not_at_this_stage(const bus::ModelId& model) {
    return refuse(Refusal::Kind::duplicate,
                  "candidate " + short_name(model) + " is not at this stage");
}

/// What happened to a candidate follows from what happened to it before.
Draft next_of(const Candidate& candidate, std::string_view what, bus::Fact fact) {
    return {.id = {candidate.trained.config.value + ":" + candidate.trained.model.value + ":" +
                   std::string(what)},
            .causation = candidate.last_event,
            .correlation = candidate.correlation,
            .fact = std::move(fact)};
}

/// The model file among what a training job left: the only file, or the one named *.bin, *.pt….
const bus::FileMade* model_file(const bus::WorkResult& result) {
    const auto is_model = [](const bus::FileMade& made) {
        return !made.file.empty() && !made.name.ends_with(".json");
    };
    const auto at = std::ranges::find_if(result.files, is_model);
    return at == result.files.end() ? nullptr : &*at;
}

bus::Fact export_complete(const projections::Unannounced& done) {
    std::int64_t games = done.result.games;
    const bus::FileDigest file =
        done.result.files.empty() ? bus::FileDigest{} : done.result.files.front().file;
    return bus::NpzExportComplete{.work = done.order.work,
                                  .config = done.order.config,
                                  .file = file,
                                  .node = done.node,
                                  .samples = done.result.samples,
                                  .games = games};
}

bus::Fact training_complete(const projections::Unannounced& done) {
    const bus::FileMade* made = model_file(done.result);
    if (made == nullptr) {
        return bus::TrainingFailed{.work = done.order.work,
                                   .config = done.order.config,
                                   .reason = "it left no model file"};
    }
    return bus::TrainingCompleted{.work = done.order.work,
                                  .config = done.order.config,
                                  .model = {made->file.value},
                                  .parent = done.order.model,
                                  .node = done.node,
                                  .bytes = made->bytes,
                                  .samples = done.result.samples,
                                  .steps = done.result.steps,
                                  .loss_micro = done.result.loss_micro};
}

bus::Fact match_played(const projections::Unannounced& done) {
    return bus::MatchPlayed{.match = done.order.work.value,
                            .config = done.order.config,
                            .work = done.order.work,
                            .games = done.result.games,
                            .scores = {{.first = done.order.model,
                                        .second = done.order.baseline,
                                        .wins = done.result.wins,
                                        .draws = done.result.draws,
                                        .losses = done.result.losses}}};
}

}  // namespace

std::string short_name(const bus::ModelId& model) {
    return model.value.substr(0, 12);
}

bus::WorkId evaluation_match(const bus::ConfigKey& config, const bus::ModelId& model,
                             std::int64_t n) {
    return {"evaluation-" + config.value + "-" + short_name(model) + "-" + std::to_string(n)};
}

bool awaits_file(const Sight& sight, const Candidate& candidate) {
    return sight.now - candidate.trained_at < model_file_wait &&
           is_lost(sight.cluster.data, {candidate.trained.model.value});
}

bool cannot_be_judged(const projections::ClusterView& cluster, const bus::ConfigKey& config,
                      const Candidate& candidate) {
    return is_lost(cluster.data, {candidate.trained.model.value}) ||
           matches_failed(cluster.work, config, candidate);
}

bool matches_failed(const projections::WorkView& work, const bus::ConfigKey& config,
                    const Candidate& candidate) {
    const auto counted = static_cast<std::int64_t>(candidate.matches.size());
    for (std::int64_t n = 0;; ++n) {
        const auto* item = find(work, evaluation_match(config, candidate.trained.model, n));
        if (item == nullptr && n >= counted) return false;
        if (item == nullptr) continue;  // counted, and so long ago that it left the view
        if (!projections::is_open(item->status) &&
            item->status != projections::WorkStatus::completed)
            return true;
    }
}

Decision decide(const Sight& sight, const AnnounceResult& command) {
    const auto& waiting = sight.cluster.training.unannounced;
    const auto at = waiting.find(command.work);
    if (at == waiting.end())
        return refuse(Refusal::Kind::duplicate, "nothing to say about " + command.work.value);
    const projections::Unannounced& done = at->second;
    const bus::WorkType type = done.order.type;
    bus::Fact fact = type == bus::WorkType::export_    ? export_complete(done)
                     : type == bus::WorkType::training ? training_complete(done)
                                                       : match_played(done);
    return std::vector<Draft>{{.id = {command.work.value + ":announced"},
                               .causation = done.event,
                               .correlation = done.correlation,
                               .fact = std::move(fact)}};
}

Decision decide(const Sight& sight, const AnnounceTraining& command) {
    const auto* item = find(sight.cluster.work, command.work);
    if (item == nullptr || item->order.type != bus::WorkType::training) {
        return refuse(Refusal::Kind::unknown, "no training " + command.work.value);
    }
    const auto said = sight.cluster.training.trainings.find(command.work);
    const bool is_said = said != sight.cluster.training.trainings.end() && said->second != "queued";
    const bool ended_badly =
        !projections::is_open(item->status) && item->status != projections::WorkStatus::completed;
    if (ended_badly && (!is_said || said->second == "started")) {
        return std::vector<Draft>{
            {.id = {command.work.value + ":training-failed"},
             .causation = item->last_event,
             .correlation = item->correlation,
             .fact = bus::TrainingFailed{
                 .work = command.work, .config = item->order.config, .reason = item->reason}}};
    }
    if (item->status == projections::WorkStatus::running && !is_said) {
        return std::vector<Draft>{{.id = {command.work.value + ":training-started"},
                                   .causation = item->last_event,
                                   .correlation = item->correlation,
                                   .fact = bus::TrainingStarted{.work = command.work,
                                                                .config = item->order.config,
                                                                .node = item->lease->node,
                                                                .parent = item->order.model}}};
    }
    return refuse(Refusal::Kind::duplicate, "nothing new about " + command.work.value);
}

Decision decide(const Sight& sight, const StartEvaluation& command) {
    const Candidate* candidate =
        candidate_at(sight, command.config, command.model, CandidateStatus::trained);
    if (candidate == nullptr) return not_at_this_stage(command.model);
    if (awaits_file(sight, *candidate)) {
        return refuse(Refusal::Kind::nothing_waits,
                      "no node has the file of candidate " + short_name(command.model) + " yet");
    }
    return std::vector<Draft>{
        next_of(*candidate, "evaluation-started",
                bus::EvaluationStarted{.config = command.config,
                                       .model = command.model,
                                       .baseline = training_of(sight, command.config)->best})};
}

namespace {

struct Ending {
    bus::Verdict verdict = bus::Verdict::undecided;
    std::string reason = {};
};

/// How the test has ended; nothing while it wants more games.
std::optional<Ending> ending_of(const Candidate& candidate, const bus::ConfigPolicy& policy,
                                const projections::SprtStatus& status, std::int64_t pairs_played,
                                bool matches_failed) {
    if (status.problem != projections::SprtProblem::none) {
        return Ending{bus::Verdict::failed, "the counts or the bounds of the test make no sense"};
    }
    if (matches_failed) return Ending{bus::Verdict::failed, "a match could not be played"};
    // Matches that played fewer pairs than they were asked for do not make the evaluation endless.
    const auto matches = static_cast<std::int64_t>(candidate.matches.size());
    const bool played_out =
        pairs_played >= policy.pairs_max || matches * policy.pairs_per_batch >= policy.pairs_max;
    if (played_out && pairs_played <= 0)
        return Ending{bus::Verdict::failed, "no pair of games was played"};
    if (pairs_played * 2 < policy.games_min && !played_out) return {};
    switch (status.verdict) {
        case projections::SprtVerdict::accept_h1: return Ending{bus::Verdict::stronger};
        case projections::SprtVerdict::accept_h0: return Ending{bus::Verdict::not_stronger};
        case projections::SprtVerdict::continue_testing: break;
    }
    if (!played_out) return {};
    return Ending{bus::Verdict::undecided, "the most games allowed were played"};
}

}  // namespace

std::optional<bus::EvaluationCompleted> judge(const Candidate& candidate,
                                              const bus::ConfigPolicy& policy,
                                              bool matches_failed) {
    const auto& counts = candidate.pentanomial;
    const projections::Pentanomial pairs = {counts[0], counts[1], counts[2], counts[3], counts[4]};
    const auto status =
        projections::sprt_status(pairs, {.model = projections::EloModel::normalized,
                                         .elo0 = static_cast<double>(policy.elo0_milli) / 1e3,
                                         .elo1 = static_cast<double>(policy.elo1_milli) / 1e3});
    const std::int64_t pairs_played = projections::results_in(pairs);
    auto ending = ending_of(candidate, policy, status, pairs_played, matches_failed);
    if (!ending) return {};
    // Its intervals take a hundred times as long as the test, which is asked at every step.
    const auto elo = projections::logistic_elo(pairs);
    return bus::EvaluationCompleted{.config = candidate.trained.config,
                                    .model = candidate.trained.model,
                                    .baseline = candidate.baseline,
                                    .verdict = ending->verdict,
                                    .pentanomial = counts,
                                    .games = pairs_played * 2,
                                    .llr_micro = micro(status.llr),
                                    .llr_lower_micro = micro(status.lower),
                                    .llr_upper_micro = micro(status.upper),
                                    .elo_milli = milli(elo.elo),
                                    .elo_low_milli = milli(elo.low),
                                    .elo_high_milli = milli(elo.high),
                                    .works = candidate.matches,
                                    .reason = std::move(ending->reason)};
}

Decision decide(const Sight& sight, const ConcludeEvaluation& command) {
    const Candidate* candidate =
        candidate_at(sight, command.config, command.model, CandidateStatus::evaluating);
    if (candidate == nullptr) return not_at_this_stage(command.model);
    const bus::ConfigPolicy* policy = policy_of(sight.cluster.leadership, command.config);
    if (policy == nullptr) {
        return refuse(Refusal::Kind::unknown, "config " + command.config.value +
                                                  " has no policy; add it to the workload file");
    }
    auto evaluation =
        judge(*candidate, *policy, cannot_be_judged(sight.cluster, command.config, *candidate));
    if (!evaluation) return refuse(Refusal::Kind::nothing_waits, "the test wants more games");
    if (evaluation->verdict == bus::Verdict::failed &&
        is_lost(sight.cluster.data, {command.model.value})) {
        evaluation->reason = "no node has the model's file";
    }
    return std::vector<Draft>{next_of(*candidate, "evaluated", std::move(*evaluation))};
}

bus::Fact promotion(const bus::EvaluationCompleted& evaluation, const bus::ModelId& best,
                    const bus::ConfigPolicy& policy) {
    bus::PromotionRejected rejected = {.config = evaluation.config, .model = evaluation.model};
    if (evaluation.verdict == bus::Verdict::failed) {
        rejected.gate = "evaluation";
        rejected.reason = evaluation.reason;
        return rejected;
    }
    if (evaluation.games < std::max<std::int64_t>(1, policy.games_min)) {
        rejected.gate = "games";
        rejected.actual_milli = evaluation.games * 1000;
        rejected.threshold_milli = policy.games_min * 1000;
        rejected.reason = "too few games";
        return rejected;
    }
    if (evaluation.baseline != best) {
        rejected.gate = "baseline";
        rejected.reason = "evaluated against " + short_name(evaluation.baseline) +
                          ", but the best is now " + short_name(best);
        return rejected;
    }
    if (evaluation.verdict != bus::Verdict::stronger ||
        evaluation.llr_micro < evaluation.llr_upper_micro) {
        rejected.gate = "gsprt";
        rejected.actual_milli = evaluation.llr_micro / 1000;
        rejected.threshold_milli = evaluation.llr_upper_micro / 1000;
        rejected.reason = "not shown to be stronger";
        return rejected;
    }
    return bus::ModelPromoted{.config = evaluation.config,
                              .model = evaluation.model,
                              .previous = evaluation.baseline,
                              .pentanomial = evaluation.pentanomial,
                              .games = evaluation.games,
                              .llr_micro = evaluation.llr_micro,
                              .elo_milli = evaluation.elo_milli,
                              .gate = "gsprt"};
}

Decision decide(const Sight& sight, const DecidePromotion& command) {
    const Candidate* candidate =
        candidate_at(sight, command.config, command.model, CandidateStatus::evaluated);
    if (candidate == nullptr) return not_at_this_stage(command.model);
    const bus::ConfigPolicy* policy = policy_of(sight.cluster.leadership, command.config);
    const bus::ModelId& best = training_of(sight, command.config)->best;
    return std::vector<Draft>{
        next_of(*candidate, "decided",
                promotion(*candidate->evaluation, best,
                          policy == nullptr ? bus::ConfigPolicy{} : *policy))};
}

Decision decide(const Sight& sight, const RebalanceCurriculum& command) {
    const ConfigTraining* training = training_of(sight, command.config);
    const auto at = training == nullptr ? decltype(training->candidates.begin()){}
                                        : training->candidates.find(command.model);
    const bool is_decided = training != nullptr && at != training->candidates.end() &&
                            !at->second.rebalanced &&
                            (at->second.status == CandidateStatus::promoted ||
                             at->second.status == CandidateStatus::rejected);
    if (!is_decided) return not_at_this_stage(command.model);
    const bool promoted = at->second.status == CandidateStatus::promoted;
    return std::vector<Draft>{
        next_of(at->second, "rebalanced",
                bus::CurriculumRebalanced{.config = command.config,
                                          .model = command.model,
                                          .weights = curriculum(sight.cluster),
                                          .reason = promoted ? "promotion" : "rejection"})};
}

std::vector<bus::ConfigWeight> curriculum(const projections::ClusterView& cluster) {
    std::vector<bus::ConfigWeight> weights;
    const auto& policies = cluster.leadership.config.configs;
    std::int64_t games_total = 0;
    const auto games_of = [&](const bus::ConfigKey& config) {
        const auto at = cluster.data.configs.find(config);
        return at == cluster.data.configs.end() ? 0 : at->second.games;
    };
    for (const bus::ConfigPolicy& policy : policies) games_total += games_of(policy.config);
    const std::int64_t mean =
        policies.empty() ? 0 : games_total / static_cast<std::int64_t>(policies.size());
    for (const bus::ConfigPolicy& policy : policies) {
        std::int64_t weight = policy.weight_ppm;
        const auto training = cluster.training.configs.find(policy.config);
        const bool untrained =
            training == cluster.training.configs.end() || training->second.best == bus::init_model;
        if (untrained) weight = weight * 3 / 2;
        const auto pool = cluster.ratings.pools.find(policy.config);
        if (!untrained && pool != cluster.ratings.pools.end()) {
            const auto elo = pool->second.elo.find(training->second.best);
            if (elo != pool->second.elo.end() && elo->second.elo_milli >= policy.elo_target_milli)
                weight /= 2;
        }
        const std::int64_t games = games_of(policy.config);
        if (games < mean) weight += weight * (mean - games) / mean;
        weights.push_back({.config = policy.config, .weight_ppm = weight});
    }
    return weights;
}

}  // namespace ringrift::producers
