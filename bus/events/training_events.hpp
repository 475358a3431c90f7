#pragma once

// From synchronised games to a better model: export, training, evaluation, promotion, curriculum.

#include <array>
#include <string>
#include <vector>

#include "bus/events/event_info.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// Samples for training lie in one NPZ file.
struct NpzExportComplete {
    static constexpr EventInfo info = {"NPZ_EXPORT_COMPLETE", Noun::training};
    WorkId work = {};
    ConfigKey config = {};
    FileDigest file = {};
    NodeId node = {};
    std::int64_t samples = 0;  ///< At least 1.
    std::int64_t games = 0;    ///< In the files it was made from.
    static constexpr std::array may_be_missing = {"work", "node", "games"};  ///< From outside.
    std::string_view about() const { return work.empty() ? file.value : work.value; }
    friend bool operator==(const NpzExportComplete&, const NpzExportComplete&) = default;
};
BOOST_DESCRIBE_STRUCT(NpzExportComplete, (), (work, config, file, node, samples, games))

struct TrainingStarted {
    static constexpr EventInfo info = {"TRAINING_STARTED", Noun::training};
    WorkId work = {};
    ConfigKey config = {};
    NodeId node = {};
    ModelId parent = {};
    static constexpr std::array may_be_missing = {"node", "parent"};  ///< From outside.
    std::string_view about() const { return work.value; }
    friend bool operator==(const TrainingStarted&, const TrainingStarted&) = default;
};
BOOST_DESCRIBE_STRUCT(TrainingStarted, (), (work, config, node, parent))

struct TrainingCheckpointed {
    static constexpr EventInfo info = {"TRAINING_CHECKPOINTED", Noun::training};
    WorkId work = {};
    ConfigKey config = {};
    FileDigest file = {};
    std::int64_t steps = 0;
    std::string_view about() const { return work.value; }
    friend bool operator==(const TrainingCheckpointed&, const TrainingCheckpointed&) = default;
};
BOOST_DESCRIBE_STRUCT(TrainingCheckpointed, (), (work, config, file, steps))

/// A candidate exists: its file is here and its digest is its name.
struct TrainingCompleted {
    static constexpr EventInfo info = {"TRAINING_COMPLETED", Noun::training};
    WorkId work = {};
    ConfigKey config = {};
    ModelId model = {};
    ModelId parent = {};
    NodeId node = {};
    std::int64_t bytes = 0;
    std::int64_t samples = 0;
    std::int64_t steps = 0;
    std::int64_t loss_micro = 0;
    static constexpr std::array may_be_missing = {
        "work", "parent", "node", "bytes", "samples", "steps", "loss_micro"};  ///< From outside.
    std::string_view about() const { return work.empty() ? model.value : work.value; }
    friend bool operator==(const TrainingCompleted&, const TrainingCompleted&) = default;
};
BOOST_DESCRIBE_STRUCT(TrainingCompleted, (),
                      (work, config, model, parent, node, bytes, samples, steps, loss_micro))

struct TrainingFailed {
    static constexpr EventInfo info = {"TRAINING_FAILED", Noun::training};
    WorkId work = {};
    ConfigKey config = {};
    std::string reason = {};
    static constexpr std::array may_be_missing = {"reason"};  ///< From outside.
    std::string_view about() const { return work.value; }
    friend bool operator==(const TrainingFailed&, const TrainingFailed&) = default;
};
BOOST_DESCRIBE_STRUCT(TrainingFailed, (), (work, config, reason))

struct EvaluationStarted {
    static constexpr EventInfo info = {"EVALUATION_STARTED", Noun::training, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};
    ModelId baseline = {};
    std::string_view about() const { return model.value; }
    friend bool operator==(const EvaluationStarted&, const EvaluationStarted&) = default;
};
BOOST_DESCRIBE_STRUCT(EvaluationStarted, (), (config, model, baseline))

enum class Verdict { stronger, not_stronger, undecided, failed };
BOOST_DESCRIBE_ENUM(Verdict, stronger, not_stronger, undecided, failed)

