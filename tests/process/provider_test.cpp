// The provider is the operator's commands: real scripts, run as the daemon runs them.

#include <sys/stat.h>

#include <fstream>

#include "consumers/machine_keeper.hpp"
#include "ops/provider_commands.hpp"
#include "tests/asked.hpp"
#include "tests/process/hands_bench.hpp"
#include "tests/scenario.hpp"

namespace ringrift::tests {
namespace {

using consumers::MachineDeed;

class ProviderBench {
  public:
    /// `script` for sh, run for both deeds, in a folder of its own.
    explicit ProviderBench(const std::string& script,
                           bus::Duration time_max = std::chrono::minutes(1)) {
        const auto path = folder.path() / "provider";
        std::ofstream(path) << "#!/bin/sh\ncd '" << folder.path().string() << "'\n" << script;
        ::chmod(path.c_str(), 0755);
        settings = {.provision = path.string() + " with words",
                    .terminate = path.string(),
                    .time_max = time_max,
                    .cluster = "main",
                    .environment = {{"PATH", "/usr/bin:/bin"}}};
        provider = std::make_unique<ops::ProviderCommands>(settings, [this] { bell.ring(); });
    }

    void start(MachineDeed deed, const std::string& node) {
        provider->start(
            {.request = {deed, {node}}, .decision = "s", .reason = "40 \"items\" wait"});
    }
    consumers::MachineReport report() {
        std::vector<consumers::MachineReport> reports;
        REQUIRE(bell.wait_until([&] {
            reports = provider->drain();
            return !reports.empty();
        }));
        REQUIRE(reports.size() == 1);
        return reports[0];
    }
    std::string text(const std::string& name) const { return text_of(folder.path() / name); }

    TemporaryFolder folder;
    Bell bell;
    ops::ProviderSettings settings;
    std::unique_ptr<ops::ProviderCommands> provider;
};

}  // namespace

TEST_CASE(
    "a command gets the order on standard input and in its environment, and names a machine") {
    ProviderBench bench(
        "cat > order; echo $# words >> order; env | grep ^RINGRIFT_ | sort >> order\n"
        "echo asking for it; echo i-0815");
    CHECK(bench.provider->problem().empty());
    bench.start(MachineDeed::provision, "s-1");
    const auto report = bench.report();
    CHECK(report.trouble.empty());
    CHECK(report.machine == "i-0815");
    CHECK(report.request == consumers::MachineRequest{MachineDeed::provision, {"s-1"}});
    CHECK(bench.text("order") ==
          R"({"action":"provision","attempt":"1","cluster":"main","decision":"s","node":"s-1",)"
          R"("reason":"40 \"items\" wait"})"
          "\n2 words\nRINGRIFT_ACTION=provision\nRINGRIFT_ATTEMPT=1\nRINGRIFT_CLUSTER=main\n"
          "RINGRIFT_DECISION=s\nRINGRIFT_NODE=s-1\nRINGRIFT_REASON=40 \"items\" wait\n");
}

TEST_CASE("a command that fails is a failure with what it said last") {
    ProviderBench bench("echo first >&2; echo the quota is used up >&2; exit 3");
    bench.start(MachineDeed::terminate, "old");
    CHECK(bench.report().trouble == "it ended with code 3: the quota is used up");
}

TEST_CASE("a command that takes too long is ended, with all that it started") {
    const auto marked = "sleep 5432" + std::to_string(::getpid());
    ProviderBench bench(marked + " & " + marked, std::chrono::milliseconds(300));
    bench.start(MachineDeed::provision, "s-1");
    CHECK(says(bench.report().trouble, "its time of 300ms was up"));
    CHECK_FALSE(runs(marked));
}

TEST_CASE("a command that is not there is found before anything is asked of it") {
    ProviderBench bench("");
    ops::ProviderSettings settings = bench.settings;
    settings.terminate = "/no/such/command";
    const std::string problem = ops::ProviderCommands(settings, [] {}).problem();
    CHECK(problem.starts_with("terminate_command: "));
    CHECK(says(problem, "/no/such/command"));
}

TEST_CASE("a node that ends takes its commands along, and a stopped order is not reported") {
    const auto marked = "sleep 6543" + std::to_string(::getpid());
    ProviderBench bench("touch started; exec " + marked);
    const auto is_started = [&] { return runs(marked); };
    bench.start(MachineDeed::provision, "s-1");
    REQUIRE(bench.bell.wait_until(is_started));
    bench.provider->stop_all();
    REQUIRE(bench.bell.wait_until([&] { return !is_started(); }));
    bench.start(MachineDeed::provision, "s-2");
    REQUIRE(bench.bell.wait_until(is_started));
    CHECK(bench.provider->drain().empty());
    bench.provider.reset();
    CHECK_FALSE(is_started());
}

TEST_CASE("from the request in the log to the provider's script, and back into the log") {
    // A provider as an operator writes it: it fails at first, and a machine that is there is not
    // made twice.
    ProviderBench bench(
        "case $RINGRIFT_ACTION in\n"
        "provision) [ -e tried ] || { touch tried; echo try later >&2; exit 1; }\n"
        "  mkdir machine-$RINGRIFT_NODE 2>/dev/null; echo m-$RINGRIFT_NODE ;;\n"
        "terminate) rm -rf machine-$RINGRIFT_NODE ;;\n"
        "esac");
    consumers::MachineKeeper keeper(*bench.provider, 100);
    Given given({node("boss"), node("a"), node("b"), node("old")});
    bus::Time now = start;
    const auto round_until = [&](auto&& condition) {
        return bench.bell.wait_until([&] {
            keeper.sense(now);
            for (const auto& command : keeper.reports(given.sight()))
                given.when(command, now).and_said();
            keeper.carry_out({.cluster = given.view(), .host = given.sight().host, .now = now},
                             true);
            now += 1s;
            return condition();
        });
    };
    given.say(bus::ScaleDecided{.decision = "s", .change = 1, .reason = "r"});
    given.when(producers::RequestProvision{"s"}).and_said();
    REQUIRE(
        round_until([&] { return given.view().nodes.expected.at({"s-1"}).machine == "m-s-1"; }));
    CHECK(std::filesystem::exists(bench.folder.path() / "machine-s-1"));
    given.say_at(now, node("s-1"));
    given.say(bus::ScaleDecided{.decision = "t", .change = -1, .node = {"s-1"}, .reason = "idle"});
    given.when(producers::RequestTermination{"t"}).and_said();
    REQUIRE(round_until([&] {
        return given.view().nodes.nodes.at({"s-1"}).status == projections::NodeStatus::retired;
    }));
    CHECK_FALSE(std::filesystem::exists(bench.folder.path() / "machine-s-1"));
}

}  // namespace ringrift::tests
