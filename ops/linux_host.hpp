#pragma once

// The real eyes: /proc, statvfs, nvidia-smi and the data directory.
//
// Has one thread of its own, which reads the data directory and asks the GPUs; `sample` reads only
// files of the kernel, which takes microseconds. Inside a container its limits count, not the
// machine's.

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "ops/gpu_probe.hpp"
#include "ops/proc_text.hpp"
#include "producers/host.hpp"

namespace ringrift::ops {

struct LinuxHostOptions {
    std::filesystem::path data_dir = "data";
    std::int64_t slots = 0;  ///< Jobs at the same time; 0: one for each core.
    std::string gpu_program = "nvidia-smi";
    std::filesystem::path proc = "/proc";
    std::filesystem::path control_group = "/sys/fs/cgroup";
};

class LinuxHost final : public producers::Host {
  public:
    static constexpr bus::Duration gpus_every = std::chrono::seconds(15);
    static constexpr bus::Duration gpus_limit = std::chrono::seconds(5);
    static constexpr std::size_t entries_per_turn = 1000;  ///< About 5 ms; then it looks up.

    /// Asks the GPUs once, which may take `gpus_limit`; then starts the thread.
    explicit LinuxHost(LinuxHostOptions options);
    ~LinuxHost() override;

    projections::HostSample sample(bus::Time now) override;
    void begin_scan() override;
    std::optional<std::vector<projections::FileHere>> take_scan() override;
    producers::Machine machine() const override;

  private:
    void look(const std::stop_token& stop);
    void read_directory(const std::stop_token& stop);

    const LinuxHostOptions options_;
    CpuTimes cpu_before_;
    mutable std::mutex mutex_;
    std::condition_variable_any asked_;
    Gpus gpus_;  ///< Guarded by mutex_, as are those below.
    bool scan_asked_ = false;
    std::optional<std::vector<projections::FileHere>> scanned_;
    std::jthread thread_;  ///< Last: it ends before what it uses.
};

}  // namespace ringrift::ops
