// How fast the log is folded, and how fast work is given out: decide, fold the claim, decide again.
// How long a snapshot takes. Nothing here waits for a disk or a network.

#include <vector>

#include "bus/codec.hpp"
#include "producers/command.hpp"
#include "projections/snapshot.hpp"
#include "tests/bench/closed_loop.hpp"
#include "tests/bench/measure.hpp"

namespace {

using namespace ringrift;
using Cluster = projections::Folded<projections::ClusterView>;

constexpr int configs = 12;
constexpr std::size_t nodes = 1'000;
const bus::Time start = bus::Time(std::chrono::hours(24 * 365 * 50));

bus::ConfigKey config_of(std::size_t n) {
    return {"hex" + std::to_string(n % configs) + "_2p"};
}

bus::NodeId node_of(std::size_t n) {
    return {"gpu-" + std::to_string(n % nodes)};
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

/// A log of nothing but orders: a queue that has grown long.
std::vector<bus::Recorded> long_queue(std::size_t items) {
    std::vector<bus::Recorded> events = bench::ClosedLoop({.nodes = nodes}).run(0);
    for (std::size_t n = 0; n < items; ++n) {
        events.push_back({.position = events.size() + 1,
                          .event = {.id = {"selfplay-" + std::to_string(n) + ":queued@1"},
                                    .source = {"boss"},
                                    .time = start,
                                    .epoch = 1,
                                    .fact = selfplay(n)}});
    }
    return events;
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

/// What every start of a node does.
void decode_and_fold(Cluster& cluster, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
        cluster.advance({.position = cluster.position + 1, .event = bus::decode(text)});
    }
}

/// Events that change nothing would be quick to fold.
void check_that_all_holds(const std::vector<bus::Recorded>& events) {
    Cluster cluster;
    fold(cluster, events);
    const auto& counts = cluster.view.work.counts;
    RINGRIFT_CHECK(cluster.view.counts.void_events == 0 && !counts.contains("late_results") &&
                   !counts.contains("lost_claims") && !counts.contains("duplicates"));
}

void bench_folds(bench::Table& table) {
    const auto loop = bench::ClosedLoop({}).run(bench::size(200'000, 4'000));
    table.add_prepared(
        "fold: the closed loop, 400 jobs at a time", loop.size(), [] { return Cluster(); },
        [&](Cluster& cluster) { fold(cluster, loop); }, 2'000'000);
    check_that_all_holds(loop);
    std::vector<std::string> texts;
    for (const auto& recorded : loop) texts.push_back(bus::encode(recorded.event));
    table.add_prepared(
        "decode and fold: the same from JSON", texts.size(), [] { return Cluster(); },
        [&](Cluster& cluster) { decode_and_fold(cluster, texts); }, 500'000);
    const auto large = bench::ClosedLoop({.nodes = nodes, .waiting = 2'000, .running = 4 * nodes})
                           .run(bench::size(200'000, 20'000));
    table.add_prepared(
        "fold: the same of 1,000 nodes, 4,000 jobs", large.size(), [] { return Cluster(); },
        [&](Cluster& cluster) { fold(cluster, large); });
}

void bench_decisions(bench::Table& table) {
    const std::size_t claims = bench::size(100'000, 1'000);
    const auto queue = long_queue(claims);
    table.add_prepared(
        "fold: queueing a long queue", queue.size(), [] { return Cluster(); },
        [&](Cluster& cluster) { fold(cluster, queue); });
    table.add_prepared(
        "decide and fold: claims out of that queue", claims,
        [&] {
            Cluster cluster;
            fold(cluster, queue);
            return cluster;
        },
        [&](Cluster& cluster) { give_out(cluster, claims); }, 100'000);
}

/// A view of the size at which snapshots are taken; its figures are of whole snapshots.
void bench_snapshots(bench::Table& table) {
    Cluster cluster;
    fold(cluster, bench::ClosedLoop({}).run(bench::size(120'000, 2'000)));
    const std::string text = projections::to_snapshot(cluster);
    const std::string size = std::to_string(cluster.view.work.items.size()) + " items, " +
                             std::to_string(text.size() >> 20) + " MiB";
    table.add("snapshot: save, " + size, 1,
              [&] { bench::keep(projections::to_snapshot(cluster)); });
    table.add("snapshot: load, " + size, 1, [&] {
        if (!projections::from_snapshot(text)) std::abort();
    });
}

}  // namespace

int main() {
    bench::Table table("folds and decisions");
    bench_folds(table);
    bench_decisions(table);
    bench_snapshots(table);
}
