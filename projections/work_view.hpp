#pragma once

// The work queue as the log tells it: what waits, who holds what, how each item ended.
//
// A pure fold over work events. The first valid claim of an item wins, and its position is the
// fence; whatever is said with another fence changes nothing and is counted. Read by the deciders
// in producers/work.hpp, by JobManager, by the loops, and by GET /work.
//
// Order within a config: by `rank`, the time an item was queued less a minute for each point of
// priority. So 50 points are worth 50 minutes, and nothing that waits is overtaken for ever.
// Order between configs: by `pass`, stride scheduling (Waldspurger and Weihl 1995): a claim adds
// slots/share to its config's pass, and the smallest pass goes next.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::projections {

enum class WorkStatus { pending, claimed, running, completed, failed, timeout, cancelled, parked };
BOOST_DESCRIBE_ENUM(WorkStatus, pending, claimed, running, completed, failed, timeout, cancelled, parked)

struct Lease {
    bus::NodeId node = {};
    bus::Position fence = 0;
    bus::Time claimed_at = {};
    std::optional<bus::Time> started_at = {};  ///< Set iff the program runs.
    friend bool operator==(const Lease&, const Lease&) = default;
};
BOOST_DESCRIBE_STRUCT(Lease, (), (node, fence, claimed_at, started_at))

/// How one attempt went wrong.
struct Setback {
    bus::NodeId node = {};
    bus::Time at = {};
    std::string kind = {};    ///< A FailureKind, `lease_expired` or `timeout`.
    std::string reason = {};
    std::string stderr_tail = {};
    friend bool operator==(const Setback&, const Setback&) = default;
};
BOOST_DESCRIBE_STRUCT(Setback, (), (node, at, kind, reason, stderr_tail))

inline constexpr std::size_t setbacks_max = 5;  ///< Kept per item; the oldest go first.

struct WorkItem {
    bus::WorkQueued order = {};
    bus::Position queued = 0;
    bus::Time queued_at = {};
    WorkStatus status = WorkStatus::pending;
    std::optional<Lease> lease = {};          ///< Set iff claimed or running.
    std::int64_t attempts = 0;                ///< That started.
    std::int64_t claims = 0;                  ///< The present one included.
    std::int64_t setbacks_total = 0;
    std::vector<Setback> setbacks = {};       ///< The last `setbacks_max`.
    std::optional<bus::Time> not_before_at = {};  ///< Back-off; empty when it may go at once.
    bus::WorkResult result = {};              ///< Set iff completed.
    std::string reason = {};                  ///< Of being failed, timed out, cancelled or parked.
    bus::Time ended_at = {};                  ///< Set iff neither pending, claimed nor running.
    bus::EventId last_event = {};             ///< That changed it; the cause of what follows.
    bus::EventId correlation = {};
    friend bool operator==(const WorkItem&, const WorkItem&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkItem, (),
                      (order, queued, queued_at, status, lease, attempts, claims, setbacks_total,
                       setbacks, not_before_at, result, reason, ended_at, last_event, correlation))

inline bool is_open(WorkStatus status) {
    return status == WorkStatus::pending || status == WorkStatus::claimed ||
           status == WorkStatus::running;
}

/// Items of one config that wait and may be looked at, best first.
struct WaitingRank {
    std::int64_t rank = 0;
    bus::Position queued = 0;
    bus::WorkId work = {};
    friend auto operator<=>(const WaitingRank&, const WaitingRank&) = default;
};
BOOST_DESCRIBE_STRUCT(WaitingRank, (), (rank, queued, work))

struct WorkView {
    std::map<bus::WorkId, WorkItem> items = {};  ///< Ended ones stay for `ended_kept`.

    // Indices over `items`; each follows from it.
    std::map<bus::ConfigKey, std::set<WaitingRank>> waiting = {};        ///< pending
    std::map<std::string, bus::WorkId> open_by_dedup_key = {};
    std::map<bus::NodeId, std::set<bus::WorkId>> leased_by_node = {};
    std::map<bus::NodeId, bus::Requirements> reserved = {};              ///< Sum over the node's leases.
    std::set<std::pair<bus::Time, bus::WorkId>> ended = {};
    std::map<WorkStatus, std::int64_t> by_status = {};
    std::map<std::pair<bus::WorkType, WorkStatus>, std::int64_t> by_type = {};
    std::map<std::pair<bus::WorkType, bus::ConfigKey>, std::int64_t> open_by_kind = {};

    // History that `items` does not tell.
    std::map<bus::ConfigKey, std::int64_t> pass = {};
    std::map<std::pair<bus::WorkType, bus::ConfigKey>, std::int64_t> queued_total = {};
    std::map<std::string, std::int64_t> counts = {};  ///< completed, failed, late_results, lost_claims, duplicates, …
    friend bool operator==(const WorkView&, const WorkView&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkView, (),
                      (items, waiting, open_by_dedup_key, leased_by_node, reserved, ended, by_status,
                       by_type, open_by_kind, pass, queued_total, counts))

/// Ended items leave the view when a newer event is this much later (runbook: old items, 24 h).
inline constexpr bus::Duration ended_kept = std::chrono::hours(24);
/// Parked work keeps its evidence longer, and is probed again, see WorkQueueMaintenance.
inline constexpr bus::Duration back_off_first = std::chrono::seconds(10);
inline constexpr bus::Duration back_off_max = std::chrono::minutes(30);
/// Work that failed on so many different nodes, or used up its attempts, is not tried again.
inline constexpr std::size_t failed_nodes_max = 3;

void apply(WorkView& view, const bus::Recorded& recorded);

const WorkItem* find(const WorkView& view, const bus::WorkId& work);
/// The item iff exactly this claim holds now.
const WorkItem* held(const WorkView& view, const bus::WorkId& work, const bus::NodeId& node,
                     bus::Position fence);
/// Wait after the n-th setback (n >= 1): doubling from `back_off_first` to `back_off_max`.
bus::Duration back_off_after(std::int64_t setbacks);

}  // namespace ringrift::projections
