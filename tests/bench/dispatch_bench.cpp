// How many claims a second a leader gives out on NATS, and how long a worker waits for them.
//
// The leader is the whole node with its log, its wire and its loops, on one nats-server. Workers
// are letters and a reader of the log: each wishes for some items, and again when it has read that
// many WORK_CLAIMED with its name. So a wait is: the wish's way to the leader, the decision for all
// who wish, the append with its acknowledgements, and the claim's way back out of the log.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "bus/nats_log.hpp"
#include "bus/nats_wire.hpp"
#include "ops/node.hpp"
#include "ops/system_clock.hpp"
#include "tests/bench/measure.hpp"
#include "tests/process/nats_server.hpp"
#include "tests/quiet_world.hpp"

using namespace ringrift;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

namespace {

const bus::NodeId boss = {"boss"};

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "dispatch_bench: %s\n", what);
    std::abort();
}

/// Rung from any thread, awaited by one.
class Bell {
  public:
    void ring() {
        const std::lock_guard lock(mutex_);
        rung_ = true;
        changed_.notify_one();
    }
    void wait(bus::Duration at_most) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, at_most, [&] { return rung_; });
        rung_ = false;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false;
};

/// One process's way to the cluster.
struct Site {
    explicit Site(const std::string& url, const bus::NodeId& name)
        : connection({.servers = {url}, .name = name.value}),
          log(connection, {.append_wait = 30s}) {
        require(log.wait_ready(30s), "the nats-server is not ready after 30 s");
    }
    bus::NatsConnection connection;
    bus::NatsLog log;
};

class Leader {
  public:
    explicit Leader(const std::string& url)
        : site_(url, boss),
          wire_(site_.connection, {.self = boss}),
          node_({.self = {.node = boss, .incarnation = 1, .voter = true}, .founders = {boss}},
                {.clock = clock_,
                 .log = site_.log,
                 .store = store_,
                 .host = host_,
                 .hands = hands_,
                 .board = board_,
                 .wire = &wire_},
                {}) {
        node_.on_wake([this] { bell_.ring(); });
        require(node_.start(clock_.now()).ok(), "the leader does not start");
        thread_ = std::thread([this] {
            while (!ends_) {
                if (node_.do_work(clock_.now()) == 0) bell_.wait(ops::Node::idle_max);
                leads_ = node_.is_leader();
                position_ = node_.position();
            }
        });
    }
    ~Leader() {
        ends_ = true;
        thread_.join();
    }
    bool leads() const { return leads_; }
    bus::Position position() const { return position_; }

  private:
    ops::SystemClock clock_;
    Site site_;
    bus::NatsWire wire_;
    tests::SmallStore store_;
    tests::QuietHost host_;
    tests::IdleHands hands_;
    ops::PulseBoard board_;
    Bell bell_;
    ops::Node node_;
    std::atomic<bool> ends_ = false;
    std::atomic<bool> leads_ = false;
    std::atomic<bus::Position> position_ = 0;
    std::thread thread_;
};

struct Plan {
    std::size_t workers = 0;
    std::int64_t items_each = 0;  ///< Wished for at a time.
    std::size_t claims = 0;       ///< In one run, of all workers.
};

class Workers {
  public:
    Workers(const std::string& url, const std::string& prefix, const Plan& plan)
        : plan_(plan), site_(url, {prefix}) {
        for (std::size_t n = 0; n < plan.workers; ++n) {
            const bus::NodeId id = {prefix + "-" + std::to_string(n)};
            wires_[id] = std::make_unique<bus::NatsWire>(site_.connection,
                                                         bus::NatsWireSettings{.self = id});
        }
    }

    /// Says that they are there and that there is enough to do.
    bus::Position prepare(const std::string& prefix, std::size_t items) {
        std::vector<bus::Event> events;
        const auto say = [&](std::string id, bus::Epoch epoch, bus::Fact fact) {
            events.push_back({.id = {std::move(id)},
                              .source = boss,
                              .time = ops::SystemClock().now(),
                              .epoch = epoch,
                              .fact = std::move(fact)});
        };
        for (const auto& [id, wire] : wires_)
            say(id.value + ":joined", 0,
                bus::NodeJoined{.node = id, .incarnation = 1, .capacity = {.slots = 1'000'000}});
        for (std::size_t n = 0; n < items; ++n) {
            const std::string work = prefix + "-selfplay-" + std::to_string(n);
            say(work + ":queued", 1,
                bus::WorkQueued{.work = {work},
                                .type = bus::WorkType::selfplay,
                                .config = {"hex" + std::to_string(4 + n % 4) + "_2p"},
                                .dedup_key = work,
                                .games = 200});
        }
        const auto appended = site_.log.append(events);
        require(appended.ok(), "the queue cannot be written");
        read_to_ = appended->positions.back();
        return read_to_;
    }

