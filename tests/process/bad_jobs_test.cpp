// What researchers' programs do wrong: each ends as a clear failure with evidence, and leaves no
// process behind.

#include <sys/mount.h>

#include <iostream>

#include "tests/process/hands_bench.hpp"

namespace ringrift::tests {
namespace {

using bus::FailureKind;

// A failed job that left nothing behind, by hands that live on.
consumers::JobFailure failed(HandsBench& bench, const consumers::JobOrder& order) {
    const auto failure = failure_of(bench.run(order));
    CHECK(processes_below(bench.data.path()).empty());
    const auto next =
        bench.run(bench.order("echo a game > g.jsonl; keep g.jsonl 1; succeed 1", "next"));
    CHECK(std::holds_alternative<consumers::JobSuccess>(next.outcome));
    return failure;
}

consumers::JobFailure failed(const std::string& script) {
    HandsBench bench;
    return failed(bench, bench.order(script));
}

}  // namespace

TEST_CASE("a program that leaves evidence succeeds, and its files lie under their digests") {
    HandsBench bench;
    const auto order = bench.order(
        "mkdir deep; echo one > one.jsonl; echo two > deep/two.jsonl; keep one.jsonl 2;"
        "keep deep/two.jsonl 3; succeed 5");
    const auto ended = bench.run(order);
    REQUIRE(std::holds_alternative<consumers::JobSuccess>(ended.outcome));
    CHECK(ended.type == bus::WorkType::selfplay);
    CHECK(ended.config == bus::ConfigKey{"hex5_2p"});
    const auto& result = std::get<consumers::JobSuccess>(ended.outcome).result;
    CHECK(result.games == 5);
    REQUIRE(result.files.size() == 2);
    const ops::FileStore store(bench.data.path());
    CHECK(text_of(store.path_of(result.files[0].file)) == "one\n");
    CHECK(text_of(store.path_of(result.files[1].file)) == "two\n");
    CHECK(bench.reports_of<consumers::JobRunning>(order.job).size() == 1);
    bench.hands->forget(order.job);
    bench.await([&] { return !std::filesystem::exists(bench.folder(order.job)); });
    CHECK(text_of(store.path_of(result.files[0].file)) == "one\n");
    CHECK(bench.hands->job_logs(order.job));
}

TEST_CASE("a program that leaves no result.json has failed") {
    const auto failure = failed("echo all is well");
    CHECK(failure.kind == FailureKind::no_result);
    CHECK(says(failure.reason, "result.json"));
}

TEST_CASE("a result.json that is no JSON is no evidence") {
    CHECK(failed("echo '{\"games\": 5' > result.json").kind == FailureKind::bad_result);
}

TEST_CASE("a file that result.json names has to be there") {
    const auto failure = failed("echo a > a; keep a 1; rm a; succeed 1");
    CHECK(failure.kind == FailureKind::no_result);
    CHECK(says(failure.reason, "`a`"));
}

TEST_CASE("a file that is not what its digest says is no evidence") {
    const auto failure = failed("echo a > a; keep a 1; echo b > a; succeed 1");
    CHECK(failure.kind == FailureKind::bad_result);
    CHECK(says(failure.reason, "digest"));
}

TEST_CASE("a file outside of the output folder is not taken, by whatever way") {
    CHECK(failed("echo a > ../a; keep ../a 1; succeed 1").kind == FailureKind::bad_result);
    const std::string other =
        "other=$RINGRIFT_TEST_SCRATCH/other; mkdir $other; echo a > $other/a;";
    CHECK(failed(other + "ln -s $other/a a; keep a 1; succeed 1").kind == FailureKind::bad_result);
    CHECK(failed(other + "ln -s $other d; keep d/a 1; succeed 1").kind == FailureKind::bad_result);
    CHECK(
        failed(
            "mkfifo a; entries='{\"name\":\"a\",\"sha256\":\"'$(printf '%064d' 0)'\",\"games\":1}';"
            "succeed 1")
            .kind == FailureKind::bad_result);
}

TEST_CASE("selfplay of zero games has failed, whatever the exit code says") {
    const auto failure = failed("succeed 0");
    CHECK(failure.kind == FailureKind::bad_result);
    CHECK(says(failure.reason, "no games"));
}

TEST_CASE("an exit code is reported with the end of standard error") {
    const auto failure = failed("printf 'no \\xff GPU\\n' >&2; exit 42");
    CHECK(failure.kind == FailureKind::exit_code);
    CHECK(failure.exit_code == 42);
    CHECK(failure.stderr_tail == "no \xEF\xBF\xBD GPU\n");
}

TEST_CASE("of a long standard error the last 4 KiB are in the failure, and more in its log") {
    HandsBench bench;
    const auto order = bench.order("seq 1 20000 >&2; echo the end >&2; exit 1");
    const auto failure = failed(bench, order);
    CHECK(failure.stderr_tail.size() == 4096);
    CHECK(failure.stderr_tail.ends_with("\n19999\n20000\nthe end\n"));
    CHECK(bench.hands->job_logs(order.job)->standard_error.starts_with("1\n2\n3\n"));
}

TEST_CASE("a program that a signal ends is reported with it") {
    const auto failure = failed("kill -SEGV $$");
    CHECK(failure.kind == FailureKind::signal);
    CHECK(failure.signal == SIGSEGV);
    CHECK(says(failure.reason, "SIGSEGV"));
}

TEST_CASE("a program that cannot be started says why") {
    HandsBench bench;
    auto order = bench.order("");
    order.argv = {"no-such-program"};
    const auto failure = failed(bench, order);
    CHECK(failure.kind == FailureKind::spawn_failed);
    CHECK(says(failure.reason, "no-such-program"));
    CHECK(bench.reports_of<consumers::JobRunning>(order.job).empty());
}

TEST_CASE("children that a program forks and leaves are ended with it") {
    const auto failure = failed(
        "(setsid sleep 1000 &) ; (sleep 1000 & sleep 1000 &) ;"
        "(trap '' TERM; env -i sleep 1000) & exit 3");
    CHECK(failure.kind == FailureKind::exit_code);
    HandsBench bench;  // Who closes its output and keeps no environment is found all the same.
    const auto marked = "sleep 7654" + std::to_string(::getpid());
    failed(bench, bench.order("(env -i setsid " + marked + " > /dev/null 2>&1 &) ; exit 3"));
    CHECK_FALSE(runs(marked));
}

TEST_CASE("a program that ignores SIGTERM is killed after the grace, and was stopped") {
    HandsBench bench;
    bench.close();
    bench.options.stop_grace = std::chrono::milliseconds(300);
    bench.open();
    const auto order = bench.order(
        "trap '' TERM; touch $RINGRIFT_TEST_SCRATCH/deaf; while true; do sleep 0.01; done");
    bench.hands->start(order);
    bench.await([&] { return std::filesystem::exists(bench.scratch.path() / "deaf"); });
    const auto asked = std::chrono::steady_clock::now();
    bench.hands->stop(order.job);
    const auto ended = bench.await_end(order.job);
    CHECK(std::chrono::steady_clock::now() - asked >= bench.options.stop_grace);
    CHECK(std::holds_alternative<consumers::JobStopped>(ended.outcome));
    CHECK(processes_below(bench.data.path()).empty());
}

TEST_CASE("SIGTERM reaches every process of a job, wherever it has gone, and gives it time") {
    HandsBench bench;
    std::ofstream(bench.scratch.path() / "tidy") << R"(
cd $RINGRIFT_TEST_SCRATCH
trap "$2 touch $1; exit" TERM
touch ready-$1; while true; do sleep 0.01; done
)";
    const auto order = bench.order(R"(tidy="bash $RINGRIFT_TEST_SCRATCH/tidy"
($tidy child &); (setsid $tidy session &)
exec $tidy program "until [ -e child ] && [ -e session ]; do sleep 0.01; done;")");
    bench.hands->start(order);
    const auto all_there = [&](const std::string& prefix) {
        for (const char* name : {"program", "child", "session"}) {
            if (!std::filesystem::exists(bench.scratch.path() / (prefix + name))) return false;
        }
        return true;
    };
    bench.await([&] { return all_there("ready-"); });
    bench.hands->stop(order.job);
    bench.hands->stop(order.job);  // Asked twice, told once.
    CHECK(std::holds_alternative<consumers::JobStopped>(bench.await_end(order.job).outcome));
    CHECK(all_there(""));
    CHECK(processes_below(bench.data.path()).empty());
}

