#pragma once

// A whole API on real sockets over a scripted log, without a node: the test plays the node's part.
//
// The log holds a small cluster: `boss` leads, `gpu-1` runs a training, a selfplay waits.

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "bus/memory_log.hpp"
#include "ops/http/api.hpp"
#include "tests/catch.hpp"
#include "tests/raw_http.hpp"

namespace ringrift::tests {

using namespace std::chrono_literals;

/// A log that the test writes and the API's thread reads.
class SharedLog final : public bus::Log {
  public:
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        const std::lock_guard lock(mutex_);
        return log_.append(events);
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                 std::size_t count_max) override {
        const std::lock_guard lock(mutex_);
        if (broken) return bus::ReadError::unavailable;
        return log_.read(after, count_max);
    }
    bus::Result<bus::Position, bus::ReadError> last() override {
        const std::lock_guard lock(mutex_);
        if (broken) return bus::ReadError::unavailable;
        return log_.last();
    }
    void on_news(std::function<void()>) override {}
    std::string trouble() const override { return {}; }

    std::atomic<bool> broken = false;

  private:
    std::mutex mutex_;
    bus::MemoryLog log_;
};

struct ApiWorld {
    explicit ApiWorld(ops::http::ApiOptions options = {}, ops::http::ServerOptions limits = {})
        : api(with_name(std::move(options)), ports()), server(local(limits), api.calls()) {
        say(bus::LeaderElected{.epoch = 1, .leader = {"boss"}, .votes = {{"boss"}}});
        beat();
        auto bound = server.listen();
        REQUIRE(bound.ok());
        port = *bound;
    }
    ~ApiWorld() { server.stop(); }

    /// Appends a fact a second after the one before, in the leader's epoch. Its position.
    bus::Position say(bus::Fact fact) {
        time = time.load() + 1s;
        const std::string id = "e" + std::to_string(++said);
        const bus::Event event = {.id = {id},
                                  .source = {"boss"},
                                  .time = time,
                                  .epoch = said > 1 ? bus::Epoch(1) : bus::Epoch(0),
                                  .fact = std::move(fact)};
        const auto appended = log.append(std::span(&event, 1));
        REQUIRE(appended.ok());
        return appended->positions.front();
    }

    void beat() {
        pulse.beat_at = time;
        pulse.log_last = pulse.position = *log.last();
        board.publish(pulse);
    }

    boost::json::value get_json(const std::string& target, int status = 200) {
        const std::string answer = get(port, target);
        INFO(target << " answered " << answer.substr(0, 600));
        REQUIRE(status_of(answer) == status);
        return boost::json::parse(body_of(answer));
    }

    static ops::http::ApiOptions with_name(ops::http::ApiOptions options) {
        options.node = "boss";
        options.version = "0.1.0";
        options.known_peers = {"10.0.0.1:8770"};
        return options;
    }
    static ops::http::ServerOptions local(ops::http::ServerOptions options) {
        options.host = "127.0.0.1";
        options.port = 0;
        return options;
    }
    ops::http::ApiPorts ports() {
        return {.events = source,
                .pulse = board,
                .admin = admin,
                .now = [this] { return time.load(); },
                .job_output = [](const bus::WorkId& work, bus::Position, std::string_view stream,
                                 std::size_t) -> std::optional<ops::http::JobOutput> {
                    if (work.value != "w-1") return {};
                    return ops::http::JobOutput{.text = std::string(stream) + " of w-1",
                                                .fence = 5};
                },
                .server_counts = [this] { return server.counts(); }};
    }

    /// The node's part: called, on the API's thread, when a request was put.
    void answer_requests() {
        if (mute) return;
        for (ops::AdminRequest& request : admin.take()) {
            const ops::AdminReply reply = node_answer(request);
            {
                const std::lock_guard lock(asked_mutex);
                asked.push_back(request);
            }
            request.answer(reply);
        }
    }
    ops::AdminRequest last_asked() {
        const std::lock_guard lock(asked_mutex);
        return asked.empty() ? ops::AdminRequest{} : asked.back();
    }

