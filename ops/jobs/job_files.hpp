#pragma once

// What daemon and supervisor write to each other in the folder of a job: its layout and its files.
//
//   order        daemon      what to run and within which limits; never changes. Flocked from
//                            before the supervisor starts until it has ended
//   supervisor   supervisor  who it is; from here on the program may have run
//   status       supervisor  how it goes; replaced a few times a second at most, and not there yet
//                            of a job that has just started
//   exit         supervisor  who it was and how it ended; what `supervisor` becomes in the end
//   stdout.log, stderr.log (+ .older, .newest), supervisor.log, inputs.txt, output/
//
// Former versions had the lock in a file of its own, `lock`; their jobs may outlive them.
//
// Few files, since a job is not to cost more than its program. Each file is lines of `key=value`,
// percent-escaped, so that the supervisor needs no library and a person can read them. Unknown keys
// are ignored, so daemon and supervisor may differ by a version.

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringrift::ops {

/// Where the lock of a job's folder is, the former place first.
inline constexpr std::array<const char*, 2> lock_names = {"lock", "order"};

inline constexpr std::size_t job_file_bytes_max =
    4 * 1024 * 1024;  ///< An environment can be large.

/// A process for ever: pids are used again, also after a reboot.
struct ProcessIdentity {
    std::int64_t pid = 0;
    std::uint64_t start_ticks = 0;  ///< Since boot, field 22 of /proc/<pid>/stat.
    std::string boot = {};          ///< `boot_name` of ops/jobs/process_table.hpp.
    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// `order`. A limit of 0 is no limit.
struct LaunchOrder {
    std::string work = {};
    std::uint64_t fence = 0;
    std::string type = {};
    std::string config = {};
    std::vector<std::string> argv = {};
    std::map<std::string, std::string> environment = {};  ///< All that the program gets.
    std::string working_folder = {};
    std::chrono::milliseconds timeout = {};
    std::chrono::milliseconds stop_grace = std::chrono::seconds(30);  ///< From SIGTERM to SIGKILL.
    std::int64_t memory_bytes_max = 0;
    std::int64_t output_bytes_max = 0;
    std::int64_t printed_bytes_max = 0;
    std::int64_t disk_free_bytes_min = 0;
    friend bool operator==(const LaunchOrder&, const LaunchOrder&) = default;
};

/// `status`.
struct JobStatus {
    std::int64_t program_pid = 0;
    std::int64_t printed_bytes = 0;
    std::int64_t memory_bytes = 0;
    std::string said = {};  ///< The last line on stdout that looks like progress, at most 4 KiB.
    friend bool operator==(const JobStatus&, const JobStatus&) = default;
};

enum class EndCause {
    ended,    ///< By itself; exit code and signal say how.
    stopped,  ///< Because we were asked to.
    timeout,  ///< This and the following: ended by the supervisor.
    memory_limit,
    output_limit,
    spawn_failed,  ///< It never ran.
};

/// `exit`.
struct JobExit {
    EndCause cause = EndCause::ended;
    std::string sentence = {};  ///< Why, with the numbers; empty for `ended`.
    std::int64_t exit_code = 0;
    std::int64_t signal = 0;
    std::int64_t started_at_ms = 0;  ///< Since 1970.
    std::int64_t run_ms = 0;         ///< By a monotonic clock.
    std::int64_t printed_bytes = 0;
    std::int64_t memory_peak_bytes = 0;
    std::int64_t program_pid = 0;  ///< 0 when it never ran.
    friend bool operator==(const JobExit&, const JobExit&) = default;
};

std::string to_text(const ProcessIdentity& process);
std::string to_text(const LaunchOrder& order);
std::string to_text(const JobStatus& status);
std::string to_text(const JobExit& exit);

/// Empty unless the file is there and says the necessary.
std::optional<ProcessIdentity> read_supervisor(const std::filesystem::path& folder);
std::optional<LaunchOrder> read_order(const std::filesystem::path& folder);
std::optional<JobStatus> read_status(const std::filesystem::path& folder);
std::optional<JobExit> read_exit(const std::filesystem::path& folder);

}  // namespace ringrift::ops