TEST_CASE("a job has 30 seconds to tidy up unless another grace is given") {
    CHECK(ops::PosixHandsOptions{}.stop_grace == std::chrono::seconds(30));
    CHECK(ops::LaunchOrder{}.stop_grace == std::chrono::seconds(30));
}

TEST_CASE("a program that runs too long is ended") {
    HandsBench bench;
    auto order = bench.order("sleep 1000");
    order.timeout = std::chrono::milliseconds(300);
    const auto failure = failed(bench, order);
    CHECK(failure.kind == FailureKind::timeout);
    CHECK(says(failure.reason, "allowed are 300 ms"));
}

TEST_CASE("a program that prints without end is ended, and what is kept of it is bounded") {
    HandsBench bench;
    bench.close();
    bench.options.printed_bytes_max = 64 << 20;  // A quarter of the default: sooner reached.
    bench.open();
    const auto order = bench.order("echo first; yes | head -c 1000000000");
    const auto failure = failed(bench, order);
    CHECK(failure.kind == FailureKind::output_limit);
    CHECK(says(failure.reason, "printed"));
    CHECK(says(failure.reason, "allowed are 67108864 bytes"));
    const auto logs = bench.hands->job_logs(order.job);
    REQUIRE(logs);
    CHECK(logs->standard_output.starts_with("first\ny\n"));
    CHECK(logs->standard_output.size() < 1200 * 1024);
    CHECK(logs->standard_output.size() > 1000 * 1024);
}

