#pragma once

// The life of an item of work: queued, claimed, started, and how it ended.
//
// The *fence* of a claim is the log position of its WORK_CLAIMED. Whatever is said afterwards on
// behalf of that claim names the fence, and holds only while the claim does.

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/events/event_info.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// A trailing underscore is not part of the name on the bus (`export` is a keyword here).
enum class WorkType { selfplay, export_, training, evaluation, tournament, sync };
BOOST_DESCRIBE_ENUM(WorkType, selfplay, export_, training, evaluation, tournament, sync)

/// Why an attempt failed. Each is something that a person can act on.
enum class FailureKind {
    exit_code,      ///< The program ended with a code other than 0.
    signal,         ///< The program was ended by a signal that we did not send.
    timeout,        ///< It ran longer than `timeout_ms`, or made no progress, and was ended.
    no_result,      ///< It ended with 0 and left no result.json, or not the files it names.
    bad_result,     ///< result.json is not what the contract says, or a digest does not match.
    memory_limit,   ///< Its processes together took more memory than reserved.
    output_limit,   ///< It printed or wrote more than allowed.
    missing_input,  ///< A file that it needs is not here or not what its digest says.
    spawn_failed,   ///< The program could not be started.
    lost            ///< It ended while nobody could see how (machine restarted, supervisor killed).
};
BOOST_DESCRIBE_ENUM(FailureKind, exit_code, signal, timeout, no_result, bad_result, memory_limit,
                    output_limit, missing_input, spawn_failed, lost)

/// What an item needs on the node that runs it; reserved as long as the claim lives.
struct Requirements {
    std::int64_t slots = 1;
    std::int64_t gpus = 0;
    std::int64_t memory_bytes = 0;
    std::int64_t vram_bytes = 0;
    std::int64_t disk_bytes = 0;
    friend auto operator<=>(const Requirements&, const Requirements&) = default;
};
BOOST_DESCRIBE_STRUCT(Requirements, (), (slots, gpus, memory_bytes, vram_bytes, disk_bytes))

/// A file that a job left, as it stands in the node's data directory.
struct FileMade {
    FileDigest file = {};
    std::string name = {};  ///< As the job called it.
    std::int64_t bytes = 0;
    std::int64_t games = 0;
    friend bool operator==(const FileMade&, const FileMade&) = default;
};
BOOST_DESCRIBE_STRUCT(FileMade, (), (file, name, bytes, games))