    std::atomic<bus::Time> time = *bus::time_from_text("2025-12-28T10:00:00.000Z");
    int said = 0;
    SharedLog log;
    ops::http::LogSource source{log};
    ops::Pulse pulse = {.started_at = time.load(),
                        .node = "boss",
                        .caught_up = true,
                        .leads = true,
                        .leader = "boss"};
    ops::PulseBoard board;
    std::atomic<bool> mute = false;
    std::function<ops::AdminReply(const ops::AdminRequest&)> node_answer = [](const auto&) {
        return ops::AdminReply{
            .accepted = true, .sentence = "done", .details = {{"released", "3"}}, .position = 9};
    };
    std::mutex asked_mutex;
    std::vector<ops::AdminRequest> asked;  ///< Guarded by asked_mutex.
    bus::Inbox<ops::AdminRequest> admin{2, [this] { answer_requests(); }};
    ops::http::Api api;
    ops::http::Server server;
    int port = 0;
};

/// The cluster of the tests.
inline void fill(ApiWorld& world) {
    world.say(bus::NodeJoined{.node = {"boss"},
                              .incarnation = 1,
                              .host = "10.0.0.1",
                              .port = 8770,
                              .capacity = {.slots = 2},
                              .voter = true});
    world.say(bus::NodeJoined{.node = {"gpu-1"},
                              .incarnation = 1,
                              .host = "10.0.0.2",
                              .port = 8770,
                              .capacity = {.slots = 1, .gpus = 1},
                              .gpu_name = "H100"});
    world.say(
        bus::WorkQueued{.work = {"w-1"}, .type = bus::WorkType::training, .config = {"hex5_2p"}});
    const bus::Position fence = world.say(bus::WorkClaimed{.work = {"w-1"}, .node = {"gpu-1"}});
    world.say(bus::WorkStarted{.work = {"w-1"}, .node = {"gpu-1"}, .fence = fence});
    world.say(bus::WorkQueued{.work = {"w/2 a"},
                              .type = bus::WorkType::selfplay,
                              .config = {"hex5_2p"},
                              .needs = {.slots = 99}});
    world.say(bus::EloUpdated{.config = {"hex5_2p"}, .model = {"init"}, .games = 40});
    world.say(bus::EloUpdated{.config = {"hex5_2p"},
                              .model = {"abc"},
                              .elo_milli = 123'400,
                              .error95_milli = 20'500,
                              .games = 40});
    world.pulse.jobs = {
        {.work = {"w-1"}, .fence = fence, .running = true, .pid = 4711, .progress_ppm = 250'000}};
    world.pulse.refusals = {{"not_held", 2}};
    for (const std::string name :
         {"job_reaper", "idle_detection", "worker_pull", "work_queue_maintenance", "self_healing",
          "predictive_monitoring", "auto_scaling", "elo_sync", "queue_populator", "nat_management",
          "manifest_collection", "data_management", "heartbeat"}) {
        world.pulse.loops.push_back({.name = name,
                                     .period = 30s,
                                     .last_run_at = world.time,
                                     .last_success_at = world.time,
                                     .runs = 7,
                                     .duration = 3ms});
    }
    for (const auto& [event, group] : {std::pair("DATA_SYNC_COMPLETED", "manager_events"),
                                       {"TRAINING_COMPLETED", "manager_events"},
                                       {"EVALUATION_COMPLETED", "feedback_signals"},
                                       {"NODE_JOINED", "daemon_events"}}) {
        world.pulse.subscriptions.push_back({.event = event,
                                             .group = group,
                                             .critical = group != std::string("daemon_events"),
                                             .healthy = true});
    }
    world.beat();
}

}  // namespace ringrift::tests
