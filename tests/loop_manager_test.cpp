// LoopManager: what is due, what failed, what is shown of it.

#include "consumers/managers/loop_manager.hpp"

#include <fstream>
#include <future>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "consumers/loops/auto_scaling.hpp"
#include "consumers/loops/data_management.hpp"
#include "consumers/loops/elo_sync.hpp"
#include "consumers/loops/heartbeat.hpp"
#include "consumers/loops/idle_detection.hpp"
#include "consumers/loops/job_reaper.hpp"
#include "consumers/loops/manifest_collection.hpp"
#include "consumers/loops/nat_management.hpp"
#include "consumers/loops/predictive_monitoring.hpp"
#include "consumers/loops/queue_populator.hpp"
#include "consumers/loops/self_healing.hpp"
#include "consumers/loops/work_queue_maintenance.hpp"
#include "consumers/loops/worker_pull.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using consumers::AnyLoop;
using consumers::Commands;
using consumers::LoopManager;
using consumers::RunsOn;

namespace {

/// Each question takes a millisecond.
class SlowClock final : public bus::Clock {
  public:
    bus::Time now() override { return now_ += 1ms; }
    bus::Instant monotonic() override { return bus::Instant(now_.time_since_epoch()); }

  private:
    bus::Time now_ = start;
};

/// A manager whose time and loops belong to the test.
struct Trial {
    SlowClock clock = {};
    Given given = Given();
    LoopManager loops = LoopManager({"n1"}, clock);
    std::map<std::string, int> steps = {};

    void add(std::string_view name, bus::Duration period, RunsOn runs_on = RunsOn::every_node) {
        loops.add(AnyLoop{
            .name = name, .period = period, .runs_on = runs_on, .step = [this, name](const auto&) {
                ++steps[std::string(name)];
                return Commands{producers::CollectManifest{{std::string(name)}}};
            }});
    }
    void add_failing(std::string_view name, bus::Duration period) {
        loops.add(AnyLoop{.name = name,
                          .period = period,
                          .runs_on = RunsOn::every_node,
                          .step = [this, name](const auto&) -> Commands {
                              ++steps[std::string(name)];
                              throw std::runtime_error("no such config");
                          }});
    }
    std::vector<consumers::LoopCommand> run(bus::Duration after, bool is_leader = true) {
        return loops.run_due({.cluster = given.view(), .host = given.host(), .now = start + after},
                             is_leader);
    }
    int steps_of(const std::string& name) { return steps[name]; }
};

}  // namespace

TEST_CASE("a loop runs once in each period") {
    Trial trial;
    trial.add("a", 30s);
    trial.loops.start_all(start);
    for (bus::Duration after = 0s; after < 10min; after += 100ms) trial.run(after);
    CHECK(trial.steps_of("a") == 20);
}

TEST_CASE("the first run comes within two seconds, at a time that node and name decide") {
    const auto first_runs = [] {
        Trial trial;
        trial.add("a", 5min);
        trial.add("b", 5min);
        trial.loops.start_all(start);
        std::map<std::string, bus::Duration> first;
        for (bus::Duration after = 0s; after <= 2s; after += 1ms) {
            for (const auto& command : trial.run(after))
                first.try_emplace(std::string(command.loop), after);
        }
        return first;
    };
    const auto first = first_runs();
    REQUIRE(first.size() == 2);
    CHECK(first.at("a") != first.at("b"));
    CHECK(first == first_runs());
}

TEST_CASE("nothing runs before the start or after the stop, and the loops say so") {
    Trial trial;
    trial.add("a", 1s);
    CHECK(trial.run(1h).empty());
    CHECK(trial.loops.pulse()[0].why_disabled == "the loops have not been started");
    trial.loops.start_all(start);
    CHECK(trial.run(1h).size() == 1);
    CHECK(trial.loops.pulse()[0].enabled);
    trial.loops.stop_all();
    CHECK(trial.run(2h).empty());
    CHECK_FALSE(trial.loops.pulse()[0].enabled);
    CHECK(trial.loops.pulse()[0].why_disabled == "the loops have been stopped");
}

TEST_CASE("commands come in the order of the loops and name the loop that asks") {
    Trial trial;
    trial.add("z", 1s);
    trial.add("a", 1s);
    trial.loops.start_all(start);
    const auto commands = trial.run(1h);
    REQUIRE(commands.size() == 2);
    CHECK(commands[0].loop == "z");
    CHECK(commands[1].loop == "a");
    CHECK(std::get<producers::CollectManifest>(commands[1].command).node == bus::NodeId{"a"});
}

TEST_CASE("leader loops rest on followers, say where they run, and run at once on a new leader") {
    Trial trial;
    trial.add("a", 5min, RunsOn::leader);
    trial.loops.start_all(start);
    CHECK(trial.run(1min, false).empty());
    CHECK(trial.loops.pulse()[0].why_disabled == "it runs on the leader, which is boss");
    CHECK_FALSE(trial.loops.pulse()[0].enabled);
    CHECK(trial.run(61s, true).size() == 1);
    CHECK(trial.loops.pulse()[0].enabled);
    CHECK(trial.run(62s, true).empty());
}

TEST_CASE("a woken loop runs at the next step, once") {
    Trial trial;
    trial.add("a", 5min);
    trial.loops.start_all(start);
    trial.run(10s);
    CHECK(trial.run(11s).empty());
    trial.loops.wake("a");
    CHECK(trial.run(12s).size() == 1);
    CHECK(trial.run(13s).empty());
    CHECK(trial.run(10s + 5min).empty());  // The period counts from the last run.
    CHECK(trial.run(12s + 5min).size() == 1);
}

