// Daemons come and go, jobs stay: the end of each is reported once, as if nothing had happened, and
// no program is ever started twice.

#include <sys/file.h>
#include <sys/wait.h>

#include "tests/process/hands_bench.hpp"

namespace ringrift::tests {
namespace {

// Says that it was started, and plays on until it is told to finish.
constexpr const char* waiting_script = R"(
echo started >> $RINGRIFT_TEST_SCRATCH/starts
while ! [ -e $RINGRIFT_TEST_SCRATCH/finish ]; do sleep 0.01; done
echo a game > g.jsonl; keep g.jsonl 1; succeed 1
)";

void finish(HandsBench& bench) {
    std::ofstream(bench.scratch.path() / "finish") << "now";
}

std::string starts(HandsBench& bench) {
    return text_of(bench.scratch.path() / "starts");
}

bool succeeded(const consumers::JobEnded& ended) {
    return std::holds_alternative<consumers::JobSuccess>(ended.outcome);
}

// Starts `order` with hands of another process and kills that process, -9, once the job runs.
void start_and_kill_the_daemon(HandsBench& bench, const consumers::JobOrder& order) {
    bench.close();  // One thread only from here on, so that fork is safe.
    const ::pid_t daemon = ::fork();
    REQUIRE(daemon >= 0);
    if (daemon == 0) {
        auto hands = ops::PosixHands::open(bench.options);
        if (!hands) ::_exit(1);
        (*hands)->start(order);
        while (true) ::pause();
    }
    bench.await([&] { return !starts(bench).empty(); });
    ::kill(daemon, SIGKILL);
    ::waitpid(daemon, nullptr, 0);
}

// A folder as the daemon leaves it that dies between making it and starting the supervisor.
ops::UniqueFd folder_without_supervisor(HandsBench& bench, const consumers::JobOrder& order) {
    const ops::LaunchOrder launch{.work = order.job.work.value,
                                  .fence = order.job.fence,
                                  .type = "selfplay",
                                  .argv = {"true"}};
    auto lock = ops::make_folder({bench.data.path()}, order.job, launch, "");
    REQUIRE(lock);
    return std::move(*lock);
}

}  // namespace

TEST_CASE("a job that runs while its hands are replaced ends as if nothing had happened") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.hands->start(order);
    const auto before = bench.await_running(order.job);
    bench.await([&] { return !starts(bench).empty(); });
    bench.close();
    bench.reports.clear();
    bench.open();
    bench.hands->start(order);  // JobManager asks for what it does not see; that changes nothing.
    CHECK(bench.await_running(order.job).pid == before.pid);
    finish(bench);
    CHECK(succeeded(bench.await_end(order.job)));
    CHECK(bench.reports_of<consumers::JobEnded>(order.job).size() == 1);
    CHECK(starts(bench) == "started\n");
}

TEST_CASE("a job outlives a daemon that is killed, and its end is reported by the next") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    start_and_kill_the_daemon(bench, order);
    bench.open();
    bench.await_running(order.job);
    finish(bench);
    const auto ended = bench.await_end(order.job);
    CHECK(succeeded(ended));
    CHECK(ended.config == order.config);
    CHECK(starts(bench) == "started\n");
    CHECK(processes_below(bench.data.path()).empty());
}

TEST_CASE("a job that ended while there was no daemon is reported by the next, until forgotten") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    start_and_kill_the_daemon(bench, order);
    finish(bench);
    bench.await([&] { return std::filesystem::exists(bench.folder(order.job) / "exit"); });
    for (int daemon = 0; daemon < 2; ++daemon) {
        bench.reports.clear();
        bench.open();
        const auto ended = bench.await_end(order.job);
        CHECK(succeeded(ended));
        CHECK(ended.run.count() > 0);
        CHECK(bench.reports_of<consumers::JobRunning>(order.job).size() == 1);
        if (daemon == 0) bench.close();
    }
    bench.hands->forget(order.job);
    bench.await([&] { return !std::filesystem::exists(bench.folder(order.job)); });
    bench.close();
    bench.reports.clear();
    bench.open();
    CHECK(succeeded(bench.run(bench.order(waiting_script, "another"))));
    CHECK(bench.reports_of<consumers::JobEnded>(order.job).empty());
    CHECK(starts(bench) == "started\nstarted\n");
}

TEST_CASE(
    "a job whose supervisor was killed while there was no daemon is lost, with its processes") {
    HandsBench bench;
    const auto order =
        bench.order("(setsid sleep 1000 &) ; (sleep 1000 &) ; " + std::string(waiting_script));
    start_and_kill_the_daemon(bench, order);
    const auto supervisor = ops::read_supervisor(bench.folder(order.job));
    REQUIRE(supervisor);
    ::kill(static_cast<::pid_t>(supervisor->pid), SIGKILL);
    bench.open();
    CHECK(failure_of(bench.await_end(order.job)).kind == bus::FailureKind::lost);
    CHECK(processes_below(bench.data.path()).empty());
    CHECK(starts(bench) == "started\n");
}