    /// Until `claims` claims were read. Waits in seconds, one for each claim.
    std::vector<double> run() {
        site_.log.on_news([this] { bell_.ring(); });
        std::vector<double> waits;
        for (const auto& [id, wire] : wires_) wish(id);
        while (waits.size() < plan_.claims) {
            const auto batch = site_.log.read(read_to_, 4096);
            require(batch.ok(), "the log cannot be read");
            if (batch->empty()) {
                bell_.wait(1s);
                continue;
            }
            for (const bus::Recorded& recorded : *batch) take(recorded, waits);
            read_to_ = batch->back().position;
        }
        site_.log.on_news({});
        return waits;
    }

  private:
    struct Wish {
        SteadyClock::time_point at = {};
        std::int64_t open = 0;
    };
    void wish(const bus::NodeId& id) {
        wishes_[id] = {.at = SteadyClock::now(), .open = plan_.items_each};
        wires_.at(id)->send(
            {.to = boss,
             .message = bus::WorkWanted{.incarnation = 1, .claims_max = plan_.items_each}});
    }
    void take(const bus::Recorded& recorded, std::vector<double>& waits) {
        const auto* claimed = std::get_if<bus::WorkClaimed>(&recorded.event.fact);
        if (claimed == nullptr || !wishes_.contains(claimed->node)) return;
        Wish& wish_of = wishes_.at(claimed->node);
        const std::chrono::duration<double> waited = SteadyClock::now() - wish_of.at;
        waits.push_back(waited.count());
        if (--wish_of.open == 0) wish(claimed->node);
    }

    const Plan plan_;
    Site site_;
    std::map<bus::NodeId, std::unique_ptr<bus::NatsWire>> wires_;
    std::map<bus::NodeId, Wish> wishes_;
    Bell bell_;
    bus::Position read_to_ = 0;
};

struct Figures {
    double rate = 0;
    double p50_ms = 0;
    double p99_ms = 0;
};

Figures measured(const Plan& plan, const std::string& prefix) {
    const tests::NatsServer server;
    Leader leader(server.url());
    while (!leader.leads()) std::this_thread::sleep_for(10ms);
    Workers workers(server.url(), prefix, plan);
    const std::size_t in_flight = plan.workers * static_cast<std::size_t>(plan.items_each);
    const bus::Position end = workers.prepare(prefix, plan.claims + 2 * in_flight);
    while (leader.position() < end) std::this_thread::sleep_for(10ms);
    std::vector<double> waits;
    const auto taken = bench::measure([&] { waits = workers.run(); });
    std::ranges::sort(waits);
    return {.rate = static_cast<double>(waits.size()) / taken.seconds,
            .p50_ms = waits[waits.size() / 2] * 1e3,
            .p99_ms = waits[waits.size() * 99 / 100] * 1e3};
}

void add_row(const Plan& plan) {
    std::vector<double> rates, p50, p99;
    for (int run = 0; run < bench::runs; ++run) {
        const Figures figures = measured(plan, "w" + std::to_string(run));
        rates.push_back(figures.rate);
        p50.push_back(figures.p50_ms);
        p99.push_back(figures.p99_ms);
    }
    std::printf("| %7zu | %10lld | %12.0f | %8.1f | %8.1f |\n", plan.workers,
                static_cast<long long>(plan.items_each), bench::median(rates), bench::median(p50),
                bench::median(p99));
    std::fflush(stdout);
}

}  // namespace

int main() {
    std::printf(
        "claims through NATS, from the wish to the claim read in the log (%s%s; median of %d)\n",
        bench::machine().c_str(), bench::is_smoke() ? "; smoke size" : "", bench::runs);
    std::printf("| workers | items each | claims per s | p50 ms | p99 ms |\n");
    std::printf("| ---: | ---: | ---: | ---: | ---: |\n");
    const std::size_t claims = bench::size(50'000, 500);
    add_row({.workers = 1, .items_each = 1, .claims = bench::size(1'000, 20)});
    add_row({.workers = 8, .items_each = 8, .claims = claims});
    add_row({.workers = 20, .items_each = 16, .claims = claims});
    add_row({.workers = 100, .items_each = 64, .claims = claims});
    std::printf("goals: 10,000 claims per second with a p99 of 10 ms or less.\n");
}
