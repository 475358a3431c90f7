#pragma once

// What /proc says of processes: who is whose child, how much memory, since when. Reads only.
//
// Everything here may be out of date when it returns; who kills by it asks again until nothing is
// left, and identifies a process by pid and start time. Any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ops/jobs/job_files.hpp"

namespace ringrift::ops {

struct ProcessFacts {
    std::int64_t pid = 0;
    std::int64_t parent = 0;
    std::int64_t session = 0;
    std::uint64_t start_ticks = 0;
    char state = '?';  ///< As in ps: Z is a zombie.
};

/// Empty when there is no such process (a zombie still is one).
std::optional<ProcessFacts> facts_of(std::int64_t pid);

std::vector<ProcessFacts> all_processes();

/// Children, their children and so on, without `pid` itself.
std::vector<std::int64_t> descendants_of(std::int64_t pid);

/// Resident set; counts shared pages in full, so it is never less than `proportional_bytes`.
std::int64_t resident_bytes(std::int64_t pid);

/// Shared pages divided among those who share them. Costs far more than `resident_bytes`.
std::int64_t proportional_bytes(std::int64_t pid);

/// Whether the process was started with exactly `assignment`, e.g. `NAME=value`.
bool started_with(std::int64_t pid, std::string_view assignment);

/// Within what pids are unique: changes with every boot of the machine or of its container.
std::string boot_name();

/// Empty when there is no such process.
std::optional<ProcessIdentity> identity_of(std::int64_t pid);

}  // namespace ringrift::ops
