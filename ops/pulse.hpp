#pragma once

// What the node's thread lets others see of itself, besides the log: its beat, its loops, its jobs.
//
// The node's thread publishes a fresh `Pulse` a few times a second; the API's thread reads the last
// one. So /health answers even while the node's thread is busy, and can say so. The cluster itself
// is not here: the API folds the log for itself (ops/http/api.hpp).

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bus/time.hpp"
#include "consumers/loop_pulse.hpp"
#include "consumers/transfers.hpp"
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
    bool leads = false;          ///< It may act as leader, by its own lease.
    std::string leader = {};     ///< Whom it takes for the leader now; the log may say another.
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
    std::optional<consumers::TransferCounts> transfers = {};  ///< Empty where no files are moved.
    std::int64_t snapshot_bytes = 0;
    bus::Time snapshot_at = {};
};

/// How the projector into PostgreSQL goes (ops/projector.hpp); it publishes its own.
struct ProjectorPulse {
    std::string state = {};    ///< connecting, folding, writing, following, rebuilding, waiting,
                               ///< ended, or standing_by while another process writes.
    std::string address = {};  ///< Without password.
    bool connected = false;
    bus::Position position = 0;   ///< In the tables, as last known.
    bus::Position log_last = 0;   ///< Lag is the difference.
    std::string trouble = {};     ///< Why it does not go on; empty when it does.
    bool needs_a_person = false;  ///< The trouble does not go away by itself.
    bus::Time written_at = {};
    std::int64_t events = 0;  ///< Written by this process; so are the rows.
    std::int64_t rows = 0;
    std::int64_t rows_refused = 0;  ///< Their key is nothing that PostgreSQL can hold.
    std::int64_t portions = 0;      ///< Transactions.
    std::int64_t troubles = 0;
    std::int64_t rebuilds = 0;
};

/// Events that the tables lack. Others know at least `log_last` of the log: a projector that waits
/// does not read it.
inline bus::Position lag_of(const ProjectorPulse& pulse, bus::Position log_last) {
    const bus::Position last = std::max(pulse.log_last, log_last);
    return last > pulse.position ? last - pulse.position : 0;
}

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