/// What a job measured, from its result.json. 0 where it does not apply.
struct WorkResult {
    std::int64_t games = 0;
    std::int64_t samples = 0;
    std::int64_t steps = 0;
    std::int64_t loss_micro = 0;
    std::int64_t wins = 0;  ///< From the candidate's view.
    std::int64_t draws = 0;
    std::int64_t losses = 0;
    std::array<std::int64_t, 5> pentanomial = {};  ///< Pairs: LL, LD, DD+WL, WD, WW.
    std::vector<FileMade> files = {};
    friend bool operator==(const WorkResult&, const WorkResult&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkResult, (),
                      (games, samples, steps, loss_micro, wins, draws, losses, pentanomial, files))

struct WorkQueued {
    static constexpr EventInfo info = {"WORK_QUEUED", Noun::work, Authority::leader};
    WorkId work = {};
    WorkType type = WorkType::selfplay;
    ConfigKey config = {};
    std::int64_t priority = 50;  ///< Higher goes first within a config's share.
    Requirements needs = {};
    Duration timeout_ms = std::chrono::hours(1);  ///< From start to end.
    std::int64_t attempts_max = 3;                ///< Attempts that may *start*.
    std::string dedup_key = {};  ///< Only one open item may have it; empty: no rule.
    std::optional<Time> not_before_at = {};
    std::vector<WorkId> depends_on = {};  ///< All must be completed first.
    ModelId model = {};                   ///< Plays, is trained further, or is the candidate.
    ModelId baseline = {};                ///< The opponent; empty when there is none.
    std::vector<FileDigest> inputs = {};
    std::int64_t games = 0;  ///< Games (selfplay) or pairs (matches) to play;
                             ///< synced games that an export goes up to.
    std::int64_t seed = 0;
    std::int64_t share_ppm = 1'000'000;  ///< The config's share of the cluster, when queued.
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkQueued&, const WorkQueued&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkQueued, (),
                      (work, type, config, priority, needs, timeout_ms, attempts_max, dedup_key,
                       not_before_at, depends_on, model, baseline, inputs, games, seed, share_ppm))

/// A node may run it. The first claim in the log wins; its position is the fence.
struct WorkClaimed {
    static constexpr EventInfo info = {"WORK_CLAIMED", Noun::work, Authority::leader};
    WorkId work = {};
    NodeId node = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkClaimed&, const WorkClaimed&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkClaimed, (), (work, node))

/// The program runs. Only now does the attempt count.
struct WorkStarted {
    static constexpr EventInfo info = {"WORK_STARTED", Noun::work};
    WorkId work = {};
    NodeId node = {};
    Position fence = 0;
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkStarted&, const WorkStarted&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkStarted, (), (work, node, fence))

struct WorkCompleted {
    static constexpr EventInfo info = {"WORK_COMPLETED", Noun::work};
    WorkId work = {};
    NodeId node = {};
    Position fence = 0;
    WorkType type = WorkType::selfplay;  ///< As queued, so that the event can be read alone.
    ConfigKey config = {};
    Duration run_ms = {};
    WorkResult result = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkCompleted&, const WorkCompleted&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkCompleted, (), (work, node, fence, type, config, run_ms, result))

struct WorkFailed {
    static constexpr EventInfo info = {"WORK_FAILED", Noun::work};
    WorkId work = {};
    NodeId node = {};
    Position fence = 0;
    FailureKind kind = FailureKind::exit_code;
    std::string reason = {};  ///< One sentence.
    std::int64_t exit_code = 0;
    std::int64_t signal = 0;
    std::string stderr_tail = {};  ///< The last 4 KiB at most, valid UTF-8.
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkFailed&, const WorkFailed&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkFailed, (),
                      (work, node, fence, kind, reason, exit_code, signal, stderr_tail))

/// The node gives it back unharmed (shutdown, drain): waiting again at once.
struct WorkReleased {
    static constexpr EventInfo info = {"WORK_RELEASED", Noun::work};
    WorkId work = {};
    NodeId node = {};
    Position fence = 0;
    std::string reason = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkReleased&, const WorkReleased&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkReleased, (), (work, node, fence, reason))

/// The node's heartbeats stopped naming the claim.
struct WorkLeaseExpired {
    static constexpr EventInfo info = {"WORK_LEASE_EXPIRED", Noun::work, Authority::leader};
    WorkId work = {};
    NodeId node = {};
    Position fence = 0;
    std::string reason = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkLeaseExpired&, const WorkLeaseExpired&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkLeaseExpired, (), (work, node, fence, reason))

/// The claim outlived every bound (claimed 1 h, running past its timeout, 2 h stuck) and is
/// revoked.
struct WorkTimeout {
    static constexpr EventInfo info = {"WORK_TIMEOUT", Noun::work, Authority::leader};
    WorkId work = {};
    NodeId node = {};
    Position fence = 0;
    Duration age_ms = {};
    std::string reason = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkTimeout&, const WorkTimeout&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkTimeout, (), (work, node, fence, age_ms, reason))

struct WorkCancelled {
    static constexpr EventInfo info = {"WORK_CANCELLED", Noun::work, Authority::leader};
    WorkId work = {};
    std::string reason = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkCancelled&, const WorkCancelled&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkCancelled, (), (work, reason))

/// Set aside with its evidence until a person looks, or the expiry probes it once more.
struct WorkParked {
    static constexpr EventInfo info = {"WORK_PARKED", Noun::work, Authority::leader};
    WorkId work = {};
    std::string reason = {};
    std::string evidence = {};  ///< Standard error of the last attempt.
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkParked&, const WorkParked&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkParked, (), (work, reason, evidence))

struct WorkUnparked {
    static constexpr EventInfo info = {"WORK_UNPARKED", Noun::work, Authority::leader};
    WorkId work = {};
    std::string reason = {};
    std::string_view about() const { return work.value; }
    friend bool operator==(const WorkUnparked&, const WorkUnparked&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkUnparked, (), (work, reason))

struct IdleResourceDetected {
    static constexpr EventInfo info = {"IDLE_RESOURCE_DETECTED", Noun::work, Authority::leader};
    NodeId node = {};
    std::int64_t free_slots = 0;
    Duration idle_ms = {};
    std::string_view about() const { return node.value; }
    friend bool operator==(const IdleResourceDetected&, const IdleResourceDetected&) = default;
};
BOOST_DESCRIBE_STRUCT(IdleResourceDetected, (), (node, free_slots, idle_ms))

}  // namespace ringrift::bus
