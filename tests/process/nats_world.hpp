#pragma once

// A log on a nats-server, with its connection: what most tests of NATS begin with.

#include <nats/nats.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bus/nats_log.hpp"
#include "tests/catch.hpp"
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

inline bus::Event numbered(std::int64_t number, std::size_t extra_bytes = 0) {
    bus::Event event;
    event.id = {"e" + std::to_string(number)};
    event.source = {"gpu-7"};
    event.fact = bus::WorkReleased{.work = {"w-" + std::to_string(number % 10)},
                                   .node = {"gpu-1"},
                                   .reason = std::string(extra_bytes, 'x')};
    return event;
}

/// Says events 1, 2, … in batches, on a thread of its own, and says a batch that failed again until
/// it is acknowledged, as the outbox does.
class Writer {
  public:
    Writer(bus::Log& log, std::int64_t batch) : log_(log), batch_(batch) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    /// Events acknowledged so far.
    std::int64_t acknowledged() const { return acknowledged_; }
    std::int64_t failures() const { return failures_; }
    bool goes_on(std::int64_t count, std::chrono::milliseconds within = 60s) const {
        const std::int64_t aim = acknowledged_ + count;
        return await([&] { return acknowledged_ >= aim; }, within);
    }
    /// The position that each event was acknowledged at.
    std::map<std::string, bus::Position> stop() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
        return positions_;
    }

  private:
    void run(const std::stop_token& stop) {
        std::int64_t next = 1;
        while (!stop.stop_requested()) {
            std::vector<bus::Event> events;
            for (std::int64_t i = 0; i < batch_; ++i) events.push_back(numbered(next + i));
            const auto appended = log_.append(events);
            if (!appended) {
                ++failures_;
                poll(nullptr, 0, 10);
                continue;
            }
            for (std::size_t i = 0; i < events.size(); ++i)
                positions_[events[i].id.value] = appended->positions[i];
            next += batch_;
            acknowledged_ = next - 1;
        }
    }

    bus::Log& log_;
    const std::int64_t batch_;
    std::atomic<std::int64_t> acknowledged_ = 0;
    std::atomic<std::int64_t> failures_ = 0;
    std::map<std::string, bus::Position> positions_;
    std::jthread thread_;
};

/// All that the log has. Fails the test when it cannot be read within a minute.
inline bus::Batch read_all(bus::Log& log) {
    bus::Batch all;
    const bool read = await(
        [&] {
            const auto page = log.read(all.size(), 1000);
            if (page) all.insert(all.end(), page->begin(), page->end());
            return page && page->empty() && !all.empty();
        },
        60s);
    INFO(log.trouble());
    REQUIRE(read);
    return all;
}

/// What was acknowledged stands where it was said to; nothing stands twice, or out of order.
inline void check_nothing_lost_or_twice(const bus::Batch& log,
                                        const std::map<std::string, bus::Position>& positions) {
    std::map<std::string, bus::Position> found;
    std::int64_t last_number = 0;
    std::size_t twice = 0, disordered = 0, displaced = 0, lost = 0;
    std::string first;  // Example of what is not as it was acknowledged.
    for (const bus::Recorded& recorded : log) {
        const std::string& id = recorded.event.id.value;
        twice += !found.emplace(id, recorded.position).second;
        const std::int64_t number = std::stoll(id.substr(1));
        disordered += number < last_number;
        last_number = number;
    }
    for (const auto& [id, position] : positions) {
        const auto there = found.find(id);
        const bool is_lost = there == found.end();
        lost += is_lost;
        displaced += !is_lost && there->second != position;
        if ((is_lost || there->second != position) && first.empty())
            first = id + " acknowledged at " + std::to_string(position) + ", found at " +
                    (is_lost ? "none" : std::to_string(there->second)) + " of " +
                    std::to_string(log.size());
    }
    INFO(first);
    CHECK(lost == 0);
    CHECK(positions.size() > 0);
    CHECK(twice == 0);
    CHECK(disordered == 0);
    CHECK(displaced == 0);
}

/// A connection of libnats itself, for what an operator would do with the NATS CLI.
class Operator {
  public:
    explicit Operator(const std::string& url) {
        if (natsConnection_ConnectTo(&connection_, url.c_str()) != NATS_OK ||
            natsConnection_JetStream(&jetstream_, connection_, nullptr) != NATS_OK)
            throw std::runtime_error("cannot connect to " + url);
    }
    ~Operator() {
        jsCtx_Destroy(jetstream_);
        natsConnection_Destroy(connection_);
    }
    Operator(const Operator&) = delete;
    Operator& operator=(const Operator&) = delete;

    natsConnection* connection() { return connection_; }
    jsCtx* jetstream() { return jetstream_; }

    /// Changes the stream as `change` does its configuration.
    void edit(const std::string& stream, const std::function<void(jsStreamConfig&)>& change) {
        jsStreamInfo* info = nullptr;
        REQUIRE(js_GetStreamInfo(&info, jetstream_, stream.c_str(), nullptr, nullptr) == NATS_OK);
        change(*info->Config);
        REQUIRE(js_UpdateStream(nullptr, jetstream_, info->Config, nullptr, nullptr) == NATS_OK);
        jsStreamInfo_Destroy(info);
    }
    /// Whether each of so many servers has all of the stream.
    bool is_whole(const std::string& stream, int servers) {
        jsStreamInfo* info = nullptr;
        if (js_GetStreamInfo(&info, jetstream_, stream.c_str(), nullptr, nullptr) != NATS_OK)
            return false;
        const jsClusterInfo* cluster = info->Cluster;
        bool whole = cluster != nullptr && cluster->ReplicasLen == servers - 1;
        for (int i = 0; whole && i < cluster->ReplicasLen; ++i)
            whole = cluster->Replicas[i]->Current && !cluster->Replicas[i]->Offline;
        jsStreamInfo_Destroy(info);
        return whole;
    }
    /// The server that leads the stream; empty while none does.
    std::string leader(const std::string& stream) {
        jsStreamInfo* info = nullptr;
        if (js_GetStreamInfo(&info, jetstream_, stream.c_str(), nullptr, nullptr) != NATS_OK)
            return {};
        const bool known = info->Cluster != nullptr && info->Cluster->Leader != nullptr;
        std::string name = known ? info->Cluster->Leader : "";
        jsStreamInfo_Destroy(info);
        return name;
    }

  private:
    natsConnection* connection_ = nullptr;
    jsCtx* jetstream_ = nullptr;
};

}  // namespace ringrift::tests
