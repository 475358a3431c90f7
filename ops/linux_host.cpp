#include "ops/linux_host.hpp"

#include <sched.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "ops/file_scan.hpp"

namespace ringrift::ops {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Cores that this process may use.
std::int64_t cpus(const LinuxHostOptions& options) {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::int64_t count = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
    return std::min(count, group_cpus(text_of(options.control_group / "cpu.max")).value_or(count));
}

/// Of the control group where that has a limit below the machine's.
Memory memory_here(const LinuxHostOptions& options) {
    Memory found = memory(text_of(options.proc / "meminfo"));
    const auto limit = group_bytes(text_of(options.control_group / "memory.max"));
    if (!limit || *limit >= found.total_bytes) return found;
    const auto used = group_bytes(text_of(options.control_group / "memory.current")).value_or(0);
    found.available_bytes = std::clamp<std::int64_t>(*limit - used, 0, found.available_bytes);
    found.total_bytes = *limit;
    return found;
}

struct Disk {
    std::int64_t free_bytes = 0;
    std::int64_t total_bytes = 0;
};

/// What an ordinary user may fill: blocks that only root may take count as neither.
Disk disk_of(std::filesystem::path folder) {
    std::error_code error;
    folder = std::filesystem::absolute(folder, error);
    while (folder.has_relative_path() && !std::filesystem::exists(folder, error))
        folder = folder.parent_path();
    struct statvfs file_system = {};
    if (statvfs(folder.c_str(), &file_system) != 0) return {};
    const auto block = static_cast<std::int64_t>(file_system.f_frsize);
    const auto used = static_cast<std::int64_t>(file_system.f_blocks - file_system.f_bfree);
    const auto free = static_cast<std::int64_t>(file_system.f_bavail);
    return {.free_bytes = free * block, .total_bytes = (used + free) * block};
}

}  // namespace

LinuxHost::LinuxHost(LinuxHostOptions options)
    : options_(std::move(options)),
      cpu_before_(cpu_times(text_of(options_.proc / "stat"))),
      gpus_(ask_gpus(options_.gpu_program, gpus_limit)),
      thread_([this](const std::stop_token& stop) { look(stop); }) {}

LinuxHost::~LinuxHost() = default;

projections::HostSample LinuxHost::sample(bus::Time now) {
    const CpuTimes cpu = cpu_times(text_of(options_.proc / "stat"));
    const Memory memory = memory_here(options_);
    const Disk disk = disk_of(options_.data_dir);
    projections::HostSample sample = {
        .at = now,
        .cpu_ppm = cpu_ppm(cpu_before_, cpu),
        .load1_milli = load1_milli(text_of(options_.proc / "loadavg")),
        .memory_bytes = memory.total_bytes - memory.available_bytes,
        .memory_total_bytes = memory.total_bytes,
        .disk_free_bytes = disk.free_bytes,
        .disk_total_bytes = disk.total_bytes};
    cpu_before_ = cpu;
    const std::lock_guard lock(mutex_);
    sample.gpu_ppm = gpus_.busy_ppm;
    return sample;
}

void LinuxHost::begin_scan() {
    {
        const std::lock_guard lock(mutex_);
        scan_asked_ = true;
        scanned_.reset();
    }
    asked_.notify_one();
}

std::optional<std::vector<projections::FileHere>> LinuxHost::take_scan() {
    const std::lock_guard lock(mutex_);
    return std::exchange(scanned_, std::nullopt);
}

producers::Machine LinuxHost::machine() const {
    const std::int64_t cores = cpus(options_);
    const std::lock_guard lock(mutex_);
    return {.capacity = {.slots = options_.slots > 0 ? options_.slots : cores,
                         .cpus = cores,
                         .gpus = gpus_.count,
                         .memory_bytes = memory_here(options_).total_bytes,
                         .vram_bytes = gpus_.vram_bytes,
                         .disk_bytes = disk_of(options_.data_dir).total_bytes},
            .gpu_name = gpus_.name};
}

void LinuxHost::look(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool scan = false;
        bool has_gpus = false;
        {
            std::unique_lock lock(mutex_);
            asked_.wait_for(lock, stop, gpus_every, [this] { return scan_asked_; });
            scan = std::exchange(scan_asked_, false);
            has_gpus = gpus_.count > 0;
        }
        if (scan) read_directory(stop);
        if (scan || !has_gpus || stop.stop_requested()) continue;
        Gpus gpus = ask_gpus(options_.gpu_program, gpus_limit);
        const std::lock_guard lock(mutex_);
        gpus_.busy_ppm = gpus.busy_ppm;
    }
}

void LinuxHost::read_directory(const std::stop_token& stop) {
    FileScan scan(options_.data_dir / "files");
    while (!scan.advance(entries_per_turn)) {
        if (stop.stop_requested()) return;
        std::this_thread::yield();
    }
    const std::lock_guard lock(mutex_);
    if (!scan_asked_) scanned_ = scan.take();
}

}  // namespace ringrift::ops