TEST_CASE("a second supervisor in a folder starts nothing, neither beside the first nor after it") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.hands->start(order);
    bench.await([&] { return !starts(bench).empty(); });
    const std::string second =
        bench.options.supervisor_program.string() + " " + bench.folder(order.job).string();
    constexpr int held = 65;
    CHECK(WEXITSTATUS(::system(second.c_str())) == held);
    finish(bench);
    CHECK(succeeded(bench.await_end(order.job)));
    CHECK(WEXITSTATUS(::system(second.c_str())) == held);
    CHECK(starts(bench) == "started\n");
}

TEST_CASE("a job that was ordered but never started is forgotten, so that it can be started anew") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.close();
    folder_without_supervisor(bench, order).reset();
    bench.open();
    finish(bench);
    CHECK(succeeded(bench.run(order)));
    CHECK(bench.reports_of<consumers::JobEnded>(order.job).size() == 1);
    CHECK(starts(bench) == "started\n");
}

TEST_CASE("a job whose supervisor dies before it says who it is can be started anew") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.close();
    auto lock = folder_without_supervisor(bench, order);
    bench.open();
    bench.hands->start(order);  // Once: JobManager does not ask again for what it has asked for.
    bench.await([&] { return bench.hands->counters().jobs == 1; });
    CHECK(bench.reports_of<consumers::JobRunning>(order.job).empty());  // Perhaps it comes yet.
    finish(bench);
    lock.reset();
    CHECK(succeeded(bench.await_end(order.job)));
    CHECK(bench.reports_of<consumers::JobEnded>(order.job).size() == 1);
    CHECK(starts(bench) == "started\n");
}

TEST_CASE("a job that is asked for and called off while its supervisor may come yet was stopped") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.close();
    auto lock = folder_without_supervisor(bench, order);
    bench.open();
    bench.hands->start(order);
    bench.hands->stop(order.job);
    lock.reset();
    CHECK(std::holds_alternative<consumers::JobStopped>(bench.await_end(order.job).outcome));
    CHECK(starts(bench).empty());
}

TEST_CASE("a job that nobody asks for again and that never started leaves no trace") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.close();
    auto lock = folder_without_supervisor(bench, order);
    bench.open();
    bench.await([&] { return bench.hands->counters().jobs == 1; });
    lock.reset();
    bench.await([&] { return bench.hands->counters().jobs == 0; });
    CHECK_FALSE(std::filesystem::exists(bench.folder(order.job)));
    CHECK(bench.reports_of<consumers::JobEnded>(order.job).empty());
}

TEST_CASE("jobs that are forgotten take no memory, and each can be started anew at once") {
    HandsBench bench;
    const auto good = bench.order("echo a game > g.jsonl; keep g.jsonl 1; succeed 1", "good");
    auto not_there = bench.order("", "not there");
    not_there.argv = {"no-such-program"};
    auto no_input = bench.order("", "no input");
    no_input.inputs = {{{std::string(64, 'a')}, bench.scratch / "no such file"}};
    for (int round = 0; round < 3; ++round) {
        for (const auto& order : {good, not_there, no_input}) {
            bench.hands->start(order);
            bench.await([&] {
                return bench.reports_of<consumers::JobEnded>(order.job).size() ==
                       static_cast<std::size_t>(round) + 1;
            });
            bench.hands->forget(order.job);
        }
    }
    bench.await([&] { return bench.hands->counters().jobs == 0; });
    for (const auto& end : bench.reports_of<consumers::JobEnded>(good.job)) CHECK(succeeded(end));
}

TEST_CASE("nothing that is asked is lost, however much is asked at once") {
    HandsBench bench;
    auto order = bench.order("");
    order.argv.clear();  // Fails at once, without a process.
    constexpr std::size_t more_than_fit = ops::hands_asks_max + 2000;
    for (std::size_t number = 0; number < more_than_fit; ++number) {
        order.job.fence = number + 1;
        bench.hands->start(order);
    }
    std::size_t ended = 0;
    bench.await([&] {
        for (const auto& report : bench.hands->drain()) {
            const auto* end = std::get_if<consumers::JobEnded>(&report);
            if (end == nullptr) continue;
            ended += 1;
            bench.hands->forget(end->job);
        }
        return ended == more_than_fit;
    });
    bench.await([&] {
        bench.hands->drain();
        return bench.hands->counters().jobs == 0;
    });
}

