#pragma once

// An event: one fact, in an envelope that says who said it, when, because of what, and by which
// leader's authority. Its text form is one line of CloudEvents 1.0 JSON, see bus/codec.hpp.
//
// Plain values; they belong to whoever holds them. What the log hands out is `Recorded`: the event
// and its position, which is the only clock that every node agrees on.

#include <ostream>
#include <string>
#include <type_traits>
#include <variant>

#include "bus/events/data_events.hpp"
#include "bus/events/leadership_events.hpp"
#include "bus/events/node_events.hpp"
#include "bus/events/rating_events.hpp"
#include "bus/events/training_events.hpp"
#include "bus/events/work_events.hpp"

namespace ringrift::bus {

/// A fact that this program cannot read: kept in the log, counted and shown, never fatal.
struct Unread {
    enum class Why {
        unknown_type,  ///< Of a newer program, perhaps; skipped.
        parked,        ///< Of a known type, but its data does not say enough; re-drivable.
    };
    Why why = Why::unknown_type;
    std::string type = {};
    std::string subject = {};
    std::string problem = {};  ///< What is wrong, naming the field.
    std::string text = {};     ///< The event as it stands in the log.
    std::string data = {};     ///< JSON; only until an event parked at the door stands in the log.
    friend bool operator==(const Unread&, const Unread&) = default;
};

using Fact = std::variant<
    Unread,
    // nodes
    NodeJoined, NodeUpdated, NodeSuspected, HostOffline, HostOnline, NodeDraining, NodeLeft,
    NodeRetired, NodeQuarantined, NodeReleased, NatStatusChanged, ResourceAlert, AlertCleared,
    ScaleDecided, NodeProvisionRequested, NodeProvisioned, NodeTerminationRequested, NodeTerminated,
    // leadership
    LeaderElected, LeaderSteppedDown, VotersChanged, ClusterConfigChanged, AdminAction,
    // work
    WorkQueued, WorkClaimed, WorkStarted, WorkCompleted, WorkFailed, WorkReleased, WorkLeaseExpired,
    WorkTimeout, WorkCancelled, WorkParked, WorkUnparked, IdleResourceDetected,
    // data
    GamesRecorded, ManifestCollected, SyncPlanned, DataSyncStarted, FileReplicated, FileQuarantined,
    DataSyncCompleted, DataSyncFailed, FileDeleted,
    // training
    NpzExportComplete, TrainingStarted, TrainingCheckpointed, TrainingCompleted, TrainingFailed,
    EvaluationStarted, EvaluationCompleted, ModelPromoted, PromotionRejected, ModelRolledBack,
    CurriculumRebalanced, RegressionDetected,
    // ratings
    MatchPlayed, TournamentCompleted, EloUpdated>;

template <class T>
inline constexpr bool is_readable = !std::is_same_v<std::decay_t<T>, Unread>;

/// For std::visit with one lambda for each alternative.
template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

struct Event {
    EventId id = {};     ///< Derived from the cause where there is one: said twice, it is one.
    NodeId source = {};  ///< The node that says it.
    Time time = {};      ///< When it was said, by that node's clock. For people and long bounds.
    Epoch epoch = 0;     ///< Of the leader that says it; 0 for anybody's events.
    EventId correlation = {};  ///< The first event of the chain.
    EventId causation = {};    ///< The event that led to this one; empty for a chain's first.
    Fact fact = {};
    friend bool operator==(const Event&, const Event&) = default;
};

struct Recorded {
    Position position = 0;
    Event event = {};
    friend bool operator==(const Recorded&, const Recorded&) = default;
};

/// UPPER_SNAKE name; for what could not be read, the name it came with.
std::string_view type_of(const Event& event);
/// Name of the noun, e.g. `work`; `unread` for what could not be read.
std::string_view noun_of(const Event& event);
/// Id of the thing that the event is about: the fourth token of the subject.
std::string_view about(const Event& event);
/// Whether the fold asks for the current leader's epoch.
bool is_leaders(const Event& event);

/// One line for people: `WORK_CLAIMED w-7 node=gpu-1`. The same in logs, test failures and the CLI.
std::ostream& operator<<(std::ostream& out, const Event& event);
std::ostream& operator<<(std::ostream& out, const Recorded& recorded);

}  // namespace ringrift::bus
