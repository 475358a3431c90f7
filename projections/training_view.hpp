#pragma once

// The loop of learning as the log tells it: for each config the exports, the candidates on their
// way through evaluation, the best model, and the curriculum.
//
// A pure fold. Three entries: `apply` for facts, and `queued` and `completed` for a WORK_QUEUED and
// a WORK_COMPLETED that the work view has judged to hold (projections/cluster_view calls them).
// What a completed job means is said by an event of its own (NPZ_EXPORT_COMPLETE, …); until then it
// stands in `unannounced`, so that a crash between the two only delays the second. Read by
// TrainingCoordinator and GET /models.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/event.hpp"
#include "projections/work_view.hpp"

namespace ringrift::projections {

/// A job's accepted end whose meaning has not been said yet.
struct Unannounced {
    bus::WorkQueued order = {};
    bus::NodeId node = {};
    bus::WorkResult result = {};
    bus::EventId event =
        {};  ///< Its WORK_COMPLETED (or the WORK_STARTED, WORK_PARKED … it is about).
    bus::EventId correlation = {};
    friend bool operator==(const Unannounced&, const Unannounced&) = default;
};
BOOST_DESCRIBE_STRUCT(Unannounced, (), (order, node, result, event, correlation))

struct ExportEntry {
    bus::FileDigest file = {};
    std::int64_t samples = 0;
    std::int64_t games = 0;
    bus::Position position = 0;
    bus::EventId event = {};
    bus::EventId correlation = {};
    friend bool operator==(const ExportEntry&, const ExportEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(ExportEntry, (), (file, samples, games, position, event, correlation))

enum class CandidateStatus { trained, evaluating, evaluated, promoted, rejected };
BOOST_DESCRIBE_ENUM(CandidateStatus, trained, evaluating, evaluated, promoted, rejected)

struct Candidate {
    bus::TrainingCompleted trained = {};
    CandidateStatus status = CandidateStatus::trained;
    std::int64_t generation = 0;  ///< The config's 1st, 2nd … candidate.
    bus::Time trained_at = {};
    bus::ModelId baseline = {};                    ///< Set from EVALUATION_STARTED on.
    std::array<std::int64_t, 5> pentanomial = {};  ///< Of the accepted matches so far.
    std::vector<bus::WorkId> matches = {};         ///< Those matches.
    std::optional<bus::EvaluationCompleted> evaluation = {};
    std::string decision_reason = {};
    bool rebalanced = false;  ///< The curriculum has taken note of the decision.
    bus::EventId last_event = {};
    bus::EventId correlation = {};
    friend bool operator==(const Candidate&, const Candidate&) = default;
};
BOOST_DESCRIBE_STRUCT(Candidate, (),
                      (trained, status, generation, trained_at, baseline, pentanomial, matches,
                       evaluation, decision_reason, rebalanced, last_event, correlation))

struct ConfigTraining {
    bus::ModelId best = bus::init_model;
    std::vector<bus::ModelId> promoted =
        {};  ///< Oldest first; the last is `best` unless rolled back.
    std::map<bus::ModelId, Candidate> candidates = {};
    std::optional<ExportEntry> export_waiting = {};  ///< The newest that no training has used.
    std::int64_t exports = 0;
    std::int64_t games_exported = 0;  ///< Synced games when the last export was queued.
    std::int64_t trainings = 0;
    std::int64_t trainings_failed = 0;
    std::optional<bus::Time> last_training_at = {};
    std::int64_t evaluated = 0;         ///< Candidates decided upon: the generation reached.
    std::int64_t regressions = 0;       ///< Of `best`, since it was promoted.
    std::int64_t regression_games = 0;  ///< Rating games at the last of them.
    friend bool operator==(const ConfigTraining&, const ConfigTraining&) = default;
};
BOOST_DESCRIBE_STRUCT(ConfigTraining, (),
                      (best, promoted, candidates, export_waiting, exports, games_exported,
                       trainings, trainings_failed, last_training_at, evaluated, regressions,
                       regression_games))

struct TrainingView {
    std::map<bus::ConfigKey, ConfigTraining> configs = {};
    std::map<bus::ConfigKey, std::int64_t> weights_ppm = {};  ///< Of the last curriculum.
    bus::EventId curriculum_event = {};
    std::map<bus::WorkId, Unannounced> unannounced = {};  ///< export, training, tournament.
    std::map<bus::WorkId, std::string> trainings =
        {};  ///< queued, started, completed or failed, as last said.
    friend bool operator==(const TrainingView&, const TrainingView&) = default;
};
BOOST_DESCRIBE_STRUCT(TrainingView, (),
                      (configs, weights_ppm, curriculum_event, unannounced, trainings))

/// Whether the fact can change this view.
template <class Fact>
inline constexpr bool concerns_training =
    Fact::info.noun == bus::Noun::training || std::is_same_v<Fact, bus::MatchPlayed>;

void apply(TrainingView& view, const bus::Recorded& recorded);

/// `order` is a WORK_QUEUED that holds: what it is made from is not asked for again.
void queued(TrainingView& view, const bus::WorkQueued& order, const bus::Recorded& recorded);

/// `done` is a WORK_COMPLETED that holds, `item` is what it completed.
void completed(TrainingView& view, const WorkItem& item, const bus::WorkCompleted& done,
               const bus::Recorded& recorded);

/// Candidates decided upon, over all configs.
std::int64_t evaluated(const TrainingView& view);

}  // namespace ringrift::projections
