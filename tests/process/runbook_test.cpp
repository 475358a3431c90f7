// Every command of the operators' runbook, to the letter, against a node that runs: nothing but the
// port is another. curl, jq and python3 are the operators' tools; without them the test is skipped.

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "tests/catch.hpp"
#include "tests/process/daemon.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {
namespace {

struct Told {
    int code = -1;
    std::string text = {};
};

Told shell(const std::string& command) {
    Told told;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    char part[4096];
    while (const std::size_t got = fread(part, 1, sizeof part, pipe)) told.text.append(part, got);
    const int status = pclose(pipe);
    told.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    while (!told.text.empty() && told.text.back() == '\n') told.text.pop_back();
    return told;
}

bool has_tools() {
    if (shell("command -v curl && command -v jq && command -v python3").code == 0) return true;
    WARN("skipped: curl, jq and python3 are the runbook's tools; install them");
    return false;
}

class Operator {
  public:
    Operator() {
        REQUIRE(daemon_.says("api=http://127.0.0.1:", 30s));
        const std::string said = daemon_.output();
        const auto at = said.find("api=http://127.0.0.1:") + 21;
        port_ = said.substr(at, said.find_first_of(" \n", at) - at);
        REQUIRE(daemon_.says("Leader elected", 30s));
    }
    /// As it stands in the runbook, but for the port.
    Told runs(std::string command) const {
        for (auto at = command.find("8770"); at != std::string::npos; at = command.find("8770", at))
            command.replace(at, 4, port_);
        return shell(command);
    }
    /// Its text once it is so, as jobs come and go; the last text if it never is.
    std::string sees(const std::string& command,
                     const std::function<bool(const std::string&)>& so) {
        std::string text;
        await([&] { return so(text = runs(command).text); }, 60s);
        return text;
    }
    Daemon& daemon() { return daemon_; }

  private:
    TemporaryFolder folder_ = {};
    std::string workload_ = write_fast_workload(folder_.path().string());
    Daemon daemon_ = {{"up", "--port", "0", "--node-id", "backbone-1", "--data", folder_ / "data",
                       "--workload", workload_},
                      folder_ / "output"};
    std::string port_ = {};
};

}  // namespace

TEST_CASE("every diagnosis of the runbook works as it is written") {
    if (!has_tools()) return;
    Operator person;
    CHECK(person.runs("curl -s http://localhost:8770/status | jq '.leader_id, .role'").text ==
          "\"backbone-1\"\n\"leader\"");
    const std::string subscriptions =
        "curl -s http://localhost:8770/status | jq '.event_subscription_status'";
    CHECK(person.sees(subscriptions + " | jq -c '[.daemon_events, .feedback_signals, "
                                      ".manager_events, .all_healthy, .critical_failed]'",
                      [](const auto& text) { return text == "[true,true,true,true,[]]"; }) ==
          "[true,true,true,true,[]]");
    CHECK(person
              .runs("curl -s http://localhost:8770/status | jq '.work_queue.by_status' | jq -c "
                    "'map_values(type) | [.[]] | unique'")
              .text == "[\"number\"]");
    CHECK(person.runs("curl -s http://localhost:8770/status | jq '.known_peers, .alive_peers'")
              .text == "[]\n0");
    CHECK(person
              .runs("curl -s http://localhost:8770/status | jq '.loops.auto_scaling' | jq -c "
                    "'[.enabled, .last_run] | map(type)'")
              .text == R"(["boolean","number"])");
    CHECK(
        person.runs("curl -s http://localhost:8770/status | jq '.work_queue' | jq -r type").text ==
        "object");
    CHECK(person.sees("curl -s http://localhost:8770/jobs | jq '.active_jobs' | jq length",
                      [](const auto& text) { return text != "0"; }) != "0");
}

TEST_CASE("the status has the runbook's fields, with the kinds that it shows") {
    if (!has_tools()) return;
    Operator person;
    CHECK(person
              .runs("curl -s http://localhost:8770/status | jq -c '[.node_id, .role, .leader_id, "
                    ".alive_peers, .total_peers, .uptime_seconds, .selfplay_jobs, .training_jobs, "
                    ".epoch, .position, .loops.job_reaper.enabled, .loops.job_reaper.last_run] | "
                    "map(type)'")
              .text ==
          R"(["string","string","string","number","number","number","number","number","number",)"
          R"("number","boolean","number"])");
    CHECK(person.runs("curl -s http://localhost:8770/status | jq '.loops | length'").text == "13");
    CHECK(person.runs("curl -s http://localhost:8770/health | jq -r .status").text == "ok");
    CHECK(person.sees("curl -s http://localhost:8770/ready | jq -r .ready",
                      [](const auto& text) { return text == "true"; }) == "true");
    CHECK(person.runs("curl -s http://localhost:8770/metrics | grep -c '^# TYPE ringrift_'").text !=
          "0");
}

TEST_CASE("the runbook's look at the cluster's health works as it is written") {
    if (!has_tools()) return;
    Operator person;
    const std::string written = R"(curl -s http://localhost:8770/status | python3 -c '
import sys,json
d = json.load(sys.stdin)
print(f"Leader: {d.get(\"leader_id\")}")
print(f"Alive: {d.get(\"alive_peers\")} / {d.get(\"total_peers\")}")
print(f"Jobs: selfplay={d.get(\"selfplay_jobs\")}, training={d.get(\"training_jobs\")}")
')";
    // Python takes a backslash inside the braces of an f-string from 3.12 on only.
    const bool new_python =
        shell("python3 -c 'import sys; sys.exit(sys.version_info < (3, 12))'").code == 0;
    std::string command = written;
    if (!new_python) {
        WARN("this python3 is older than 3.12: the quotes inside the f-strings are exchanged");
        for (auto at = command.find("\\\""); at != std::string::npos; at = command.find("\\\""))
            command.replace(at, 2, "'\\''");
    }
    const Told told = person.runs(command);
    INFO(told.text);
    CHECK(told.code == 0);
    CHECK(told.text.find("Leader: backbone-1\nAlive: 0 / 0\nJobs: selfplay=") == 0);
}

TEST_CASE("the runbook's four interventions do what they say") {
    if (!has_tools()) return;
    Operator person;
    const auto post = [&](const std::string& what) {
        return person.runs("curl -X POST -s http://localhost:8770/admin/" + what).text;
    };
    CHECK(post("election/start").find("\"accepted\":true") != std::string::npos);
    CHECK(person.daemon().says("epoch=2", 30s));
    CHECK(post("jobs/reset-stale").find("\"released\"") != std::string::npos);
    CHECK(post("sync/trigger").find("\"accepted\":true") != std::string::npos);
    CHECK(post("shutdown").find("\"accepted\":true") != std::string::npos);
    CHECK(person.daemon().exit_code(40s) == 0);
}

}  // namespace ringrift::tests