TEST_CASE("a supervisor that comes after its folder was put away starts nothing") {
    HandsBench bench;
    bench.close();
    const auto order = bench.order(waiting_script);
    const auto folder = bench.folder(order.job);
    const ops::LaunchOrder launch{
        .work = "w-1", .fence = 7, .type = "selfplay", .argv = {"touch", bench.scratch / "ran"}};
    REQUIRE(ops::make_folder({bench.data.path()}, order.job, launch, ""));
    const ops::UniqueFd late(::open((folder / "order").c_str(), O_RDWR));
    ops::remove_folder(folder);
    REQUIRE(ops::make_folder({bench.data.path()}, order.job, launch, ""));
    const std::string command = bench.options.supervisor_program.string() + " " + folder.string() +
                                " " + std::to_string(late.get());
    constexpr int held = 65;
    CHECK(WEXITSTATUS(::system(command.c_str())) == held);
    CHECK_FALSE(std::filesystem::exists(bench.scratch.path() / "ran"));
}

TEST_CASE("a nursery that is killed takes no job with it, and the next job is born of another") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.hands->start(order);
    const auto before = bench.await_running(order.job);
    const auto nursery = [] {
        for (const std::int64_t pid : ops::descendants_of(::getpid())) {
            if (says(proc_file(pid, "cmdline"), "ringrift-job nursery")) return pid;
        }
        return std::int64_t{0};
    };
    const std::int64_t killed = nursery();
    REQUIRE(killed > 0);
    ::kill(static_cast<::pid_t>(killed), SIGKILL);
    bench.await([&] { return !ops::facts_of(killed); });
    finish(bench);
    CHECK(succeeded(bench.run(bench.order(waiting_script, "w-2"))));
    CHECK(nursery() != killed);
    CHECK(succeeded(bench.await_end(order.job)));
    CHECK(bench.reports_of<consumers::JobRunning>(order.job).size() == 1);
    CHECK(before.pid > 0);
    bench.close();
    CHECK(nursery() == 0);
}

TEST_CASE("a supervisor shows in its command line which job it is of") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.hands->start(order);
    bench.await_running(order.job);
    CHECK(supervised_below(bench.data.path()) == std::vector<std::string>{"w-1@7"});
    finish(bench);
    bench.await_end(order.job);
}

TEST_CASE("supervisors that do not come up are a failure to start, and not tried for ever") {
    HandsBench bench;
    bench.close();
    bench.options.supervisor_program = "/bin/false";
    bench.open();
    const auto order = bench.order(waiting_script);
    const auto failure = failure_of(bench.run(order));
    CHECK(failure.kind == bus::FailureKind::spawn_failed);
    CHECK(says(failure.reason, "/bin/false"));
    bench.close();
    bench.options.supervisor_program = "/no/such/program";
    bench.open();
    CHECK(says(failure_of(bench.run(bench.order("", "w-2"))).reason, "/no/such/program"));
    CHECK(bench.reports_of<consumers::JobRunning>(order.job).empty());
}

TEST_CASE("evidence that a restart of the machine has torn is a lost job, not a bad program") {
    HandsBench bench;
    bench.close();
    const auto order = bench.order(waiting_script);
    const auto folder = bench.folder(order.job);
    folder_without_supervisor(bench, order).reset();
    const auto write_exit = [&](const std::string& boot) {
        const ops::ProcessIdentity supervisor{.pid = 1, .start_ticks = 1, .boot = boot};
        std::ofstream(folder / "exit") << ops::to_text(supervisor) << ops::to_text(ops::JobExit{});
    };
    write_exit(ops::boot_name());
    bench.open();
    CHECK(failure_of(bench.await_end(order.job)).kind == bus::FailureKind::no_result);
    bench.close();
    bench.reports.clear();
    write_exit("another boot");
    bench.open();
    CHECK(failure_of(bench.await_end(order.job)).kind == bus::FailureKind::lost);
}

TEST_CASE(
    "a folder that a restart of the machine has torn is set aside, and its job is done anew") {
    HandsBench bench;
    bench.close();
    const auto order = bench.order(waiting_script);
    folder_without_supervisor(bench, order).reset();
    std::ofstream(bench.folder(order.job) / "order", std::ios::trunc).close();
    bench.open();
    bench.await([&] { return bench.hands->counters().unreadable_folders == 1; });
    finish(bench);
    CHECK(succeeded(bench.run(order)));
}

