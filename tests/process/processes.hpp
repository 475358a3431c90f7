#pragma once

// What runs on this machine because of a test, as /proc shows it: nobody may be left behind.

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ops/jobs/process_table.hpp"

namespace ringrift::tests {

/// `environ`, `cmdline` and the like, with spaces between its parts; empty when it has ended.
inline std::string proc_file(std::int64_t pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    std::string parts = text.str();
    std::replace(parts.begin(), parts.end(), '\0', ' ');
    return parts;
}

/// Pids of processes, zombies apart, that were started for a job or as a supervisor below `data`.
inline std::vector<std::int64_t> processes_below(const std::filesystem::path& data) {
    const std::string jobs = data.string() + "/jobs/";
    std::vector<std::int64_t> found;
    for (const auto& process : ops::all_processes()) {
        if (process.state == 'Z' || process.pid == ::getpid()) continue;
        const bool ours = proc_file(process.pid, "environ").find(jobs) != std::string::npos ||
                          proc_file(process.pid, "cmdline").find(jobs) != std::string::npos;
        if (ours) found.push_back(process.pid);
    }
    return found;
}

/// The folders, below `data`, of the jobs whose supervisors run: `<work>@<fence>` each.
inline std::vector<std::string> supervised_below(const std::filesystem::path& data) {
    const std::string jobs = "/ringrift-job " + data.string() + "/jobs/";
    std::vector<std::string> found;
    for (const auto& process : ops::all_processes()) {
        const std::string command = proc_file(process.pid, "cmdline");
        const auto at = command.find(jobs);
        if (process.state == 'Z' || at == std::string::npos) continue;
        const auto name = at + jobs.size();
        found.push_back(command.substr(name, command.find(' ', name) - name));
    }
    return found;
}

/// Whether a process runs whose command line starts with `start`.
inline bool runs(const std::string& start) {
    for (const auto& process : ops::all_processes()) {
        if (process.state != 'Z' && proc_file(process.pid, "cmdline").starts_with(start)) {
            return true;
        }
    }
    return false;
}

}  // namespace ringrift::tests
