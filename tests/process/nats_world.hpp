#pragma once

// A log on a nats-server, with its connection: what most tests of NATS begin with.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bus/nats_log.hpp"
#include "tests/process/nats_server.hpp"

namespace ringrift::tests {

/// A name that no other stream of this process has.
inline std::string fresh_cluster() {
    static std::atomic<int> count = 0;
    return "t" + std::to_string(++count);
}

/// Quick to notice and to try again, so that a test need not wait for what people can wait for.
inline bus::NatsSettings quick_settings(std::vector<std::string> servers) {
    return {.servers = std::move(servers),
            .name = "test",
            .backoff_max = std::chrono::milliseconds(500),
            .ping_interval = std::chrono::milliseconds(500)};
}

/// The log and what it is connected with, as one Log.
class ConnectedLog final : public bus::Log {
  public:
    ConnectedLog(bus::NatsSettings settings, bus::NatsLogSettings log_settings)
        : connection(std::move(settings)), log(connection, std::move(log_settings)) {}

    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        return log.append(events);
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                 std::size_t count_max) override {
        return log.read(after, count_max);
    }
    bus::Result<bus::Position, bus::ReadError> last() override { return log.last(); }
    void on_news(std::function<void()> wake) override { log.on_news(std::move(wake)); }
    std::string trouble() const override { return log.trouble(); }

    bus::NatsConnection connection;
    bus::NatsLog log;
};

}  // namespace ringrift::tests
