// How long a cluster is without work to give out when its leader is killed: kill -9 to the node
// that leads, again and again; measured until the next WORK_CLAIMED that holds stands in the log,
// as another client of NATS sees it.
//
// Ten kills here and one with the leader's NATS server, at quick times; RINGRIFT_LEADER_KILLS=1000
// runs as many as that of the first kind, RINGRIFT_SERVER_KILLS of the second, and
// RINGRIFT_DEFAULT_SPEED=1 at default settings. Each prints a histogram.

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <random>

#include "bus/nats_stream.hpp"
#include "tests/number_from.hpp"
#include "tests/process/node_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t percentile(std::vector<std::int64_t> sorted, double share) {
    std::ranges::sort(sorted);
    const auto at = static_cast<std::size_t>(share * double(sorted.size()));
    return sorted[std::min(at, sorted.size() - 1)];
}

void print_histogram(const std::string& title, const std::vector<std::int64_t>& taken_ms) {
    constexpr std::int64_t step_ms = 250;
    std::map<std::int64_t, int> columns;
    for (const std::int64_t taken : taken_ms) ++columns[taken / step_ms];
    std::cout << title << ": " << taken_ms.size() << " kills, p50 " << percentile(taken_ms, 0.5)
              << " ms, p90 " << percentile(taken_ms, 0.9) << " ms, p99 "
              << percentile(taken_ms, 0.99) << " ms, max " << percentile(taken_ms, 1) << " ms\n";
    for (const auto& [column, count] : columns) {
        const int stars = count * 60 / int(taken_ms.size());
        std::cout << std::setw(7) << column * step_ms << " ms " << std::setw(5) << count << ' '
                  << std::string(std::size_t(stars), '*') << '\n';
    }
    std::cout << std::flush;
}

std::string speed() {
    return at_default_speed() ? ", default settings" : ", quick settings";
}

/// Kills leaders and measures.
class Killer {
  public:
    Killer(NodeCluster& cluster, bool with_server)
        : cluster_(cluster), log_(cluster), with_server_(with_server) {}

    /// All nodes are here in their present lives, and the leader gives out work.
    void await_calm() {
        const auto is_calm = [&] {
            if (log_.leader().empty() || claims_of(log_.epoch()) == 0) return false;
            for (const std::string& name : cluster_.names()) {
                const auto* node = projections::find(log_.judge.view().nodes, {name});
                const bool here = node != nullptr && projections::is_alive(*node) &&
                                  node->joined.incarnation >= starts_[name];
                if (!here) return false;
            }
            return true;
        };
        if (log_.until(is_calm, 120s)) return;
        FAIL("no calm: leader '" << log_.leader() << "' epoch " << log_.epoch() << " position "
                                 << log_.judge.position() << ", claims " << claims_of(log_.epoch())
                                 << "\n"
                                 << cluster_.last_words());
    }

    /// Milliseconds from the kill to the next claim that holds in a later reign.
    std::int64_t kill_leader() {
        await_calm();
        const auto killed_at = Clock::now() + std::chrono::milliseconds(chance_() % 500);
        log_.until([&] { return Clock::now() >= killed_at; });
        const std::string leader = log_.leader();
        const bus::Epoch epoch = log_.epoch();
        cluster_.daemon(leader).send(SIGKILL);
        const auto start = Clock::now();
        if (with_server_) cluster_.server(leader).kill();
        CAPTURE(leader, epoch);
        if (!log_.until([&] { return log_.epoch() > epoch && claims_of(log_.epoch()) > 0; }, 120s))
            FAIL("nobody gives out work, position " << log_.judge.position() << "\n"
                                                    << cluster_.last_words());
        const auto taken =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
        cluster_.kill(leader);
        if (with_server_) restart_server(leader);
        const auto* node = projections::find(log_.judge.view().nodes, {leader});
        starts_[leader] = node->joined.incarnation + 1;
        cluster_.start(leader);
        return taken.count();
    }

    LogReader& log() { return log_; }

  private:
    /// And lets it catch up: the next one to die must not be the last that has all.
    void restart_server(const std::string& name) {
        cluster_.server(name).start();
        Operator nats(cluster_.server(name).url());
        const auto is_whole = [&] {
            return nats.is_whole(bus::stream_name(NodeCluster::cluster),
                                 int(cluster_.names().size()));
        };
        REQUIRE(log_.until(is_whole, 60s));
    }
    std::int64_t claims_of(bus::Epoch epoch) const {
        std::int64_t count = 0;
        const auto& claims = log_.judge.claims;
        for (auto claim = claims.rbegin(); claim != claims.rend(); ++claim) {
            if (claim->second.epoch != epoch) break;
            ++count;
        }
        return count;
    }

    NodeCluster& cluster_;
    LogReader log_;
    const bool with_server_;
    std::map<std::string, std::int64_t>
        starts_;  ///< The number that each node joins with, at least.
    std::minstd_rand chance_{20260};
};

std::vector<std::int64_t> kill_leaders(const std::string& title, int count, bool with_server) {
    NodeCluster cluster(
        {.voters = 3, .arguments = at_default_speed() ? std::vector<std::string>() : quick_times});
    Killer killer(cluster, with_server);
    std::vector<std::int64_t> taken;
    for (int i = 1; i <= count; ++i) {
        taken.push_back(killer.kill_leader());
        if (i % 50 == 0) print_histogram(title + ", so far", taken);
    }
    killer.await_calm();
    REQUIRE(killer.log().read_to_the_end());
    const LogJudge& judge = killer.log().judge;
    print_histogram(title, taken);
    std::cout << "  " << judge.position() << " events, " << judge.reigns.size() << " reigns, "
              << judge.elections_void << " elections void, " << judge.void_events
              << " leaders' events void, " << judge.claims.size() << " claims, "
              << judge.results.size() << " results accepted, " << judge.results_refused
              << " refused\n";
    for (const std::string& fault : judge.faults) FAIL_CHECK(fault);
    CHECK(judge.reigns.size() > std::size_t(count));
    return taken;
}

}  // namespace

TEST_CASE("when the leader is killed, another gives out work within seconds") {
    const int count = int(number_from("RINGRIFT_LEADER_KILLS", 10));
    if (count == 0) return;
    const auto taken = kill_leaders("leader killed, NATS stays" + speed(), count, false);
    CHECK(percentile(taken, 0.5) <= 2000);
    if (count >= 100) CHECK(percentile(taken, 0.99) <= 5000);
}

TEST_CASE("when the leader is killed with its NATS server, another gives out work") {
    const int count = int(number_from("RINGRIFT_SERVER_KILLS", 1));
    if (count == 0) return;
    kill_leaders("leader and its NATS server killed" + speed(), count, true);
}