/// The sequential test of one candidate has ended, with all its evidence. `failed` means that the
/// matches could not be played; it says nothing about the model and never promotes it.
struct EvaluationCompleted {
    static constexpr EventInfo info = {"EVALUATION_COMPLETED", Noun::training, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};
    ModelId baseline = {};
    Verdict verdict = Verdict::undecided;
    std::array<std::int64_t, 5> pentanomial = {};  ///< Pairs: LL, LD, DD+WL, WD, WW.
    std::int64_t games = 0;
    std::int64_t llr_micro = 0;
    std::int64_t llr_lower_micro = 0;
    std::int64_t llr_upper_micro = 0;
    std::int64_t elo_milli = 0;
    std::int64_t elo_low_milli = 0;  ///< 95 % interval.
    std::int64_t elo_high_milli = 0;
    std::vector<WorkId> works = {};  ///< The matches that were counted.
    std::string reason = {};
    std::string_view about() const { return model.value; }
    friend bool operator==(const EvaluationCompleted&, const EvaluationCompleted&) = default;
};
BOOST_DESCRIBE_STRUCT(EvaluationCompleted, (),
                      (config, model, baseline, verdict, pentanomial, games, llr_micro,
                       llr_lower_micro, llr_upper_micro, elo_milli, elo_low_milli, elo_high_milli,
                       works, reason))

/// The config's best model changed from `previous` to `model`. Carries the evidence it rests on.
struct ModelPromoted {
    static constexpr EventInfo info = {"MODEL_PROMOTED", Noun::training, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};
    ModelId previous = {};
    std::array<std::int64_t, 5> pentanomial = {};
    std::int64_t games = 0;
    std::int64_t llr_micro = 0;
    std::int64_t elo_milli = 0;
    std::string gate = {};  ///< The gate that decided, e.g. gsprt.
    std::string_view about() const { return model.value; }
    friend bool operator==(const ModelPromoted&, const ModelPromoted&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelPromoted, (),
                      (config, model, previous, pentanomial, games, llr_micro, elo_milli, gate))

struct PromotionRejected {
    static constexpr EventInfo info = {"PROMOTION_REJECTED", Noun::training, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};
    std::string gate = {};  ///< evaluation, games, baseline or gsprt.
    std::int64_t actual_milli = 0;
    std::int64_t threshold_milli = 0;
    std::string reason = {};
    std::string_view about() const { return model.value; }
    friend bool operator==(const PromotionRejected&, const PromotionRejected&) = default;
};
BOOST_DESCRIBE_STRUCT(PromotionRejected, (),
                      (config, model, gate, actual_milli, threshold_milli, reason))

struct ModelRolledBack {
    static constexpr EventInfo info = {"MODEL_ROLLED_BACK", Noun::training, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};     ///< Best until now.
    ModelId restored = {};  ///< Best from now on.
    std::string reason = {};
    std::string_view about() const { return model.value; }
    friend bool operator==(const ModelRolledBack&, const ModelRolledBack&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelRolledBack, (), (config, model, restored, reason))

struct ConfigWeight {
    ConfigKey config = {};
    std::int64_t weight_ppm = 0;
    friend bool operator==(const ConfigWeight&, const ConfigWeight&) = default;
};
BOOST_DESCRIBE_STRUCT(ConfigWeight, (), (config, weight_ppm))

/// The shares of selfplay after a promotion decision: a pure function of ratings and game counts.
struct CurriculumRebalanced {
    static constexpr EventInfo info = {"CURRICULUM_REBALANCED", Noun::training, Authority::leader};
    ConfigKey config = {};  ///< Whose decision led to it.
    ModelId model = {};     ///< The candidate that was decided upon.
    std::vector<ConfigWeight> weights = {};
    std::string reason = {};
    std::string_view about() const { return config.value; }
    friend bool operator==(const CurriculumRebalanced&, const CurriculumRebalanced&) = default;
};
BOOST_DESCRIBE_STRUCT(CurriculumRebalanced, (), (config, model, weights, reason))

struct RegressionDetected {
    static constexpr EventInfo info = {"REGRESSION_DETECTED", Noun::training, Authority::leader};
    ConfigKey config = {};
    ModelId model = {};
    std::int64_t drop_milli = 0;  ///< Elo below the model it replaced.
    std::int64_t games = 0;
    std::string_view about() const { return model.value; }
    friend bool operator==(const RegressionDetected&, const RegressionDetected&) = default;
};
BOOST_DESCRIBE_STRUCT(RegressionDetected, (), (config, model, drop_milli, games))

}  // namespace ringrift::bus
