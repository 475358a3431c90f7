#include <sys/stat.h>

#include <filesystem>
#include <regex>
#include <set>

#include "bus/sqlite_log.hpp"
#include "projections/cluster_view.hpp"
#include "projections/folded.hpp"
#include "tests/catch.hpp"
#include "tests/process/daemon.hpp"
#include "tests/process/processes.hpp"
#include "tests/temporary_folder.hpp"

// `ringrift up` as a person starts it: what it refuses and how, how it ends, what the log holds.

namespace ringrift::tests {
namespace {

struct Place {
    TemporaryFolder folder = {};
    std::string workload = write_fast_workload(folder.path().string());
    std::string data = folder / "data";
    std::string output = folder / "output";

    std::vector<std::string> up(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"up", "--port",     "0",     "--data",
                                              data, "--workload", workload};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
};

// Long enough for a busy machine; a test that reaches it has failed.
constexpr auto soon = std::chrono::seconds(180);

std::map<bus::EventId, bus::Event> events_of(const std::string& data) {
    auto log = bus::SqliteLog::open(data + "/events.db");
    REQUIRE(log);
    std::map<bus::EventId, bus::Event> events;
    for (bus::Position after = 0;;) {
        auto batch = (*log)->read(after, 10'000);
        REQUIRE(batch);
        if (batch->empty()) return events;
        for (bus::Recorded& recorded : *batch)
            events.emplace(recorded.event.id, std::move(recorded.event));
        after += batch->size();
    }
}

/// Where its API listens, as it says.
std::string port_of(Daemon& daemon) {
    const std::string before = "api=http://127.0.0.1:";
    REQUIRE(daemon.says(before, soon));
    const std::string said = daemon.output();
    const auto at = said.find(before) + before.size();
    return said.substr(at, said.find(' ', at) - at);
}

/// `command`, as TOML, in the place of selfplay's.
void let_selfplay_be(const Place& place, const std::string& command) {
    std::string text = text_of(place.workload);
    const auto start = text.find("command");
    text.replace(start, text.find("\ngames") - start, "command = " + command);
    std::ofstream(place.workload) << text;
}

/// All variables of the contract with the programs, as a training finds them.
void check_environment(const Place& place) {
    const std::string text = text_of(place.folder / "environment-training");
    INFO(text);
    for (const char* line :
         {"WORK_ID=.+", "FENCE=[1-9][0-9]*", "CONFIG=hex4_2p", "MODEL=(init|/.+)",
          "OUTPUT_DIR=/.+/output", "GPUS=[0-9,]*", "SEED=[0-9]+",
          "TRACEPARENT=00-[0-9a-f]{32}-[0-9a-f]{16}-01", "CHANNEL=ipc:///.+"}) {
        INFO(line);
        CHECK(std::regex_search(text, std::regex("(^|\\n)RINGRIFT_" + std::string(line) + "\\n")));
    }
}

}  // namespace

TEST_CASE(
    "the last event of a generation leads back to its games, by programs that got what is due") {
    const Place place;
    Daemon daemon(place.up({"--until-generation", "1", "--for", "10m"}), place.output);
    const auto code = daemon.exit_code(620s);
    INFO(daemon.output());
    REQUIRE(code == 0);
    check_environment(place);
    const auto events = events_of(place.data);
    const auto last = std::ranges::find_if(events, [](const auto& entry) {
        return std::holds_alternative<bus::CurriculumRebalanced>(entry.second.fact);
    });
    REQUIRE(last != events.end());
    std::vector<std::string> chain;
    for (bus::EventId id = last->first; !id.empty();) {
        const auto at = events.find(id);
        REQUIRE(at != events.end());
        chain.insert(chain.begin(), std::string(type_of(at->second)));
        id = at->second.causation;
    }
    std::vector<std::string> stages;
    for (const std::string& type : chain) {
        const bool is_stage = type == "GAMES_RECORDED" || type == "DATA_SYNC_COMPLETED" ||
                              type == "NPZ_EXPORT_COMPLETE" || type == "TRAINING_COMPLETED" ||
                              type == "EVALUATION_COMPLETED" || type == "MODEL_PROMOTED" ||
                              type == "PROMOTION_REJECTED" || type == "CURRICULUM_REBALANCED";
        if (is_stage) stages.push_back(type);
    }
    INFO([&] {
        std::string text;
        for (const auto& type : chain) text += type + " ";
        return text;
    }());
    REQUIRE(stages.size() == 7);
    CHECK(stages[0] == "GAMES_RECORDED");
    CHECK(stages[1] == "DATA_SYNC_COMPLETED");
    CHECK(stages[2] == "NPZ_EXPORT_COMPLETE");
    CHECK(stages[3] == "TRAINING_COMPLETED");
    CHECK(stages[4] == "EVALUATION_COMPLETED");
    CHECK(stages[6] == "CURRICULUM_REBALANCED");
}

TEST_CASE("SIGTERM ends the jobs, gives their work back and exits with 0") {
    const Place place;
    Daemon daemon(place.up(), place.output);
    REQUIRE(daemon.says("Sync completed", soon));
    daemon.send(SIGTERM);
    const auto code = daemon.exit_code(soon);
    INFO(daemon.output());
    CHECK(code == 0);
    CHECK(daemon.output().find("Node left") != std::string::npos);
}

TEST_CASE("a job that ignores SIGTERM is killed after the grace, and does not hold up the end") {
    const Place place;
    let_selfplay_be(place, R"(["bash", "-c", "trap '' TERM; while true; do sleep 0.1; done"])");
    Daemon daemon(place.up({"--slots", "2", "--stop-grace", "1s"}), place.output);
    REQUIRE(await([&] { return supervised_below(place.data).size() == 2; }, soon));
    daemon.send(SIGTERM);
    CHECK(daemon.exit_code(soon) == 0);
    CHECK(processes_below(place.data).empty());
}

/// The leader called the work off just before it died.
void call_off(const std::string& data, const std::string& work) {
    auto log = bus::SqliteLog::open(data + "/events.db");
    REQUIRE(log);
    projections::Folded<projections::ClusterView> folded;
    for (bool more = true; more;) {
        const auto batch = (*log)->read(folded.position, 10'000);
        REQUIRE(batch);
        for (const bus::Recorded& recorded : *batch) folded.advance(recorded);
        more = !batch->empty();
    }
    const auto& leadership = folded.view.leadership;
    const std::vector<bus::Event> events = {{.id = {"called-off"},
                                             .source = leadership.leader,
                                             .time = leadership.elected_at,
                                             .epoch = leadership.epoch,
                                             .fact = bus::WorkCancelled{{work}, "by a test"}}};
    REQUIRE((*log)->append(events));
}

TEST_CASE("after kill -9 the next daemon goes on with the jobs, and ends those called off") {
    const Place place;
    let_selfplay_be(place, R"(["sleep", "1000"])");
    const auto running = [&] {
        auto jobs = supervised_below(place.data);
        return std::set<std::string>(jobs.begin(), jobs.end());
    };
    {
        Daemon first(place.up({"--slots", "2"}), place.output);
        REQUIRE(await([&] { return running().size() == 2; }, soon));
        first.send(SIGKILL);
        REQUIRE(first.exit_code(soon) == 128 + SIGKILL);
    }
    const std::string called_off = *running().begin();
    const std::string going_on = *running().rbegin();
    REQUIRE(called_off != going_on);
    call_off(place.data, called_off.substr(0, called_off.rfind('@')));
    Daemon second(place.up({"--slots", "2"}), place.output);
    CHECK(await([&] { return !running().contains(called_off) && running().size() == 2; }, soon));
    CHECK(running().contains(going_on));
    second.send(SIGTERM);
    CHECK(second.exit_code(soon) == 0);
    CHECK(processes_below(place.data).empty());
}

TEST_CASE("a second process on the same data folder is refused, and the first goes on") {
    const Place place;
    Daemon first(place.up(), place.output);
    REQUIRE(first.says("[P2P] Leader elected", soon));
    Daemon second(place.up(), place.folder / "second");
    CHECK(second.exit_code(soon) == 7);
    CHECK(second.output().find("--data") != std::string::npos);
    CHECK(first.running());
}

TEST_CASE("a port in use is one sentence, and nothing is started") {
    const Place place;
    Daemon first(place.up(), place.output);
    const std::string port = port_of(first);
    Daemon second(
        {"up", "--port", port, "--data", place.folder / "other", "--workload", place.workload},
        place.folder / "second");
    CHECK(second.exit_code(soon) == 5);
    CHECK(second.output().find(port) != std::string::npos);
    CHECK(events_of(place.folder / "other").empty());
}

TEST_CASE("a node whose port the system chose tells the others that port") {
    const Place place;
    Daemon daemon(place.up(), place.output);
    const std::int64_t port = std::stoll(port_of(daemon));
    daemon.send(SIGTERM);
    REQUIRE(daemon.exit_code(soon) == 0);
    std::vector<std::int64_t> told;
    for (const auto& [id, event] : events_of(place.data)) {
        if (const auto* joined = std::get_if<bus::NodeJoined>(&event.fact))
            told.push_back(joined->port);
    }
    CHECK(told == std::vector<std::int64_t>{port});
}

TEST_CASE("a data folder that cannot be written is one sentence with a code of its own") {
    const Place place;
    std::ofstream(place.folder / "file") << "not a folder";
    Daemon daemon({"up", "--port", "0", "--data", (place.folder / "file") + "/data", "--workload",
                   place.workload},
                  place.output);
    CHECK(daemon.exit_code(soon) == 6);
    CHECK(daemon.output().find("--data") != std::string::npos);
}

TEST_CASE("a broken workload file is named with its line") {
    const Place place;
    std::ofstream(place.folder / "broken.toml") << "name = \"x\"\n[selfplay\n";
    Daemon daemon(
        {"up", "--port", "0", "--data", place.data, "--workload", place.folder / "broken.toml"},
        place.output);
    CHECK(daemon.exit_code(soon) == 8);
    CHECK(daemon.output().find("broken.toml:2") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(place.data));
}

TEST_CASE("a disk that fills up halts new work aloud, and work goes on when there is room again") {
    const Place place;
    const std::string disk = place.folder / "disk";
    std::filesystem::create_directory(disk);
    if (std::system(("mount -t tmpfs -o size=1800M tmpfs " + disk + " 2>/dev/null").c_str()) != 0) {
        WARN("skipped: mounting a small disk is not allowed here");
        return;
    }
    {
        Daemon daemon({"up", "--port", "0", "--data", disk + "/data", "--workload", place.workload},
                      place.output);
        CHECK(daemon.says("Sync completed", soon));
        const int filler = open((disk + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        const std::vector<char> megabyte(1 << 20, 'x');
        while (write(filler, megabyte.data(), megabyte.size()) > 0) continue;
        close(filler);
        CHECK(daemon.says("[P2P] CRITICAL Disk full", soon));
        CHECK(daemon.running());
        std::filesystem::remove(disk + "/filler");
        CHECK(daemon.says("[P2P] Disk low", soon));
        const std::size_t said = daemon.output().size();
        CHECK(
            await([&] { return daemon.output().find("Sync completed", said) != std::string::npos; },
                  soon));
        daemon.send(SIGTERM);
        CHECK(daemon.exit_code(soon) == 0);
    }
    CHECK(std::system(("umount " + disk).c_str()) == 0);
}

TEST_CASE("time that is up before the generation is reached has a code of its own") {
    const Place place;
    Daemon daemon(place.up({"--for", "1s", "--until-generation", "1000"}), place.output);
    CHECK(daemon.exit_code(soon) == 9);
}

TEST_CASE("arguments that make no sense are refused as a whole, before anything is started") {
    const Place place;
    Daemon daemon(place.up({"--lease", "1s"}), place.output);
    CHECK(daemon.exit_code(soon) == 2);
    CHECK(daemon.output().find("lease") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(place.data));
}

TEST_CASE("the example in Python learns under a node, and says on the channel how far it is") {
    if (std::system("/usr/bin/python3 -c 'import numpy, zmq' 2>/dev/null") != 0) {
        WARN("skipped: needs python3-numpy and python3-zmq");
        return;
    }
    const Place place;
    Daemon daemon({"up", "--port", "0", "--data", place.data, "--workload",
                   RINGRIFT_SOURCE_DIR "/ops/workloads/python/workload.toml", "--until-generation",
                   "1", "--for", "10m"},
                  place.output);
    const auto code = daemon.exit_code(620s);
    INFO(daemon.output());
    CHECK(code == 0);
    CHECK(daemon.output().find("Job failed") == std::string::npos);
    const auto events = events_of(place.data);
    const auto promoted = std::ranges::count_if(events, [](const auto& entry) {
        return std::holds_alternative<bus::ModelPromoted>(entry.second.fact);
    });
    CHECK(promoted == 1);
}

}  // namespace ringrift::tests
