// What the contract gives to a program, and what it may say while it runs: on the channel, by lines
// on standard output, and in another language.

#include <zmq.hpp>

#include "tests/process/hands_bench.hpp"

namespace ringrift::tests {

TEST_CASE("a job gets what the contract names, and none of the daemon's secrets") {
    HandsBench bench;
    bench.close();
    bench.options.with_channel = true;
    bench.options.gpus = 4;
    bench.options.environment = ops::inheritable({{"PATH", "/usr/bin:/bin"},
                                                  {"HOME", "/home/me"},
                                                  {"RINGRIFT_ADMIN_TOKEN", "secret"},
                                                  {"RINGRIFT_JOIN_TOKEN", "secret"},
                                                  {"NATS_PASSWORD", "secret"},
                                                  {"PGPASSWORD", "secret"},
                                                  {"MY_API_KEY", "secret"},
                                                  {"QUEUE", "nats://me:secret@host/"}});
    bench.open();
    auto order = bench.order(
        "env > all; keep all 1; succeed 1; ls -l /proc/self/fd | wc -l >> all;"
        "entries=''; keep all 1; succeed 1");
    order.gpus = 2;
    order.environment = {{"RINGRIFT_SEED", "12"}, {"RINGRIFT_MODEL", "init"}};
    const auto ended = bench.run(order);
    REQUIRE(std::holds_alternative<consumers::JobSuccess>(ended.outcome));
    const auto text = text_of(bench.folder(order.job) / "output" / "all");
    CHECK_FALSE(says(text, "secret"));
    CHECK(says(text, "HOME=/home/me"));
    CHECK(says(text, "RINGRIFT_WORK_ID=w-1\n"));
    CHECK(says(text, "RINGRIFT_FENCE=7\n"));
    CHECK(says(text, "RINGRIFT_CONFIG=hex5_2p\n"));
    CHECK(says(text, "RINGRIFT_SEED=12\n"));
    CHECK(says(text, "RINGRIFT_MODEL=init\n"));
    CHECK(says(text, "RINGRIFT_GPUS=0,1\n"));
    CHECK(says(text, "RINGRIFT_CHANNEL=ipc:///"));
    CHECK(says(text, "RINGRIFT_OUTPUT_DIR=" + bench.folder(order.job).string() + "/output\n"));
    CHECK(text.ends_with("\n5\n"));  // 0, 1, 2, the listing and its title.
}

TEST_CASE("what a job says on the channel is reported, what others say in its place is not") {
    HandsBench bench;
    bench.close();
    bench.options.with_channel = true;
    bench.open();
    const auto order = bench.order(
        "echo $RINGRIFT_CHANNEL > $RINGRIFT_TEST_SCRATCH/new; cd $RINGRIFT_TEST_SCRATCH;"
        "mv new channel; sleep 1000");
    bench.hands->start(order);
    bench.await([&] { return std::filesystem::exists(bench.scratch.path() / "channel"); });
    std::string endpoint = text_of(bench.scratch.path() / "channel");
    endpoint.pop_back();
    zmq::context_t context(1);
    zmq::socket_t socket(context, zmq::socket_type::push);
    socket.connect(endpoint);
    const auto say = [&](const std::string& fence, const std::string& said) {
        socket.send(zmq::buffer(R"({"work":"w-1","fence":)" + fence + "," + said + "}"));
    };
    say("6", R"("progress_ppm":999)");  // Of a claim that is gone.
    say("7", R"("event":"training_progress","data":{"step":7})");
    say("7", R"("progress_ppm":12,"games":3)");
    bench.await([&] { return !bench.reports_of<consumers::JobProgress>(order.job).empty(); });
    CHECK(bench.reports_of<consumers::JobProgress>(order.job).back().progress_ppm == 12);
    const auto events = bench.reports_of<consumers::JobSays>(order.job);
    REQUIRE(events.size() == 1);
    CHECK(events[0].type == "training_progress");
    CHECK(events[0].data == R"({"step":7})");
    CHECK(bench.hands->counters().strange_messages == 1);
    bench.hands->stop(order.job);
    bench.await_end(order.job);
}

TEST_CASE("progress on standard output is reported as it comes") {
    HandsBench bench;
    const auto order = bench.order(
        "echo '{\"progress\":0.25,\"games\":5}'; while ! [ -e $RINGRIFT_TEST_SCRATCH/go ]; do "
        "sleep 0.01; done;"
        "echo '{\"progress_ppm\":500000}'; sleep 1000");
    bench.hands->start(order);
    const auto reported = [&](std::int64_t ppm) {
        return [&bench, &order, ppm] {
            const auto all = bench.reports_of<consumers::JobProgress>(order.job);
            return !all.empty() && all.back().progress_ppm == ppm;
        };
    };
    bench.await(reported(250'000));
    CHECK(bench.reports_of<consumers::JobProgress>(order.job).back().games == 5);
    std::ofstream(bench.scratch.path() / "go") << "go";
    bench.await(reported(500'000));
    bench.hands->stop(order.job);
    CHECK(std::holds_alternative<consumers::JobStopped>(bench.await_end(order.job).outcome));
}

TEST_CASE("a job's channel lasts: what it says after a restart of the daemon is heard as well") {
    HandsBench bench;
    bench.close();
    bench.options.with_channel = true;
    bench.open();
    const auto order = bench.order(
        "echo $RINGRIFT_CHANNEL > $RINGRIFT_TEST_SCRATCH/new; cd $RINGRIFT_TEST_SCRATCH;"
        "mv new channel; sleep 1000");
    bench.hands->start(order);
    bench.await([&] { return std::filesystem::exists(bench.scratch.path() / "channel"); });
    std::string endpoint = text_of(bench.scratch.path() / "channel");
    endpoint.pop_back();
    zmq::context_t context(1);
    zmq::socket_t socket(context, zmq::socket_type::push);
    socket.connect(endpoint);
    const auto said = [&](int ppm) {
        const std::string text =
            R"({"work":"w-1","fence":7,"progress_ppm":)" + std::to_string(ppm) + "}";
        socket.send(zmq::buffer(text));
        return [&bench, &order, ppm] {
            const auto all = bench.reports_of<consumers::JobProgress>(order.job);
            return !all.empty() && all.back().progress_ppm == ppm;
        };
    };
    bench.await(said(1));
    bench.close();
    bench.reports.clear();
    const auto heard = said(2);  // Into the void, until somebody listens again.
    bench.open();
    bench.await(heard);
    bench.hands->stop(order.job);
    bench.await_end(order.job);
}

TEST_CASE("the example in Python says on the channel how far it is, and leaves its evidence") {
    if (std::system("/usr/bin/python3 -c 'import numpy, zmq' 2>/dev/null") != 0) {
        WARN("skipped: needs python3-numpy and python3-zmq");
        return;
    }
    HandsBench bench;
    bench.close();
    bench.options.with_channel = true;
    bench.open();
    auto order = bench.order("");
    order.argv = {"/usr/bin/python3", RINGRIFT_SOURCE_DIR "/ops/workloads/python/example.py"};
    for (const char* word : {"selfplay", "--config", "nim21_2p", "--model", "init", "--games",
                             "10000", "--seed", "1", "--out", "{output}"}) {
        order.argv.push_back(word);
    }
    order.config = {"nim21_2p"};
    const auto ended = bench.run(order);
    REQUIRE(std::holds_alternative<consumers::JobSuccess>(ended.outcome));
    CHECK(std::get<consumers::JobSuccess>(ended.outcome).result.games == 10000);
    CHECK_FALSE(bench.reports_of<consumers::JobProgress>(order.job).empty());
    CHECK(bench.hands->counters().channel.received > 0);
    CHECK(bench.hands->job_logs(order.job)->standard_output.empty());
}

}  // namespace ringrift::tests
