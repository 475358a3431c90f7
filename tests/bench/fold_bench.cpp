// How fast the log is folded, and how fast work is given out: decide, fold the claim, decide again.
// Events are decoded and in memory; nothing here waits for a disk or a network.

#include <vector>

#include "producers/command.hpp"
#include "projections/folded.hpp"
#include "tests/bench/measure.hpp"

namespace {

using namespace ringrift;
using Cluster = projections::Folded<projections::ClusterView>;

constexpr int configs = 12;
constexpr std::size_t nodes = 1'000;
constexpr std::size_t waiting_at_once = 2'000;
constexpr std::size_t running_at_once = 4 * nodes;
const bus::Time start = bus::Time(std::chrono::hours(24 * 365 * 50));

bus::ConfigKey config_of(std::size_t n) {
    return {"hex" + std::to_string(n % configs) + "_2p"};
}

bus::NodeId node_of(std::size_t n) {
    return {"gpu-node-" + std::to_string(n % nodes)};
}

bus::WorkQueued selfplay(std::size_t n) {
    const bus::ConfigKey config = config_of(n);
    return {.work = {"selfplay-" + config.value + "-" + std::to_string(n)},
            .type = bus::WorkType::selfplay,
            .config = config,
            .needs = {.slots = 1, .gpus = 1, .memory_bytes = 1 << 20},
            .model = {"3b4c1f8e9a2d47e0b6a5c4d3e2f1a0b9"},
            .games = 50,
            .share_ppm = 1'000'000 / configs};
}

bus::NodeJoined joined(std::size_t n) {
    return {.node = node_of(n),
            .incarnation = 1,
            .host = "10.0.0.1",
            .port = 8770,
            .capacity = {.slots = 1'000, .gpus = 1'000, .memory_bytes = std::int64_t{1} << 40},
            .gpu_name = "NVIDIA H100 80GB HBM3"};
}

/// A log in the making; the time of each event is a millisecond after the one before.
class Log {
  public:
    Log() {
        say(bus::LeaderElected{.epoch = 1, .leader = {"boss"}, .votes = {{"boss"}}});
        for (std::size_t n = 0; n < nodes; ++n) say(joined(n));
    }
    bus::Position say(bus::Fact fact) {
        const bus::Position position = events.size() + 1;
        events.push_back({.position = position,
                          .event = {.id = {"0192f0c4-7a1e-7000-8000-" + std::to_string(position)},
                                    .source = {"boss"},
                                    .time = start + std::chrono::milliseconds(position),
                                    .epoch = 1,
                                    .fact = std::move(fact)}});
        return position;
    }
    std::vector<bus::Recorded> events;
};

/// Items live as in a cluster: they wait a while, and every node runs several at a time.
Log lives_of_items(std::size_t items) {
    Log log;
    std::vector<bus::Position> fences;
    for (std::size_t n = 0; n < items + waiting_at_once + running_at_once; ++n) {
        if (n < items) log.say(selfplay(n));
        const std::size_t claimed = n - waiting_at_once;
        if (n >= waiting_at_once && claimed < items) {
            const bus::WorkId work = selfplay(claimed).work;
            fences.push_back(log.say(bus::WorkClaimed{.work = work, .node = node_of(claimed)}));
            log.say(
                bus::WorkStarted{.work = work, .node = node_of(claimed), .fence = fences.back()});
        }
        const std::size_t completed = claimed - running_at_once;
        if (n < waiting_at_once + running_at_once || completed >= items) continue;
        const bus::WorkQueued order = selfplay(completed);
        log.say(bus::WorkCompleted{.work = order.work,
                                   .node = node_of(completed),
                                   .fence = fences[completed],
                                   .config = order.config,
                                   .result = {.games = 50}});
    }
    return log;
}

void fold(Cluster& cluster, const std::vector<bus::Recorded>& events) {
    for (const auto& recorded : events) cluster.advance(recorded);
}

/// Each of `claims` requests asks for one item and folds the claim back.
void give_out(Cluster& cluster, std::size_t claims) {
    const projections::HostView host = {.self = {"boss"}};
    for (std::size_t n = 0; n < claims; ++n) {
        const bus::Time now = start + std::chrono::seconds(30);
        const producers::Sight sight = {.cluster = cluster.view, .host = host, .now = now};
        auto decision = producers::decide(sight, producers::ClaimWork{.node = node_of(n)});
        for (auto& draft : std::get<std::vector<producers::Draft>>(decision)) {
            cluster.advance({.position = cluster.position + 1,
                             .event = {.id = std::move(draft.id),
                                       .source = {"boss"},
                                       .time = now,
                                       .epoch = 1,
                                       .correlation = std::move(draft.correlation),
                                       .causation = std::move(draft.causation),
                                       .fact = std::move(draft.fact)}});
        }
    }
}

}  // namespace

int main() {
    const std::size_t items = bench::size(50'000, 500);
    const std::size_t claims = bench::size(100'000, 1'000);
    bench::Table table("folds and decisions");

    const Log lives = lives_of_items(items);
    table.add_prepared(
        "fold: events of the lives of items", lives.events.size(), [] { return Cluster(); },
        [&](Cluster& cluster) { fold(cluster, lives.events); });

    Log queue;
    for (std::size_t n = 0; n < claims; ++n) queue.say(selfplay(n));
    table.add_prepared(
        "fold: queueing a long queue", queue.events.size(), [] { return Cluster(); },
        [&](Cluster& cluster) { fold(cluster, queue.events); });
    table.add_prepared(
        "decide and fold: claims out of that queue", claims,
        [&] {
            Cluster cluster;
            fold(cluster, queue.events);
            return cluster;
        },
        [&](Cluster& cluster) { give_out(cluster, claims); });
}
