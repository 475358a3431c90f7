#pragma once

// When a disk is low and when it is full: the one place where this is decided.
//
// A percentage alone wastes a large disk and bytes alone waste a small one, so both count: the
// bytes always, the percentage only while less than plenty is free. A state is left only
// when the disk is better than its bound by the slack, so that it does not flap. Pure; judged by
// producers/host_sampler, read by WorkerPull (takes no work on a halted disk), DataManagement and
// GET /status.

#include <cstdint>
#include <string>

#include <boost/describe/enum.hpp>

namespace ringrift::projections {

enum class DiskState {
    ok,
    low,    ///< What can be deleted should be; work goes on.
    halted  ///< No new work: a job that finds the disk full loses all it did.
};
BOOST_DESCRIBE_ENUM(DiskState, ok, low, halted)

struct DiskVerdict {
    DiskState state = DiskState::ok;
    std::string reason = "the disk has not been sensed yet";  ///< One sentence with the numbers.
    friend bool operator==(const DiskVerdict&, const DiskVerdict&) = default;
};

struct DiskBounds {
    std::int64_t used_ppm = 0;    ///< At or above, while less than `plenty_bytes` are free.
    std::int64_t free_bytes = 0;  ///< Below.
    std::int64_t plenty_bytes = 0;
};

struct DiskPolicy {
    /// Time to tidy up: at the pace of a busy node an hour or more before it halts.
    DiskBounds low = {.used_ppm = 850'000, .free_bytes = 4LL << 30, .plenty_bytes = 50LL << 30};
    /// Room for the results of the jobs that run, and for the log and the snapshots to be written.
    DiskBounds halted = {.used_ppm = 950'000, .free_bytes = 1LL << 30, .plenty_bytes = 10LL << 30};
    DiskBounds slack = {.used_ppm = 20'000, .free_bytes = 512LL << 20};
};

/// `before` is the state until now. A disk of 0 bytes has not been sensed: `before` stays.
DiskVerdict judge_disk(const DiskPolicy& policy, DiskState before, std::int64_t free_bytes,
                       std::int64_t total_bytes);

}  // namespace ringrift::projections
