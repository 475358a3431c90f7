#pragma once

// A nats-server of this node's own: started, watched, started again with back-off, stopped.
//
// `look` never blocks: the node's thread calls it in each round. The server gets SIGTERM when the
// process that started it dies, however it dies, so no server is left behind; its output goes to a
// bounded file in the data folder. Belongs to the thread that constructs it, which must be the
// process's main one: the kernel ties the server's life to it.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "bus/result.hpp"
#include "bus/time.hpp"
#include "ops/exit_codes.hpp"
#include "ops/nats/server_config.hpp"

namespace ringrift::ops {

class ManagedServer {
  public:
    /// Finds nats-server on PATH, writes its configuration into `folder`, starts it. The error says
    /// what to install or to change.
    static bus::Result<ManagedServer, Exit> start(NatsServerConfig config,
                                                  std::filesystem::path folder, bus::Time now);
    ManagedServer(ManagedServer&& other) noexcept;
    ManagedServer& operator=(ManagedServer&&) = delete;
    ~ManagedServer();

    /// Starts the server again when it has ended and its back-off is over. The sentence to log:
    /// that it ended (with the end of what it said), or that it runs again. Empty when all is well.
    std::string look(bus::Time now);

    /// SIGTERM, and SIGKILL after `stop_max`. Blocks until it has ended.
    void stop();

    bool is_running() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }
    std::int64_t restarts() const { return restarts_; }

    static constexpr bus::Duration back_off_min = std::chrono::milliseconds(500);
    static constexpr bus::Duration back_off_max = std::chrono::seconds(30);
    /// A server that ran so long before it ended is started again without a long wait.
    static constexpr bus::Duration settled_after = std::chrono::seconds(60);
    static constexpr bus::Duration stop_max = std::chrono::seconds(10);

  private:
    ManagedServer(std::filesystem::path program, std::filesystem::path folder)
        : program_(std::move(program)), folder_(std::move(folder)) {}
    std::string spawn(bus::Time now);
    std::string last_words() const;

    std::filesystem::path program_;
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    bus::Time started_at_ = {};
    bus::Time again_at_ = {};
    bus::Duration back_off_ = back_off_min;
    std::int64_t restarts_ = 0;
};

/// The program of that name on PATH; empty when there is none.
std::optional<std::filesystem::path> program_on_path(const std::string& name);

/// Whether `nats-server --version` says 2.10 or later, which know `sync_interval: always`.
bool can_sync_always(const std::filesystem::path& nats_server);

}  // namespace ringrift::ops