TEST_CASE("a program that fills its output folder is ended") {
    HandsBench bench;
    auto order =
        bench.order("for i in $(seq 1000); do head -c 1000000 /dev/zero > $i; done; sleep 1000");
    order.output_bytes_max = 20'000'000;
    const auto failure = failed(bench, order);
    CHECK(failure.kind == FailureKind::output_limit);
    CHECK(says(failure.reason, "output folder"));
}

TEST_CASE("a program that writes too much and ends at once has failed as well") {
    HandsBench bench;
    auto order = bench.order("truncate -s 30000000 big; echo g > g; keep g 1; succeed 1");
    order.output_bytes_max = 20'000'000;
    CHECK(failed(bench, order).kind == FailureKind::output_limit);
}

TEST_CASE("a program whose children take too much memory together is ended") {
    HandsBench bench;
    auto order = bench.order(
        "for i in 1 2 3; do (python3 -c \"x = bytearray(60 << 20); input()\" < <(sleep 1000) &); "
        "done;"
        "sleep 1000");
    order.memory_bytes_max = 150 << 20;
    const auto failure = failed(bench, order);
    CHECK(failure.kind == FailureKind::memory_limit);
    CHECK(says(failure.reason, "memory"));
}

TEST_CASE("a job whose input is missing or corrupt is not started, and the file is named") {
    HandsBench bench;
    const auto path = bench.scratch.path() / "input";
    std::ofstream(path) << "a\n";
    const bus::FileDigest digest{
        "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"};
    auto order = bench.order("cat \"$0\" > copy; cat $(cat $0) >> copy; keep copy 1; succeed 1");
    order.argv.push_back("{inputs}");
    order.inputs = {{digest, path}};
    CHECK(std::holds_alternative<consumers::JobSuccess>(bench.run(order).outcome));

    std::ofstream(path) << "b\n";
    order.job.fence = 8;
    auto failure = failed(bench, order);
    CHECK(failure.kind == FailureKind::missing_input);
    CHECK(says(failure.reason, path.string()));

    std::filesystem::remove(path);
    order.job.fence = 9;
    order.models = std::exchange(order.inputs, {});
    failure = failure_of(bench.run(order));
    CHECK(failure.kind == FailureKind::missing_input);
    CHECK(says(failure.reason, path.string()));
}

TEST_CASE("a job whose supervisor is killed is lost, and so are all its processes") {
    HandsBench bench;
    const auto marked = "sleep 8765" + std::to_string(::getpid());
    const auto order = bench.order("(setsid sleep 1000 &); (env -i " + marked + " &); sleep 1000");
    bench.hands->start(order);
    bench.await_running(order.job);
    bench.await([&] { return runs(marked); });
    const auto supervisor = ops::read_supervisor(bench.folder(order.job));
    REQUIRE(supervisor);
    REQUIRE(::kill(static_cast<::pid_t>(supervisor->pid), SIGKILL) == 0);
    CHECK(failure_of(bench.await_end(order.job)).kind == FailureKind::lost);
    CHECK_FALSE(runs(marked));
    CHECK(processes_below(bench.data.path()).empty());
}

TEST_CASE("a disk without room is a failure to start that says so") {
    HandsBench bench;
    bench.close();
    if (::mount("none", bench.data.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
        std::cout << "SKIPPED a disk without room: needs the right to mount\n";
        return;
    }
    bench.open();
    std::ofstream filler(bench.data.path() / "filler");
    while (filler.put('x').flush()) continue;
    filler.close();
    const auto failure = failure_of(bench.run(bench.order("true")));
    CHECK(failure.kind == FailureKind::spawn_failed);
    CHECK(says(failure.reason, "No space left"));
    bench.close();
    ::umount2(bench.data.path().c_str(), MNT_DETACH);
}

TEST_CASE("a program that fills the disk is ended, and that it did is not lost") {
    HandsBench bench;
    bench.close();
    if (::mount("none", bench.data.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
        std::cout << "SKIPPED a full disk: needs the right to mount\n";
        return;
    }
    bench.open();
    const auto failure =
        failure_of(bench.run(bench.order("cat /dev/zero > zero; yes >&2; exit 5")));
    CHECK(failure.kind == FailureKind::output_limit);
    bench.close();
    ::umount2(bench.data.path().c_str(), MNT_DETACH);
}

}  // namespace ringrift::tests
