#pragma once

// What the node's thread lets others see of itself, besides the log: its beat, its loops, its jobs.
//
// The node's thread publishes a fresh `Pulse` a few times a second; the API's thread reads the last
// one. So /health answers even while the node's thread is busy, and can say so. The cluster itself
// is not here: the API folds the log for itself (ops/http/api.hpp).

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "bus/time.hpp"
#include "consumers/loop_pulse.hpp"
#include "projections/host_view.hpp"

namespace ringrift::ops {

using consumers::LoopPulse;

/// A subscription is proved: a canary event went through it end to end within two intervals.
struct SubscriptionPulse {
    std::string event = {};
    std::string group = {};  ///< daemon_events, feedback_signals or manager_events.
    bool critical = false;   ///< Without it the pipeline stalls.
    bool healthy = false;
    bus::Time last_canary_at = {};
    bus::Duration oldest_unhandled = {};
    std::string problem = {};
};

struct Pulse {
    bus::Time beat_at = {};  ///< When the node's thread last went round.
    bus::Time started_at = {};
    std::string node = {};
    std::string cluster = {};
    std::string version = {};
    bus::Position position = 0;    ///< Folded by the node's thread.
    bus::Position log_last = 0;    ///< Last position in the log; lag is the difference.
    std::string log_trouble = {};  ///< Why the log cannot be used now; empty when it can.
    std::string log_kind = {};     ///< sqlite, memory or nats.
    bool caught_up = false;
    std::string no_leader = {};  ///< Why this node knows of no live leader; empty when it does.
    bool stopping = false;
    std::int64_t outbox = 0;      ///< Reports that wait for the log to come back.
    std::string disk_state = {};  ///< ok, low or halted, as the disk policy says.
    std::string disk_reason = {};
    projections::HostSample sample = {};
    std::vector<projections::JobHere> jobs = {};
    std::map<bus::NodeId, projections::Heartbeat> heartbeats =
        {};  ///< The last that this node heard of each.
    std::vector<LoopPulse> loops = {};
    std::vector<SubscriptionPulse> subscriptions = {};
    std::map<std::string, std::int64_t> refusals = {};  ///< By kind.
    std::map<std::string, std::int64_t> counts =
        {};  ///< More counters: jobs_started, ingest_refused, …
    std::int64_t snapshot_bytes = 0;
    bus::Time snapshot_at = {};
};

/// The last pulse. Holds the only lock between the node's thread and the API's.
class PulseBoard {
  public:
    void publish(Pulse pulse) {
        const std::lock_guard lock(mutex_);
        pulse_ = std::move(pulse);
    }
    Pulse read() const {
        const std::lock_guard lock(mutex_);
        return pulse_;
    }

  private:
    mutable std::mutex mutex_;
    Pulse pulse_;  ///< Guarded by mutex_.
};

}  // namespace ringrift::ops
