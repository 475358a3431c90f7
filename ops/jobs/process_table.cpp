#include "ops/jobs/process_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

// Files in /proc say size 0, so they are read until they end.
std::string read_proc(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[16384];
    while (file) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
}

std::string folder_of(std::int64_t pid) {
    return "/proc/" + std::to_string(pid);
}

std::vector<std::int64_t> numbers_in(const std::string& folder) {
    std::vector<std::int64_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
    while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        std::int64_t number = 0;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
        if (read.ec == std::errc() && read.ptr == name.data() + name.size()) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

// A child belongs to the thread that forked it.
std::vector<std::int64_t> children_of(std::int64_t pid) {
    std::vector<std::int64_t> children;
    const std::string tasks = folder_of(pid) + "/task";
    for (const std::int64_t thread : numbers_in(tasks)) {
        std::istringstream text(read_proc(tasks + "/" + std::to_string(thread) + "/children"));
        for (std::int64_t child = 0; text >> child;) children.push_back(child);
    }
    return children;
}

bool kernel_lists_children() {
    const auto self = std::to_string(::getpid());
    return ::access(("/proc/self/task/" + self + "/children").c_str(), R_OK) == 0;
}

std::vector<std::int64_t> children_by_search(std::int64_t pid) {
    std::vector<std::int64_t> children;
    for (const ProcessFacts& process : all_processes()) {
        if (process.parent == pid) children.push_back(process.pid);
    }
    return children;
}

}  // namespace

std::optional<ProcessFacts> facts_of(std::int64_t pid) {
    const std::string text = read_proc(folder_of(pid) + "/stat");
    const auto name_end = text.rfind(')');  // The name may hold anything, parentheses too.
    if (name_end == text.npos) return {};
    std::istringstream fields(text.substr(name_end + 1));
    ProcessFacts facts{.pid = pid};
    std::int64_t group = 0;
    fields >> facts.state >> facts.parent >> group >> facts.session;
    std::string skipped;
    for (int field = 7; field < 22; ++field) fields >> skipped;
    fields >> facts.start_ticks;
    if (!fields) return {};
    return facts;
}

std::vector<ProcessFacts> all_processes() {
    std::vector<ProcessFacts> processes;
    for (const std::int64_t pid : numbers_in("/proc")) {
        if (const auto facts = facts_of(pid)) processes.push_back(*facts);
    }
    return processes;
}

std::vector<std::int64_t> descendants_of(std::int64_t pid) {
    const bool listed = kernel_lists_children();
    std::vector<std::int64_t> found;
    std::vector<std::int64_t> waiting = {pid};
    while (!waiting.empty()) {
        const std::int64_t parent = waiting.back();
        waiting.pop_back();
        for (const std::int64_t child : listed ? children_of(parent) : children_by_search(parent)) {
            if (std::find(found.begin(), found.end(), child) != found.end()) continue;
            found.push_back(child);
            waiting.push_back(child);
        }
    }
    return found;
}

std::int64_t resident_bytes(std::int64_t pid) {
    std::istringstream fields(read_proc(folder_of(pid) + "/statm"));
    std::int64_t size = 0;
    std::int64_t resident = 0;
    fields >> size >> resident;
    return fields ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

std::int64_t proportional_bytes(std::int64_t pid) {
    const std::string text = read_proc(folder_of(pid) + "/smaps_rollup");
    const auto found = text.find("\nPss:");
    return found == text.npos ? resident_bytes(pid)
                              : std::strtoll(text.c_str() + found + 5, nullptr, 10) * 1024;
}

bool started_with(std::int64_t pid, std::string_view assignment) {
    const std::string text = '\0' + read_proc(folder_of(pid) + "/environ");
    return text.find('\0' + std::string(assignment) + '\0') != text.npos;
}

std::string boot_name() {
    static const std::string name = [] {
        std::string text = read_proc("/proc/sys/kernel/random/boot_id");
        while (!text.empty() && text.back() == '\n') text.pop_back();
        std::error_code unknown;  // A container that is started again counts its pids from 1.
        return text + " " + std::filesystem::read_symlink("/proc/self/ns/pid", unknown).string();
    }();
    return name;
}

std::optional<ProcessIdentity> identity_of(std::int64_t pid) {
    const auto facts = facts_of(pid);
    if (!facts) return {};
    return ProcessIdentity{.pid = pid, .start_ticks = facts->start_ticks, .boot = boot_name()};
}

}  // namespace ringrift::ops