TEST_CASE("many jobs at once end once each, and leave neither a process nor a record of them") {
    HandsBench bench;
    constexpr std::size_t count = 3 * ops::Nursery::unanswered_max;
    std::map<consumers::JobId, int> ends;
    for (std::size_t number = 0; number < count; ++number) {
        auto order = bench.order("", "w-" + std::to_string(number));
        order.argv = {"/bin/true"};
        bench.hands->start(order);
    }
    std::size_t ran = 0;
    bench.await([&] {
        for (const auto& report : bench.hands->drain()) {
            if (std::holds_alternative<consumers::JobRunning>(report)) ran += 1;
            const auto* end = std::get_if<consumers::JobEnded>(&report);
            if (end == nullptr) continue;
            CHECK(failure_of(*end).kind == bus::FailureKind::no_result);
            ends[end->job] += 1;
            bench.hands->forget(end->job);
        }
        return ends.size() == count;
    });
    bench.await([&] { return bench.hands->counters().jobs == 0; });
    CHECK(ran == count);
    for (const auto& [job, number] : ends) CHECK(number == 1);
    CHECK(processes_below(bench.data.path()).empty());
    CHECK(std::filesystem::is_empty(bench.data.path() / "jobs"));
}

TEST_CASE("jobs that run side by side get GPUs of their own, those of former daemons included") {
    HandsBench bench;
    bench.close();
    bench.options.gpus = 2;
    bench.open();
    const std::string noting =
        "echo $RINGRIFT_GPUS > $RINGRIFT_TEST_SCRATCH/gpus-$RINGRIFT_WORK_ID;";
    const auto gpus_of = [&](const std::string& work) {
        auto order = bench.order(noting + waiting_script, work);
        order.gpus = 1;
        bench.hands->start(order);
        const auto path = bench.scratch.path() / ("gpus-" + work);
        bench.await([&] { return text_of(path).ends_with("\n"); });
        return text_of(path);
    };
    CHECK(gpus_of("one") == "0\n");
    bench.close();
    bench.open();
    CHECK(gpus_of("two") == "1\n");
    bench.hands->stop({{"one"}, 7});
    bench.await_end({{"one"}, 7});
    CHECK(gpus_of("three") == "0\n");
    finish(bench);
    CHECK(succeeded(bench.await_end({{"three"}, 7})));
}

TEST_CASE("a process that only has the number of a dead supervisor is left alone") {
    HandsBench bench;
    const auto order = bench.order(waiting_script);
    bench.close();
    const ::pid_t stranger = ::fork();  // Before the lock is taken: it would hold it as well.
    if (stranger == 0) {
        while (true) ::pause();
    }
    auto lock = folder_without_supervisor(bench, order);
    auto identity = ops::identity_of(stranger);
    REQUIRE(identity);
    identity->start_ticks -= 1;
    std::ofstream(bench.folder(order.job) / "supervisor") << ops::to_text(*identity);
    bench.open();
    bench.await([&] { return bench.hands->counters().jobs == 1; });
    bench.hands->stop(order.job);  // Must not reach the stranger.
    lock.reset();
    CHECK(failure_of(bench.await_end(order.job)).kind == bus::FailureKind::lost);
    CHECK(::waitpid(stranger, nullptr, WNOHANG) == 0);
    ::kill(stranger, SIGKILL);
    ::waitpid(stranger, nullptr, 0);
}

TEST_CASE("hands refuse a data folder where others are at work") {
    HandsBench bench;
    CHECK_FALSE(ops::PosixHands::open(bench.options));
}

TEST_CASE("an orderly shutdown stops all jobs and reports each as stopped") {
    HandsBench bench;
    std::vector<consumers::JobId> jobs;
    for (const char* name : {"one", "two", "three"}) {
        const auto order = bench.order("sleep 1000", name);
        bench.hands->start(order);
        jobs.push_back(order.job);
    }
    CHECK(bench.hands->stop_all(patience) == 0);
    for (const auto& job : jobs) {
        const auto ends = bench.reports_of<consumers::JobEnded>(job);
        REQUIRE(ends.size() == 1);
        CHECK(std::holds_alternative<consumers::JobStopped>(ends[0].outcome));
    }
    CHECK(processes_below(bench.data.path()).empty());
}

TEST_CASE("what the last jobs printed is kept, and what older ones did is not") {
    HandsBench bench;
    bench.close();
    bench.options.kept_logs_max = 2;
    bench.open();
    std::vector<consumers::JobId> jobs;
    for (const char* name : {"first", "second", "third"}) {
        const auto order = bench.order(std::string("echo I am ") + name + "; exit 1", name);
        bench.run(order);
        bench.hands->forget(order.job);
        bench.await([&] { return !std::filesystem::exists(bench.folder(order.job)); });
        jobs.push_back(order.job);
    }
    bench.await([&] { return !bench.hands->job_logs(jobs[0]); });
    REQUIRE(bench.hands->job_logs(jobs[1]));
    CHECK(bench.hands->job_logs(jobs[2])->standard_output == "I am third\n");
}

}  // namespace ringrift::tests
