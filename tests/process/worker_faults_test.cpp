// What becomes of a worker's jobs when the worker dies or freezes, on real nodes.
//
// With quick heartbeats here; RINGRIFT_DEFAULT_SPEED=1 measures the first at default settings,
// where the work must run elsewhere within 60 s.

#include <cstdlib>
#include <iostream>

#include "tests/process/node_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

/// One voter that elects itself and takes none of this work, and two workers.
ClusterShape shape(std::string job_seconds) {
    return quick({.voters = 1,
                  .workers = 2,
                  .slots = 1,
                  .job_seconds = std::move(job_seconds),
                  .voters_arguments = {"--work-types", "tournament"}});
}

/// A claim that a worker works on, once its program runs.
std::pair<bus::Position, LogJudge::Claim> running_on_a_worker(LogReader& log, bus::WorkType type) {
    std::pair<bus::Position, LogJudge::Claim> found;
    const auto runs = [&] {
        for (const auto& [fence, claim] : log.judge.claims) {
            const auto* item = projections::find(log.judge.view().work, claim.work);
            const bool holds = item != nullptr && item->lease && item->lease->fence == fence;
            if (!holds || !item->lease->started_at || item->order.type != type) continue;
            if (!claim.node.value.starts_with("worker-")) continue;
            found = {fence, claim};
            return true;
        }
        return false;
    };
    REQUIRE(log.until(runs, 90s));
    return found;
}

/// Ends what runs of a node's jobs, as the loss of its machine does.
void end_jobs_of(const NodeCluster& cluster, const std::string& node) {
    for (const std::int64_t pid : processes_below(cluster.data(node)))
        ::kill(static_cast<pid_t>(pid), SIGKILL);
}

/// A sample, named with its labels; 0 when there is none.
double metric(const NodeCluster& cluster, const std::string& node, const std::string& sample) {
    const std::string page = cluster.get(node, "/metrics");
    const auto at = page.find("\n" + sample + " ");
    return at == std::string::npos ? 0 : std::atof(page.c_str() + at + sample.size() + 2);
}

}  // namespace

TEST_CASE("the work of a worker that is killed in the middle of it runs elsewhere") {
    NodeCluster cluster(shape("2"));
    LogReader log(cluster);
    const auto [fence, claim] = running_on_a_worker(log, bus::WorkType::selfplay);
    cluster.kill(claim.node.value);
    end_jobs_of(cluster, claim.node.value);
    const auto start = std::chrono::steady_clock::now();
    const auto runs_elsewhere = [&, work = claim.work, lost = fence] {
        const auto* item = projections::find(log.judge.view().work, work);
        return item != nullptr && item->lease && item->lease->fence != lost &&
               item->lease->started_at;
    };
    INFO(cluster.last_words());
    REQUIRE(log.until(runs_elsewhere, 180s));
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    std::cout << "work of a killed worker ran elsewhere after " << taken.count() << " ms"
              << (at_default_speed() ? " at default settings\n" : "\n");
    CHECK(taken <= 60s);
    CHECK(log.until([&, work = claim.work] { return log.judge.results.contains(work); }, 90s));
    REQUIRE(log.read_to_the_end());
    for (const std::string& fault : log.judge.faults) FAIL_CHECK(fault);
}

TEST_CASE("a worker that was frozen for longer than its lease has its result refused, visibly") {
    NodeCluster cluster(shape("2"));
    LogReader log(cluster);
    REQUIRE(log.until([&] { return !log.leader().empty(); }));
    const auto queued = ops::cli::call({.url = cluster.url("voter-1"),
                                        .method = "POST",
                                        .target = "/work/add",
                                        .headers = {{"Content-Type", "application/json"}},
                                        .body = R"({"type":"training","config":"hex4_2p",)"
                                                R"("work":"t-1","priority":100})"});
    REQUIRE(queued.ok());
    INFO(queued->body);
    REQUIRE(queued->status < 300);
    const auto [fence, claim] = running_on_a_worker(log, bus::WorkType::training);
    const std::string frozen = claim.node.value;
    cluster.pause(frozen);  // Its program goes on, and ends well.
    const auto is_lost = [&, work = claim.work, lost = fence] {
        const auto* item = projections::find(log.judge.view().work, work);
        return item->lease ? item->lease->fence != lost : !item->setbacks.empty();
    };
    REQUIRE(log.until(is_lost, 60s));
    REQUIRE(await([&] { return supervised_below(cluster.data(frozen)).empty(); }, 60s));
    cluster.resume(frozen);

    const auto refused = [&] {
        return metric(cluster, "voter-1",
                      R"(ringrift_results_rejected_total{reason="late_results"})") > 0;
    };
    INFO(cluster.last_words());
    CHECK(await(refused, 60s));
    CHECK(cluster.says("voter-1", "/explain/work/t-1", "Too late: its claim had ended"));
    CHECK(log.until([&, work = claim.work] { return log.judge.results.contains(work); }, 90s));
    const auto* item = projections::find(log.judge.view().work, claim.work);
    CHECK(log.judge.claims.at(fence).node.value == frozen);
    CHECK(item->status == projections::WorkStatus::completed);
    CHECK(cluster.says("voter-1", "/explain/work/t-1", frozen + " has not named this claim for"));
    REQUIRE(log.read_to_the_end());
    for (const std::string& fault : log.judge.faults) FAIL_CHECK(fault);
}
