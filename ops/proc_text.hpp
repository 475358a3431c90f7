#pragma once

// What the kernel's text files say of the machine: /proc/stat, /proc/meminfo, and the limits of a
// control group. Pure; a text that is not as expected gives zeroes or nothing, never an error: a
// machine whose load cannot be read still runs jobs.

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringrift::ops {

/// Since boot, in ticks, of all cores together.
struct CpuTimes {
    std::int64_t busy = 0;
    std::int64_t total = 0;
    friend bool operator==(const CpuTimes&, const CpuTimes&) = default;
};

CpuTimes cpu_times(std::string_view proc_stat);

/// Busy parts per million between two readings; 0 when no tick has passed.
std::int64_t cpu_ppm(const CpuTimes& before, const CpuTimes& after);

/// The first number of /proc/loadavg, in thousandths.
std::int64_t load1_milli(std::string_view proc_loadavg);

struct Memory {
    std::int64_t total_bytes = 0;
    std::int64_t available_bytes = 0;
    friend bool operator==(const Memory&, const Memory&) = default;
};

Memory memory(std::string_view proc_meminfo);

/// A control group's memory.max or memory.current; empty when it is `max` or unreadable.
std::optional<std::int64_t> group_bytes(std::string_view text);

/// Whole cores that a control group's cpu.max allows, at least 1; empty without a limit.
std::optional<std::int64_t> group_cpus(std::string_view cpu_max);

}  // namespace ringrift::ops
