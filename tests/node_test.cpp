// The node as a whole, between ports that do as the test says: what the simulator would need luck
// to show.

#include "ops/node.hpp"

#include <algorithm>
#include <limits>

#include "bus/memory_log.hpp"
#include "bus/memory_wire.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

/// Its readers lag behind its writers, who know where it ends.
class LaggingLog final : public bus::Log {
  public:
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        return log.append(events);
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                 std::size_t count_max) override {
        if (after >= visible) return bus::Batch{};
        return log.read(after, std::min<std::size_t>(count_max, visible - after));
    }
    bus::Result<bus::Position, bus::ReadError> last() override { return log.last(); }
    void on_news(std::function<void()>) override {}
    std::string trouble() const override { return log.trouble(); }

    std::int64_t elections() {
        const auto all = log.read(0, 1'000);
        return std::ranges::count_if(all.value(), [](const bus::Recorded& recorded) {
            return std::holds_alternative<bus::LeaderElected>(recorded.event.fact);
        });
    }

    bus::MemoryLog log;
    bus::Position visible = std::numeric_limits<bus::Position>::max();
};

/// Shows what it is set to.
struct SetClock final : bus::Clock {
    bus::Time at = start;
    bus::Time now() override { return at; }
    bus::Instant monotonic() override { return bus::Instant(at.time_since_epoch()); }
};

struct EmptyStore final : projections::Store {
    bus::Result<std::optional<std::string>, projections::StoreError> get(
        std::string_view) override {
        return std::optional<std::string>();
    }
    bus::Result<bus::Done, projections::StoreError> put(std::string_view,
                                                        std::string_view) override {
        return bus::Done{};
    }
    std::string trouble() const override { return {}; }
};

struct IdleHost final : producers::Host {
    projections::HostSample sample(bus::Time now) override { return {.at = now}; }
    void begin_scan() override {}
    std::optional<std::vector<projections::FileHere>> take_scan() override { return {}; }
    producers::Machine machine() const override { return {}; }
};

struct NoHands final : consumers::Hands {
    void start(const consumers::JobOrder&) override {}
    void stop(const consumers::JobId&) override {}
    void forget(const consumers::JobId&) override {}
    std::vector<consumers::JobReport> drain() override { return {}; }
};

/// One process on the log; the next one is another.
struct Process {
    explicit Process(LaggingLog& log, ops::NodeSettings settings = {.self = tests::node("boss")},
                     bus::Wire* wire = nullptr)
        : node(std::move(settings),
               {.clock = clock,
                .log = log,
                .store = store,
                .host = host,
                .hands = hands,
                .board = board,
                .wire = wire},
               [](const bus::WorkQueued&, bus::Position) { return consumers::JobOrder{}; }) {
        REQUIRE(node.start(start).ok());
    }
    void round(bus::Time now) {
        clock.at = now;
        node.do_work(now);
    }

    SetClock clock;
    EmptyStore store;
    IdleHost host;
    NoHands hands;
    ops::PulseBoard board;
    ops::Node node;
};

/// In epoch 1, which is `boss`'s.
void say_as_leader(LaggingLog& log, bus::Fact fact) {
    const std::string id = "said-" + std::to_string(log.log.last().value());
    REQUIRE(
        log
            .append(std::vector<bus::Event>{
                {.id = {id}, .source = boss, .time = start, .epoch = 1, .fact = std::move(fact)}})
            .ok());
}

}  // namespace

TEST_CASE("nobody stands for leader before it has read all that stood in the log at its start") {
    LaggingLog log;
    Process(log).round(start);
    REQUIRE(log.elections() == 1);
    log.visible = 0;
    Process again(log);
    again.round(start + 1s);
    CHECK(log.elections() == 1);
    CHECK_FALSE(again.node.is_leader());
    log.visible = std::numeric_limits<bus::Position>::max();
    for (int n = 2; n <= 3; ++n) again.round(start + n * 1s);
    CHECK(log.elections() == 2);
    CHECK(again.node.is_leader());
}

TEST_CASE("a node without memory takes a number only when it has read which were used") {
    LaggingLog log;
    Process(log).round(start);
    log.visible = 0;
    Process again(log);
    again.round(start + 1s);
    log.visible = std::numeric_limits<bus::Position>::max();
    again.round(start + 2s);
    CHECK(again.node.view().nodes.nodes.at(boss).joined.incarnation == 2);
}

TEST_CASE("a leader that cannot read its election yet does not stand again") {
    LaggingLog log;
    Process process(log);
    log.visible = 0;
    for (int n = 1; n <= 5; ++n) process.round(start + n * 1s);
    CHECK(log.elections() == 1);
    CHECK_FALSE(process.node.is_leader());
    log.visible = std::numeric_limits<bus::Position>::max();
    process.round(start + 6s);
    CHECK(process.node.is_leader());
    CHECK(log.elections() == 1);
}

TEST_CASE("a node that does not lead misses nothing where the leader's loops do not run") {
    LaggingLog log;
    say_as_leader(log, bus::LeaderElected{.epoch = 1, .leader = boss, .votes = {boss}});
    bus::MemoryPost post;
    Process process(log, {.self = tests::node("w"), .founders = {boss}}, &post.wire({"w"}));
    say_as_leader(log, bus::DataSyncCompleted{.sync = "s1", .config = {"hex4_2p"}, .node = boss});
    for (int n = 1; n <= 300; ++n) process.round(start + n * 1s);
    CHECK(process.node.view().counts.events_by_type.contains("DATA_SYNC_COMPLETED"));
    CHECK(process.node.critical_failed(start + 300s).empty());
}

TEST_CASE("a node whose id is another machine's is silent until that one counts as gone") {
    LaggingLog log;
    say_as_leader(log, bus::LeaderElected{.epoch = 1, .leader = boss, .votes = {boss}});
    bus::NodeJoined former = tests::node("w");
    former.instance = "the former machine";
    say_as_leader(log, former);
    bus::MemoryPost post;
    bus::MemoryWire& listener = post.wire(boss);
    bus::NodeJoined self = tests::node("w");
    self.instance = "another machine";
    Process process(log, {.self = self, .founders = {boss}}, &post.wire({"w"}));
    const auto heartbeats = [&] {
        const auto letters = listener.take();
        return std::ranges::count_if(letters, [](const bus::Letter& letter) {
            return std::holds_alternative<bus::NodeHeartbeat>(letter.message);
        });
    };
    for (int n = 1; n <= 60; ++n) process.round(start + n * 1s);
    CHECK(heartbeats() == 0);
    CHECK_FALSE(process.node.joined());
    say_as_leader(log, bus::HostOffline{.node = {"w"}, .incarnation = 1});
    for (int n = 61; n <= 120; ++n) process.round(start + n * 1s);
    CHECK(process.node.joined());
    CHECK(heartbeats() > 0);
}
