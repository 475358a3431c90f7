#pragma once

// One item of the queue: what was ordered, who holds it, what went wrong, how it ended.
//
// A plain value. Only the fold in work_view.cpp changes one, since the view's indices follow it.

#include <optional>
#include <string>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::projections {

enum class WorkStatus { pending, claimed, running, completed, failed, timeout, cancelled, parked };
BOOST_DESCRIBE_ENUM(WorkStatus, pending, claimed, running, completed, failed, timeout, cancelled,
                    parked)

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
    std::string kind = {};  ///< A FailureKind, `lease_expired` or `timeout`.
    std::string reason = {};
    std::string stderr_tail = {};
    friend bool operator==(const Setback&, const Setback&) = default;
};
BOOST_DESCRIBE_STRUCT(Setback, (), (node, at, kind, reason, stderr_tail))

struct WorkItem {
    bus::WorkQueued order = {};
    bus::Position queued = 0;
    bus::Time queued_at = {};
    WorkStatus status = WorkStatus::pending;
    std::optional<Lease> lease = {};  ///< Set iff claimed or running.
    std::int64_t attempts = 0;        ///< That started, less those given back unharmed.
    std::int64_t claims = 0;          ///< Said of it in valid reigns, lost ones included.
    std::int64_t setbacks_total = 0;
    /// The last ones, `setbacks_max` at most, and of each node that it failed on one at least.
    std::vector<Setback> setbacks = {};
    std::vector<bus::WorkId> blockers = {};  ///< Of `order.depends_on`, those not completed yet.
    std::optional<bus::Time> not_before_at = {};  ///< Back-off; empty when it may go at once.
    bus::WorkResult result = {};                  ///< Set iff completed.
    /// Fences of claims whose result came after they had ended, the last `too_late_max`.
    std::vector<bus::Position> too_late = {};
    std::string reason = {};       ///< Of being failed, timed out, cancelled or parked.
    std::string evidence = {};     ///< Standard error of the last attempt, iff parked.
    bus::Time ended_at = {};       ///< Set iff neither pending, claimed nor running.
    bus::Position changed = 0;     ///< Of `last_event`.
    bus::EventId last_event = {};  ///< That changed it; the cause of what follows.
    bus::EventId correlation = {};
    friend bool operator==(const WorkItem&, const WorkItem&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkItem, (),
                      (order, queued, queued_at, status, lease, attempts, claims, setbacks_total,
                       setbacks, blockers, not_before_at, result, too_late, reason, evidence,
                       ended_at, changed, last_event, correlation))

inline bool is_open(WorkStatus status) {
    return status == WorkStatus::pending || status == WorkStatus::claimed ||
           status == WorkStatus::running;
}

}  // namespace ringrift::projections
