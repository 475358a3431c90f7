#pragma once

// What nodes say of themselves while they live. Never stored: only what follows from it, or from
// its absence, becomes an event.

#include <optional>
#include <vector>

#include "bus/ids.hpp"
#include "bus/messages/message_info.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// "I live, and these claims are mine": to all, in every heartbeat, and at once when the claims
/// that it names have changed.
struct NodeHeartbeat {
    static constexpr MessageInfo info = {"NODE_HEARTBEAT"};
    std::int64_t incarnation = 0;
    std::vector<Position> fences = {};  ///< Of the claims it works on.
    Position folded = 0;                ///< How far it has come in the log.
    std::optional<Duration> idle_ms =
        {};                    ///< For how long no job has run there; empty when one does.
    std::int64_t cpu_ppm = 0;  ///< These as in projections::HostSample.
    std::int64_t load1_milli = 0;
    std::int64_t memory_bytes = 0;
    std::int64_t memory_total_bytes = 0;
    std::int64_t disk_free_bytes = 0;
    std::int64_t disk_total_bytes = 0;
    std::int64_t gpu_ppm = 0;
    /// Set when the node's own thread is late and another one says that the machine lives: for how
    /// long the node has done nothing. All else is then as old.
    std::optional<Duration> turn_age_ms = {};
    friend bool operator==(const NodeHeartbeat&, const NodeHeartbeat&) = default;
};
BOOST_DESCRIBE_STRUCT(NodeHeartbeat, (),
                      (incarnation, fences, folded, idle_ms, cpu_ppm, load1_milli, memory_bytes,
                       memory_total_bytes, disk_free_bytes, disk_total_bytes, gpu_ppm, turn_age_ms))

}  // namespace ringrift::bus
