#pragma once

// What a node senses and is told but the log does not say: its own load and files, the heartbeats
// of the cluster, the news from its jobs. Never on the bus, never in a snapshot.
//
// Sampled by the shell (producers/host_sampler, consumers/managers/job_manager) so that the loops
// which need it are as pure as the rest. Heartbeats come in through `hear`, the own one included.
// Belongs to the node's thread.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bus/event.hpp"
#include "projections/disk_policy.hpp"

namespace ringrift::projections {

/// One look at the machine.
struct HostSample {
    bus::Time at = {};
    std::int64_t cpu_ppm = 0;  ///< Of all cores together.
    std::int64_t load1_milli = 0;
    std::int64_t memory_bytes = 0;  ///< In use.
    std::int64_t memory_total_bytes = 0;
    std::int64_t disk_free_bytes = 0;  ///< Of the file system of the data directory.
    std::int64_t disk_total_bytes = 0;
    std::int64_t gpu_ppm = 0;  ///< Mean over its GPUs; 0 without.
    friend bool operator==(const HostSample&, const HostSample&) = default;
};

/// A node's word that it lives and which claims it holds.
struct Heartbeat {
    bus::Time at = {};
    std::set<bus::Position> fences = {};
    HostSample sample = {};
    std::optional<bus::Time> idle_since_at = {};  ///< No job runs there since then.
    bus::Position folded = 0;                     ///< How far it has come in the log.
};

/// A job that the hands know of on this node.
struct JobHere {
    bus::WorkId work = {};
    bus::Position fence = 0;
    bool running = false;  ///< False until the program runs.
    bool stopping = false;
    bool fetching = false;  ///< Its inputs are on their way from other nodes; nothing runs yet.
    std::int64_t pid = 0;
    std::int64_t progress_ppm = 0;
    std::int64_t games = 0;
    bus::Time progressed_at = {};  ///< When `progress_ppm` or `games` last advanced.
};

/// A file that lies in this node's data directory.
struct FileHere {
    bus::FileDigest file = {};
    std::int64_t bytes = 0;
};

/// How the world reaches this node, as a STUN server sees it.
struct NatSense {
    std::string status = {};  ///< open, cone, symmetric or unknown; empty until sensed.
    std::string public_address = {};
};

struct HostView {
    bus::NodeId self = {};
    bool may_lead = true;  ///< False where the log names it leader, but it no longer leads: its
                           ///< lease has run out, or it was elected before it was restarted.
    HostSample sample = {};
    DiskVerdict disk = {};
    NatSense nat = {};
    std::vector<HostSample> history = {};  ///< One every 5 minutes, a day at most, oldest first.
    std::map<bus::NodeId, Heartbeat> heartbeats = {};  ///< The last of each node, self included.
    std::map<bus::Position, bus::Time> named_at = {};  ///< When a heartbeat last named this fence.
    std::map<bus::Position, JobHere> jobs = {};        ///< By fence.
    std::vector<FileHere> files = {};  ///< Sorted by digest; empty until first scanned.
    bool files_scanned = false;
    bus::Position files_as_of = 0;                ///< Folded when the scan of `files` began: a file
                                                  ///< recorded later may lie here unseen.
    std::optional<bus::Time> idle_since_at = {};  ///< No job runs here since then.
    /// Since when this node has not reached its cluster. Empty while it does, and always on a
    /// machine that is a cluster by itself.
    std::optional<bus::Time> cut_off_since_at = {};
};

/// A node's word arrived. Its `at` is when it was heard, by the clock of who hears it: nobody
/// judges by another's clock. Fences that nobody named for `named_kept` are forgotten.
void hear(HostView& view, const bus::NodeId& node, Heartbeat heartbeat);
inline constexpr bus::Duration named_kept = std::chrono::hours(1);

/// What this node says of itself now.
Heartbeat own_heartbeat(const HostView& view, bus::Time now);

}  // namespace ringrift::projections
