// The demo of the real thing, with a node killed every so often: the reference workload reaches its
// first promotion, and nothing is lost.
//
// By hand, since it takes minutes: RINGRIFT_CLUSTER_CHAOS=30 kills a node every 30 s, with its
// server and its jobs, and starts it again 5 s later, _CHAOS_KILLS times (10), and on until a
// candidate is decided upon after the last. RINGRIFT_CLUSTER_CHAOS_WORKLOAD names another workload
// file, or `fast` that of the tests; _CHAOS_MAX the minutes after which it gives up (30).

#include <algorithm>
#include <iostream>

#include "ops/jobs/file_store.hpp"
#include "tests/number_from.hpp"
#include "tests/process/local_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

std::optional<std::string> chosen_workload() {
    const char* text = std::getenv("RINGRIFT_CLUSTER_CHAOS_WORKLOAD");
    if (text == nullptr) return std::string();
    return std::string(text) == "fast" ? std::nullopt : std::optional<std::string>(text);
}

/// Files that the log says exist of which no node has the bytes.
std::vector<std::string> lost_files(const projections::DataView& data, const std::string& folder) {
    std::vector<std::string> lost;
    for (const auto& [digest, file] : data.files) {
        const bool kept = std::ranges::any_of(file.copies, [&](const bus::NodeId& node) {
            return ops::FileStore(folder + "/" + node.value).find(digest).has_value();
        });
        if (!kept && !file.copies.empty()) lost.push_back(digest.value + " " + file.name);
    }
    return lost;
}

}  // namespace

TEST_CASE("a cluster in which a node is killed all the time learns, and loses nothing") {
    const std::uint64_t asked = number_from("RINGRIFT_CLUSTER_CHAOS", 0);
    if (asked == 0 || !has_servers()) {
        WARN("skipped: RINGRIFT_CLUSTER_CHAOS=30 runs it");
        return;
    }
    const auto period = std::chrono::seconds(std::max<std::uint64_t>(10, asked));
    const auto time_max = std::chrono::minutes(number_from("RINGRIFT_CLUSTER_CHAOS_MAX", 30));
    const std::uint64_t kills_min = number_from("RINGRIFT_CLUSTER_CHAOS_KILLS", 10);
    LocalCluster cluster(2, chosen_workload());
    REQUIRE(cluster.says("up").code == 0);
    ConnectedLog log(cluster.nats(), {.stream = {.cluster = "demo", .may_create = false}});
    LogJudge judge;
    std::size_t kills = 0, promotions = 0, kills_before_first = 0;
    bool decided_since = false;  // Upon a candidate, since the last kill.
    const auto read = [&] {
        const auto page = log.read(judge.position(), 1000);
        if (!page) return;
        for (const bus::Recorded& recorded : *page) {
            judge.take(recorded);
            const bus::Fact& fact = recorded.event.fact;
            const bool is_promoted = std::holds_alternative<bus::ModelPromoted>(fact);
            decided_since |= is_promoted || std::holds_alternative<bus::PromotionRejected>(fact);
            if (is_promoted && ++promotions == 1) kills_before_first = kills;
        }
    };
    const auto is_done = [&] {
        read();
        return kills >= kills_min && promotions > 0 && decided_since;
    };
    const auto start = std::chrono::steady_clock::now();
    const std::vector<std::string> nodes = {"voter-1", "worker-1", "voter-2", "worker-2",
                                            "voter-3"};
    while (!is_done() && std::chrono::steady_clock::now() - start < time_max) {
        const std::string& node = nodes[kills % nodes.size()];
        REQUIRE(cluster.says("kill " + node).code == 0);
        ++kills;
        decided_since = false;
        await([&] { return read(), false; }, 5s);
        REQUIRE(cluster.says("start " + node).code == 0);
        await(is_done, period - 5s);
    }
    const auto taken =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    std::cout << kills << " kills in " << taken.count() << " s: " << promotions
              << " promotions, the first after " << kills_before_first << " kills; "
              << judge.position() << " events, " << judge.reigns.size() << " reigns, "
              << judge.results.size() << " results accepted, " << judge.results_refused
              << " refused, " << judge.view().data.files.size() << " files\n";
    CHECK(promotions > 0);
    CHECK(decided_since);
    for (const std::string& fault : judge.faults) FAIL_CHECK(fault);
    for (const std::string& file : lost_files(judge.view().data, cluster.folder() + "/cluster"))
        FAIL_CHECK("lost: " << file);
}