TEST_CASE("a loop that throws shows its error and does not stop the others") {
    Trial trial;
    trial.add_failing("bad", 5min);
    trial.add("good", 5min);
    trial.loops.start_all(start);
    CHECK(trial.run(10s).size() == 1);
    const auto bad = trial.loops.pulse()[0];
    CHECK(bad.last_error == "no such config");
    CHECK(bad.last_error_at == start + 10s);
    CHECK(bad.failures == 1);
    CHECK(bad.runs == 1);
    CHECK(bad.last_success_at == bus::Time{});
    CHECK(trial.loops.pulse()[1].failures == 0);
}

TEST_CASE(
    "a loop that throws is tried again after 1, 2, 4 … seconds, 5 minutes at most, woken or not") {
    Trial trial;
    trial.add_failing("bad", 1h);
    trial.loops.start_all(start);
    std::vector<std::int64_t> waits;
    bus::Duration last = 0s;
    for (bus::Duration after = 2s; after < 40min; after += 1s) {
        trial.loops.wake("bad");
        const int before = trial.steps_of("bad");
        trial.run(after);
        if (trial.steps_of("bad") == before) continue;
        waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(after - last).count());
        last = after;
    }
    CHECK(waits == std::vector<std::int64_t>{2, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300,
                                             300, 300, 300});
}

TEST_CASE("a loop that failed and succeeds keeps its period again and the text of its last error") {
    Trial trial;
    bool fails = true;
    trial.loops.add(AnyLoop{.name = "a",
                            .period = 5min,
                            .runs_on = RunsOn::every_node,
                            .step = [&](const auto&) -> Commands {
                                if (fails) throw 42;
                                return {};
                            }});
    trial.loops.start_all(start);
    trial.run(10s);
    CHECK(trial.loops.pulse()[0].last_error == "it threw something that is no std::exception");
    fails = false;
    trial.run(11s);
    const auto pulse = trial.loops.pulse()[0];
    CHECK(pulse.last_success_at == start + 11s);
    CHECK(pulse.failures_in_a_row == 0);
    CHECK(pulse.next_run_at == start + 11s + 5min);
    CHECK_FALSE(pulse.last_error.empty());
}

TEST_CASE("a loop that says why it rests is disabled with that reason and not stepped") {
    Trial trial;
    trial.loops.add(consumers::NatManagement{});
    trial.loops.start_all(start);
    CHECK(trial.run(10s).empty());
    CHECK_FALSE(trial.loops.pulse()[0].enabled);
    CHECK(trial.loops.pulse()[0].why_disabled == "no STUN server is configured");
    trial.run(11s);
    CHECK(trial.loops.pulse()[0].why_disabled == "no STUN server is configured");
}

TEST_CASE("the pulse counts runs, what was asked, and how long the last run took") {
    Trial trial;
    trial.add("a", 1s);
    trial.loops.start_all(start);
    trial.run(10s);
    trial.run(20s);
    const auto pulse = trial.loops.pulse()[0];
    CHECK(pulse.runs == 2);
    CHECK(pulse.asked == 2);
    CHECK(pulse.last_run_at == start + 20s);
    CHECK(pulse.last_success_at == start + 20s);
    CHECK(pulse.duration == 1ms);
    CHECK(pulse.period == 1s);
}

TEST_CASE("another thread sees which loop hangs, and since when") {
    Trial trial;
    std::promise<void> entered;
    std::promise<void> let_go;
    trial.loops.add(AnyLoop{.name = "slow",
                            .period = 1s,
                            .runs_on = RunsOn::every_node,
                            .step = [&](const auto&) -> Commands {
                                entered.set_value();
                                let_go.get_future().wait();
                                return {};
                            }});
    trial.loops.start_all(start);
    CHECK_FALSE(trial.loops.running());
    std::thread node([&] { trial.run(10s); });
    entered.get_future().wait();
    CHECK(trial.loops.running() == consumers::RunningLoop{.name = "slow", .since_at = start + 10s});
    let_go.set_value();
    node.join();
    CHECK_FALSE(trial.loops.running());
}

// ---- the table in consumers/README.md -----------------------------------------------------------

namespace {

/// `5 min` or `30 s`, as the table has it.
std::string in_table(bus::Duration period) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period).count();
    return seconds % 60 == 0 ? std::to_string(seconds / 60) + " min"
                             : std::to_string(seconds) + " s";
}

template <consumers::Loop... Loops>
std::map<std::string, std::string> constants() {
    const auto where = [](RunsOn runs_on) {
        return runs_on == RunsOn::leader ? "leader" : "every node";
    };
    return {{std::string(Loops::name), in_table(Loops::period) + ", " + where(Loops::runs_on)}...};
}

/// Rows `| `name` | period | runs on | …`.
std::map<std::string, std::string> rows_of_readme() {
    std::ifstream file(RINGRIFT_SOURCE_DIR "/consumers/README.md");
    std::map<std::string, std::string> rows;
    const std::regex row(R"(\| `([a-z_]+)` \| ([^|]+) \| ([^|]+) \|.*)");
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
        if (std::regex_match(line, match, row))
            rows[match[1]] = match[2].str() + ", " + match[3].str();
    }
    return rows;
}

}  // namespace

TEST_CASE("consumers/README.md lists the 13 loops with their periods and where they run") {
    using namespace consumers;
    const auto loops =
        constants<Heartbeat, WorkerPull, IdleDetection, QueuePopulator, JobReaper,
                  WorkQueueMaintenance, SelfHealing, PredictiveMonitoring, AutoScaling, EloSync,
                  NatManagement, ManifestCollection, DataManagement>();
    CHECK(loops.size() == 13);
    CHECK(rows_of_readme() == loops);
}
