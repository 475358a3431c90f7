#pragma once

// Deciders about the loop of learning: what a finished job means, when an evaluation is over, and
// whether a candidate becomes the best model.
//
// Pure functions; see producers/command.hpp for the commands. Every decision stores the evidence it
// rests on in its event. Evidence that is missing is a failure, never a pass.

#include <optional>

#include "producers/command.hpp"

namespace ringrift::producers {

Decision decide(const Sight& sight, const AnnounceResult& command);
Decision decide(const Sight& sight, const AnnounceTraining& command);
Decision decide(const Sight& sight, const StartEvaluation& command);
Decision decide(const Sight& sight, const ConcludeEvaluation& command);
Decision decide(const Sight& sight, const DecidePromotion& command);
Decision decide(const Sight& sight, const RebalanceCurriculum& command);
Decision decide(const Sight& sight, const DetectRegression& command);
Decision decide(const Sight& sight, const RollBackModel& command);

/// Rating games that a regression takes, and that must be added before it is said again.
inline constexpr std::int64_t regression_games = 50;

/// EVALUATION_COMPLETED as it would be said now, from the matches counted so far (normalised Elo
/// GSPRT on pentanomial counts, projections/sprt.hpp). Empty while the test wants more games.
/// `matches_failed` says that a match of this evaluation was given up: then the verdict is
/// `failed`.
std::optional<bus::EvaluationCompleted> judge(const projections::Candidate& candidate,
                                              const bus::ConfigPolicy& policy, bool matches_failed);

/// MODEL_PROMOTED or PROMOTION_REJECTED with the first gate that says no, in this order:
/// evaluation (it could be played), games (enough), baseline (still the best), gsprt (stronger).
bus::Fact promotion(const bus::EvaluationCompleted& evaluation, const bus::ModelId& best,
                    const bus::ConfigPolicy& policy);

/// The shares of all configs of the cluster: the policy's weight, times 1.5 while the best model is
/// the untrained one, times 0.5 once its Elo is over the target, times up to 2 for a config with
/// fewer games than the mean. A pure function of ratings and game counts, so that saying it twice
/// changes nothing.
std::vector<bus::ConfigWeight> curriculum(const projections::ClusterView& cluster);

/// Id of the n-th match of a candidate's evaluation, n from 0.
bus::WorkId evaluation_match(const bus::ConfigKey& config, const bus::ModelId& model,
                             std::int64_t n);

/// How long the file of a model from outside may be on its way before its evaluation fails.
inline constexpr bus::Duration model_file_wait = std::chrono::hours(1);

/// Whether the candidate's file lies on no node yet, and may still come. It holds nobody up.
bool awaits_file(const Sight& sight, const projections::Candidate& candidate);

/// Whether no further match can be played: one was given up, or the model's file is nowhere.
bool cannot_be_judged(const projections::ClusterView& cluster, const bus::ConfigKey& config,
                      const projections::Candidate& candidate);

/// Whether a match of the candidate's evaluation was given up (failed, parked, timed out,
/// cancelled).
bool matches_failed(const projections::WorkView& work, const bus::ConfigKey& config,
                    const projections::Candidate& candidate);

/// The first 12 characters of a model's digest, for names of work.
std::string short_name(const bus::ModelId& model);

}  // namespace ringrift::producers
