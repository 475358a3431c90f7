// /metrics: Prometheus' own tool accepts it, counters never go back, and no id becomes a label.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/api_world.hpp"

using namespace ringrift::tests;
namespace bus = ringrift::bus;

namespace {

std::string page_of(ApiWorld& world) {
    const std::string answer = get(world.port, "/metrics");
    CHECK(answer.find("Content-Type: text/plain; version=0.0.4") != std::string::npos);
    return body_of(answer);
}

/// Values by name and labels, of the families that are counters.
std::map<std::string, double> counters_in(const std::string& page) {
    std::map<std::string, double> counters;
    std::istringstream lines(page);
    std::set<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ") && line.ends_with(" counter"))
            names.insert(line.substr(7, line.size() - 15));
        const std::string name = line.substr(0, line.find_first_of("{ "));
        if (names.contains(name))
            counters[line.substr(0, line.rfind(' '))] = std::stod(line.substr(line.rfind(' ')));
    }
    return counters;
}

}  // namespace

TEST_CASE("promtool accepts the page") {
    if (std::system("command -v promtool > /dev/null 2>&1") != 0) {
        WARN("skipped: promtool (package prometheus) is not installed");
        return;
    }
    ApiWorld world;
    fill(world);
    const auto path =
        std::filesystem::temp_directory_path() / ("ringrift-metrics-" + std::to_string(world.port));
    std::ofstream(path) << page_of(world);
    const std::string report = path.string() + ".report";
    const int code = std::system(
        ("promtool check metrics < " + path.string() + " > " + report + " 2>&1").c_str());
    std::ostringstream said;
    said << std::ifstream(report).rdbuf();
    INFO(said.str());
    CHECK(code == 0);
    CHECK(said.str().empty());
    std::filesystem::remove(path);
    std::filesystem::remove(report);
}

TEST_CASE("the metrics that alerts rest on are there") {
    ApiWorld world;
    fill(world);
    const std::string page = page_of(world);
    for (const std::string line :
         {"ringrift_is_leader 1", "ringrift_epoch 1", "ringrift_log_available 1",
          "ringrift_projection_lag_events 0", "ringrift_work_queue_items{status=\"pending\"} 1",
          "ringrift_work_queue_items{status=\"parked\"} 0", "ringrift_leases{state=\"running\"} 1",
          "ringrift_refusals_total{kind=\"not_held\"} 2",
          "ringrift_results_rejected_total{reason=\"late_results\"} 0",
          "ringrift_loop_runs_total{loop=\"elo_sync\"} 7",
          "ringrift_subscription_healthy{event=\"DATA_SYNC_COMPLETED\"} 1",
          "ringrift_nodes{state=\"online\"} 2", "ringrift_events_total{type=\"NODE_JOINED\"} 2"}) {
        INFO(page);
        CHECK(page.find("\n" + line + "\n") != std::string::npos);
    }
}

TEST_CASE("counters never go back and ids are no labels") {
    ApiWorld world;
    fill(world);
    const auto before = counters_in(page_of(world));
    CHECK(before.size() > 30);
    world.say(bus::WorkCancelled{.work = {"w/2 a"}, .reason = "enough"});
    world.say(bus::WorkCompleted{.work = {"w-1"}, .node = {"gpu-1"}, .fence = 1});
    const std::string page = page_of(world);
    const auto after = counters_in(page);
    for (const auto& [name, value] : before) {
        INFO(name);
        REQUIRE(after.contains(name));
        CHECK(after.at(name) >= value);
    }
    CHECK(after.at("ringrift_results_rejected_total{reason=\"late_results\"}") == 1);
    CHECK(page.find("w-1") == std::string::npos);
    CHECK(page.find("gpu-1") == std::string::npos);
}

TEST_CASE("how files move between nodes is shown, where they do") {
    ApiWorld alone;
    fill(alone);
    CHECK(alone.get_json("/status").at("data_plane").is_null());
    CHECK(page_of(alone).find("ringrift_transfer") == std::string::npos);
    ApiWorld world;
    fill(world);
    world.pulse.transfers = {.address = "tcp://0.0.0.0:8771",
                             .serving = 3,
                             .fetched = 7,
                             .bytes_in = 900,
                             .bytes_out = 800,
                             .denied = 2,
                             .quarantined = 1,
                             .trouble = "no room"};
    world.beat();
    const auto shown = world.get_json("/status").at("data_plane").as_object();
    CHECK(shown.at("address") == "tcp://0.0.0.0:8771");
    CHECK(shown.at("serving") == 3);
    CHECK(shown.at("denied") == 2);
    CHECK(shown.at("trouble") == "no room");
    const std::string page = page_of(world);
    for (const std::string line :
         {"ringrift_transfers_fetched_total 7",
          "ringrift_transfer_bytes_total{direction=\"in\"} 900",
          "ringrift_transfers_denied_total 2", "ringrift_transfers_quarantined_total 1"})
        CHECK(page.find("\n" + line + "\n") != std::string::npos);
}

TEST_CASE("what a sync has yet to copy is shown, and why") {
    ApiWorld world;
    world.say(bus::SyncPlanned{
        .sync = "s1",
        .config = {"hex4_2p"},
        .moves = {{.file = {"f1"}, .source = {"a"}, .target = {"b"}, .why = "one copy"},
                  {.file = {"f2"}, .source = {"a"}, .target = {"b"}, .why = "one copy"}},
        .why = "2 files to b"});
    world.say(bus::FileReplicated{.file = {"f1"}, .node = {"b"}});
    world.beat();
    const auto sync = world.get_json("/sync").at("syncs").at(0);
    CHECK(sync.at("why") == "2 files to b");
    CHECK(sync.at("files") == 2);
    CHECK(sync.at("files_left") == 1);
    CHECK(sync.at("moves_left").at(0).at("file") == "f2");
    CHECK(sync.at("moves_left").at(0).at("why") == "one copy");
}
