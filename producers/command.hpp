#pragma once

// Everything that can be asked of the cluster. A command is an imperative and can be refused.
//
// Loops, managers, the API and the jobs ask; `decide` (one overload per noun) answers with events
// or a refusal; `CommandHandler` appends. Deciders are pure: view, command and time in, decision
// out.

#include <variant>

#include "bus/event.hpp"
#include "producers/decision.hpp"
#include "projections/cluster_view.hpp"
#include "projections/host_view.hpp"

namespace ringrift::producers {

// ---- leadership -------------------------------------------------------------------------------

/// Begin the reign that the votes are for. On the embedded log a node votes for itself.
struct Lead {
    bus::NodeId node = {};
    bus::Epoch epoch = 0;
    std::int64_t round = 0;  ///< Of the votes; tells two attempts for one epoch apart.
    std::vector<bus::NodeId> votes = {};
    std::vector<bus::NodeId> voters = {};  ///< Who found the cluster, where the log names no
                                           ///< voters; empty on a log of one machine.
};
struct StepDown {
    std::string reason = {};
};
/// The whole list after the change. Leader only.
struct ChangeVoters {
    std::vector<bus::NodeId> voters = {};
    std::string reason = {};
};
struct ChangeConfig {
    bus::ClusterConfigChanged config = {};
};
struct NoteAdminAction {
    bus::AdminAction action = {};
    bus::EventId id = {};
};

// ---- nodes ------------------------------------------------------------------------------------

struct JoinCluster {
    bus::NodeJoined joined = {};
};
struct LeaveCluster {
    bus::NodeId node = {};
    std::string reason = {};
};
struct DrainNode {
    bus::NodeId node = {};
    std::string reason = {};
};
struct QuarantineNode {
    bus::NodeId node = {};
    std::string reason = {};
    bus::Time until_at = {};
    std::vector<bus::WorkId> evidence = {};
};
struct ReleaseNode {
    bus::NodeId node = {};
    std::string reason = {};
};
/// It is gone for good; its id is not taken up again before it is released.
struct RetireNode {
    bus::NodeId node = {};
    std::string reason = {};
};
/// When silence means what.
struct SilenceLimits {
    bus::Duration suspected_after = std::chrono::seconds(60);  ///< 4 heartbeats.
    bus::Duration offline_after = std::chrono::seconds(90);    ///< 6 heartbeats.
};
/// Suspected, offline or online again, as `silent` says.
struct JudgeSilence {
    bus::NodeId node = {};
    bus::Duration silent = {};
    SilenceLimits limits = {};
};
struct RaiseAlert {
    bus::ResourceAlert alert = {};
};
struct ClearAlert {
    std::string alert = {};
    bus::NodeId node = {};
};
struct NoteNat {
    bus::NatStatusChanged status = {};
};
struct DecideScale {
    bus::ScaleDecided decision = {};
};
/// The next machine that the decision adds.
struct RequestProvision {
    std::string decision = {};
};
/// The machine that the decision ends.
struct RequestTermination {
    std::string decision = {};
};
/// The provider has done what was requested.
struct ReportProvisioned {
    bus::NodeId node = {};
    std::string machine = {};  ///< The provider's name for it.
};
struct ReportTerminated {
    bus::NodeId node = {};
};

// ---- work -------------------------------------------------------------------------------------

struct QueueWork {
    bus::WorkQueued work = {};
    bus::EventId cause = {};
    bus::EventId correlation = {};
};
/// The node asks for as much as it can run, at most `claims_max` items. Leader only.
struct ClaimWork {
    bus::NodeId node = {};
    std::int64_t claims_max = 1;
};
/// All that ask in one round, decided as one. The order is who chooses first; each node once.
struct ShareOutWork {
    std::vector<ClaimWork> claims = {};
};
struct ReportStarted {
    bus::WorkId work = {};
    bus::NodeId node = {};
    bus::Position fence = 0;
};
struct ReportCompleted {
    bus::WorkCompleted completed = {};
};
struct ReportFailed {
    bus::WorkFailed failed = {};
};
struct ReleaseWork {
    bus::WorkId work = {};
    bus::NodeId node = {};
    bus::Position fence = 0;
    std::string reason = {};
};
struct ExpireLease {
    bus::WorkId work = {};
    bus::Position fence = 0;
    std::string reason = {};
};
struct TimeOutWork {
    bus::WorkId work = {};
    bus::Position fence = 0;
    std::string reason = {};
};
struct CancelWork {
    bus::WorkId work = {};
    std::string reason = {};
};
struct ParkWork {
    bus::WorkId work = {};
    std::string reason = {};
};
struct UnparkWork {
    bus::WorkId work = {};
    std::string reason = {};
};
struct NoteIdle {
    bus::NodeId node = {};
    std::int64_t free_slots = 0;
    bus::Duration idle = {};
};

// ---- data -------------------------------------------------------------------------------------

struct CollectManifest {
    bus::NodeId node = {};
};
struct PlanSync {
    bus::SyncPlanned plan = {};
};
/// The config's unsynced games files are at `node`.
struct CompleteSync {
    bus::ConfigKey config = {};
    bus::NodeId node = {};
};
struct QuarantineFile {
    bus::FileDigest file = {};
    bus::NodeId node = {};
    std::string reason = {};
    bus::Time at = {};  ///< When it was found, as in NoteReplicated.
};
/// The moves of a planned sync to `node` have begun.
struct NoteSyncStarted {
    std::string sync = {};
    bus::NodeId node = {};
};
/// A file came to `node` and is what its digest says.
struct NoteReplicated {
    bus::FileDigest file = {};
    bus::NodeId node = {};
    bus::NodeId source = {};
    bus::Time at = {};  ///< When it came, so that to say it again says the same; empty: now.
};
/// What is left of a sync to `node` cannot be done now.
struct NoteSyncFailed {
    std::string sync = {};
    bus::NodeId node = {};
    std::string reason = {};
};
/// `node` wants to delete its copy.
struct DeleteFile {
    bus::FileDigest file = {};
    bus::NodeId node = {};
    std::string reason = {};
    std::size_t copies_min = 2;  ///< On other nodes that are well; at least 1.
};

// ---- training ---------------------------------------------------------------------------------

/// Says what an accepted job means: NPZ_EXPORT_COMPLETE, TRAINING_COMPLETED or MATCH_PLAYED.
struct AnnounceResult {
    bus::WorkId work = {};
};
/// TRAINING_STARTED for a training that runs, TRAINING_FAILED for one that was given up.
struct AnnounceTraining {
    bus::WorkId work = {};
};
struct StartEvaluation {
    bus::ConfigKey config = {};
    bus::ModelId model = {};
};
struct ConcludeEvaluation {
    bus::ConfigKey config = {};
    bus::ModelId model = {};
};
struct DecidePromotion {
    bus::ConfigKey config = {};
    bus::ModelId model = {};
};
struct RebalanceCurriculum {
    bus::ConfigKey config = {};
    bus::ModelId model = {};
};
struct DetectRegression {
    bus::ConfigKey config = {};
};
struct RollBackModel {
    bus::ConfigKey config = {};
};

// ---- ratings ----------------------------------------------------------------------------------

struct UpdateElo {
    bus::ConfigKey config = {};
};
struct CompleteTournament {
    bus::ConfigKey config = {};
    bus::ModelId model = {};
};

/// A fact from outside, by its canonical or original name, validated (bus/aliases.hpp).
struct IngestFact {
    bus::EventId id = {};
    bus::EventId cause = {};  ///< The parked event that is driven anew; empty for a first try.
    bus::Fact fact = {};
};
/// An event from outside that is kept as it came, since it does not say enough to be a fact.
struct ParkEvent {
    bus::EventId id = {};
    bus::EventId cause = {};   ///< As of IngestFact.
    std::string type = {};     ///< Canonical.
    std::string subject = {};  ///< The config it is about.
    std::string data = {};     ///< JSON, as it came.
    std::string lacks = {};    ///< One sentence.
};

using Command =
    std::variant<Lead, StepDown, ChangeVoters, ChangeConfig, NoteAdminAction, JoinCluster,
                 LeaveCluster, DrainNode, QuarantineNode, ReleaseNode, RetireNode, JudgeSilence,
                 RaiseAlert, ClearAlert, NoteNat, DecideScale, RequestProvision, RequestTermination,
                 ReportProvisioned, ReportTerminated, QueueWork, ClaimWork, ShareOutWork,
                 ReportStarted, ReportCompleted, ReportFailed, ReleaseWork, ExpireLease,
                 TimeOutWork, CancelWork, ParkWork, UnparkWork, NoteIdle, CollectManifest, PlanSync,
                 CompleteSync, QuarantineFile, NoteSyncStarted, NoteReplicated, NoteSyncFailed,
                 DeleteFile, AnnounceResult, AnnounceTraining, StartEvaluation, ConcludeEvaluation,
                 DecidePromotion, RebalanceCurriculum, DetectRegression, RollBackModel, UpdateElo,
                 CompleteTournament, IngestFact, ParkEvent>;

/// What a decider may look at.
struct Sight {
    const projections::ClusterView& cluster;
    const projections::HostView& host;
    bus::Time now = {};
};

Decision decide(const Sight& sight, const Command& command);

/// Adds `@<epoch>` to the ids of a leader's drafts, and to what refers to them. What a deposed
/// leader said late stands in the log and is void; its successor, who says the same, must not be
/// taken for a repetition of it.
std::vector<Draft> in_reign(std::vector<Draft> drafts, bus::Epoch epoch);

}  // namespace ringrift::producers
