// JobManager: the programs on this node are the jobs that the log gives to it, and how they ended
// is reported until the log has it.

#include "consumers/managers/job_manager.hpp"

#include <regex>

#include "consumers/trace_parent.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using namespace ringrift::consumers;

namespace {

/// Notes what is asked of it and tells what the test gives it to tell.
class NotingHands final : public Hands {
  public:
    void start(const JobOrder& order) override {
        started.push_back(order.job);
        orders.push_back(order);
    }
    void stop(const JobId& job) override { stopped.push_back(job); }
    void forget(const JobId& job) override { forgotten.push_back(job); }
    std::vector<JobReport> drain() override { return std::exchange(news, {}); }

    std::vector<JobId> started, stopped, forgotten;
    std::vector<JobOrder> orders;
    std::vector<JobReport> news;
};

using Expanded = bus::Result<JobOrder, CannotRun>;

Expanded run_anything(const bus::WorkQueued& order, bus::Position fence) {
    return JobOrder{
        .job = {.work = order.work, .fence = fence}, .type = order.type, .config = order.config};
}

/// A node with its jobs, in rounds as the node's own.
struct Machine {
    Given given{{node("boss", 200)}};
    NotingHands hands;
    JobManager jobs{hands, run_anything};

    void claim(const bus::WorkQueued& order) {
        given.say(order);
        given.say(claimed(order.work.value, "boss"));
    }
    JobId job(const std::string& work) const {
        return {.work = {work}, .fence = given.item(work).lease->fence};
    }
    std::size_t carry_out(bool accept_new = true) {
        return jobs.carry_out(given.sight(), given.host(), accept_new);
    }
    void hear(JobReport report) {
        hands.news.push_back(std::move(report));
        jobs.sense(given.host(), given.now());
    }
    void report() { tests::carry_out(given, jobs.reports(given.sight())); }
    std::size_t settle() { return jobs.settle(given.sight()); }
};

JobEnded played(const JobId& job, const std::string& file = "f1") {
    return {.job = job,
            .type = bus::WorkType::selfplay,
            .config = hex,
            .run = 5s,
            .outcome = JobSuccess{
                {.games = 10, .files = {{.file = {file}, .name = "g", .bytes = 9, .games = 10}}}}};
}

using Jobs = std::vector<JobId>;

}  // namespace

// ---- what is and what should be -----------------------------------------------------------------

TEST_CASE("a claimed job that does not run is started, once") {
    Machine machine;
    machine.claim(selfplay("w1"));
    CHECK(plan(machine.given.sight(), {}).start == Jobs{machine.job("w1")});
    CHECK(machine.carry_out() == 1);
    CHECK(machine.hands.started == Jobs{machine.job("w1")});
    CHECK(machine.carry_out() == 0);
    CHECK(machine.jobs.started() == 1);
}

TEST_CASE("jobs of one chain are spans of one trace, in the form of the W3C") {
    Machine machine;
    for (const char* work : {"w1", "w2"}) machine.claim(selfplay(work));
    machine.carry_out();
    REQUIRE(machine.hands.orders.size() == 2);
    for (const JobOrder& order : machine.hands.orders) {
        const std::string trace = order.environment.at("RINGRIFT_TRACEPARENT");
        CHECK(std::regex_match(trace, std::regex("00-[0-9a-f]{32}-[0-9a-f]{16}-01")));
        const auto& item = machine.given.item(order.job.work.value);
        CHECK(trace == trace_parent(item.correlation, item.last_event));
    }
    const auto trace = [](const char* chain, const char* cause) {
        return trace_parent({chain}, {cause});
    };
    CHECK(trace("chain", "one").substr(0, 36) == trace("chain", "two").substr(0, 36));
    CHECK(trace("chain", "one") != trace("chain", "two"));
    CHECK(trace("", "one").substr(0, 36) == trace("one", "two").substr(0, 36));
}

TEST_CASE("another node's claim is not run here") {
    Machine machine;
    machine.given.say(selfplay("w1")).say(claimed("w1", "n1"));
    CHECK(plan(machine.given.sight(), {}) == JobChanges{});
}

TEST_CASE("a node that takes nothing new still ends what is extra") {
    Machine machine;
    machine.claim(selfplay("w1"));
    CHECK(machine.carry_out(false) == 0);
    CHECK(machine.hands.started.empty());
    machine.given.host().jobs[99] = {.work = {"unheard"}, .fence = 99};
    CHECK(machine.carry_out(false) == 1);
    CHECK(machine.hands.stopped == Jobs{{.work = {"unheard"}, .fence = 99}});
}

TEST_CASE(
    "a job whose claim is gone is ended, unless it plays games that are wanted all the same") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.claim(order(bus::WorkType::training, "t1"));
    const JobId training = machine.job("t1");
    machine.carry_out();
    for (const char* work : {"w1", "t1"})
        machine.given.say(of_claim<bus::WorkLeaseExpired>(machine.given, work));
    CHECK(plan(machine.given.sight(), {}) == JobChanges{.stop = {training}});
    machine.carry_out();
    CHECK(machine.hands.stopped == Jobs{training});
    machine.carry_out();
    CHECK(machine.hands.stopped.size() == 1);
}

TEST_CASE(
    "late selfplay goes on while another node plays the item anew, and ends when it is cancelled") {
    Machine machine;
    machine.claim(selfplay("w1"));
    const JobId job = machine.job("w1");
    machine.carry_out();
    machine.given.say(of_claim<bus::WorkLeaseExpired>(machine.given, "w1"))
        .say(claimed("w1", "n1"));
    CHECK(plan(machine.given.sight(), {}) == JobChanges{});
    machine.given.say(bus::WorkCancelled{.work = {"w1"}});
    CHECK(plan(machine.given.sight(), {}) == JobChanges{.stop = {job}});
}

TEST_CASE("late selfplay does not run beside a new attempt at the same item on the same node") {
    Machine machine;
    machine.claim(selfplay("w1"));
    const JobId former = machine.job("w1");
    machine.carry_out();
    machine.given.say(of_claim<bus::WorkLeaseExpired>(machine.given, "w1"))
        .say(claimed("w1", "boss"));
    CHECK(plan(machine.given.sight(), {}) ==
          JobChanges{.start = {machine.job("w1")}, .stop = {former}});
}

TEST_CASE("a job that has ended is not started again while its end is being reported") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.carry_out();
    machine.hear(played(machine.job("w1")));
    CHECK(machine.given.host().jobs.empty());
    CHECK(machine.carry_out() == 0);
}

TEST_CASE("a bounded number of jobs is changed in one round") {
    Machine machine;
    for (int n = 0; n < 70; ++n) machine.claim(selfplay("w" + std::to_string(n)));
    CHECK(machine.carry_out() == JobManager::changes_per_call_max);
    CHECK(machine.hands.started.size() == JobManager::changes_per_call_max);
    CHECK(machine.carry_out() == 6);
    CHECK(machine.hands.started.size() == 70);
}

TEST_CASE("a restarted daemon takes over the jobs that its hands tell of") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.hear(JobRunning{.job = machine.job("w1"), .pid = 42});
    CHECK(machine.carry_out() == 0);
    CHECK(machine.hands.started.empty());
    CHECK(machine.given.host().jobs.begin()->second.pid == 42);
}

TEST_CASE("at a shutdown every job is asked to end, once, and gives its claim back") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.carry_out();
    const JobId job = machine.job("w1");
    machine.jobs.stop_all(machine.given.host());
    machine.jobs.stop_all(machine.given.host());
    CHECK(machine.hands.stopped == Jobs{job});
    CHECK_FALSE(machine.jobs.is_idle(machine.given.host()));
    machine.hear(JobEnded{
        .job = job, .type = bus::WorkType::selfplay, .config = hex, .outcome = JobStopped{}});
    machine.report();
    CHECK(machine.given.item("w1").status == projections::WorkStatus::pending);
    CHECK(machine.given.item("w1").attempts == 0);
    CHECK(machine.settle() == 1);
    CHECK(machine.jobs.is_idle(machine.given.host()));
}

// ---- news ---------------------------------------------------------------------------------------

TEST_CASE("progress counts as progress only when it advances") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.hear(JobRunning{.job = machine.job("w1")});
    const JobId job = machine.job("w1");
    const auto progressed = [&](bus::Duration after, std::int64_t ppm, std::int64_t of_games) {
        machine.hands.news.push_back(
            JobProgress{.job = job, .progress_ppm = ppm, .games = of_games});
        machine.jobs.sense(machine.given.host(), start + after);
        return machine.given.host().jobs.at(job.fence).progressed_at - start;
    };
    CHECK(progressed(1min, 100, 0) == 1min);
    CHECK(progressed(2min, 100, 0) == 1min);
    CHECK(progressed(3min, 100, 1) == 3min);
    machine.hear(JobProgress{.job = {.work = {"unheard"}, .fence = 99}});
    CHECK(machine.given.host().jobs.size() == 1);
}

TEST_CASE("what a job says is handed on, once") {
    Machine machine;
    machine.hear(
        JobSays{.job = {.work = {"w1"}, .fence = 3}, .type = "TRAINING_COMPLETED", .data = "{}"});
    const auto said = machine.jobs.take_said();
    REQUIRE(said.size() == 1);
    CHECK(said[0].type == "TRAINING_COMPLETED");
    CHECK(machine.jobs.take_said().empty());
}

// ---- reports ------------------------------------------------------------------------------------

TEST_CASE("that a job runs is reported until the log has it") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.carry_out();
    CHECK(machine.jobs.reports(machine.given.sight()).empty());
    machine.hear(JobRunning{.job = machine.job("w1")});
    CHECK(asked<ReportStarted>(machine.jobs.reports(machine.given.sight())).size() == 1);
    CHECK(asked<ReportStarted>(machine.jobs.reports(machine.given.sight())).size() == 1);
    machine.report();
    CHECK(machine.given.item("w1").status == projections::WorkStatus::running);
    CHECK(machine.jobs.reports(machine.given.sight()).empty());
}

TEST_CASE("a job is forgotten only when the log has its end and its games") {
    Machine machine;
    machine.claim(selfplay("w1"));
    const JobId job = machine.job("w1");
    machine.hear(played(job));
    CHECK(machine.jobs.made() == std::set<bus::FileDigest>{{"f1"}});
    CHECK(machine.settle() == 0);
    CHECK(machine.hands.forgotten.empty());
    CHECK_FALSE(machine.jobs.is_idle(machine.given.host()));
    CHECK(asked<ReportCompleted>(machine.jobs.reports(machine.given.sight())).size() == 1);
    machine.report();
    CHECK(machine.given.item("w1").status == projections::WorkStatus::completed);
    CHECK(machine.settle() == 1);
    CHECK(machine.hands.forgotten == Jobs{job});
    CHECK(machine.jobs.reports(machine.given.sight()).empty());
    CHECK(machine.jobs.made().empty());
}

TEST_CASE("a job that lost its claim is not forgotten before its games are recorded") {
    Machine machine;
    machine.claim(selfplay("w1"));
    const JobId job = machine.job("w1");
    machine.given.say(of_claim<bus::WorkLeaseExpired>(machine.given, "w1"));
    machine.hear(played(job));
    CHECK(machine.settle() == 0);
    machine.report();
    CHECK(machine.given.view().data.configs.at(hex).games == 10);
    CHECK(machine.settle() == 1);
}

TEST_CASE("files that cannot be recorded do not keep a job from being forgotten") {
    Machine machine;
    machine.claim(selfplay("w1"));
    auto ended = played(machine.job("w1"));
    auto& made = std::get<JobSuccess>(ended.outcome).result.files;
    made.push_back({.file = {"empty"}, .name = "g", .bytes = 0, .games = 10});
    machine.hear(ended);
    machine.report();
    CHECK(machine.settle() == 1);
}

TEST_CASE("a job over before anybody saw it run did run, and counts as an attempt") {
    Machine machine;
    machine.claim(selfplay("w1"));
    machine.hear(JobEnded{
        .job = machine.job("w1"),
        .type = bus::WorkType::selfplay,
        .config = hex,
        .outcome = JobFailure{.reason = "exit code 1", .exit_code = 1, .stderr_tail = "no luck"}});
    machine.report();
    CHECK(machine.given.item("w1").attempts == 1);
    REQUIRE(machine.given.item("w1").setbacks.size() == 1);
    CHECK(machine.given.item("w1").setbacks[0].reason == "exit code 1");
    CHECK(machine.given.item("w1").setbacks[0].stderr_tail == "no luck");
    CHECK(machine.settle() == 1);
}

TEST_CASE("a job that cannot be run here fails with the reason, and is no attempt") {
    Machine machine;
    JobManager picky(machine.hands, [](const bus::WorkQueued&, bus::Position) -> Expanded {
        return CannotRun{"model m1 is not on this node"};
    });
    machine.claim(selfplay("w1"));
    picky.carry_out(machine.given.sight(), machine.given.host(), true);
    CHECK(machine.hands.started.empty());
    tests::carry_out(machine.given, picky.reports(machine.given.sight()));
    CHECK(machine.given.item("w1").attempts == 0);
    REQUIRE(machine.given.item("w1").setbacks.size() == 1);
    CHECK(machine.given.item("w1").setbacks[0].kind == "missing_input");
    CHECK(machine.given.item("w1").setbacks[0].reason == "model m1 is not on this node");
}

TEST_CASE("a node that is cut off for a lease ends its exclusive jobs itself; selfplay goes on") {
    Machine machine;
    bus::WorkQueued training = selfplay("train");
    training.type = bus::WorkType::training;
    machine.claim(training);
    machine.claim(selfplay("play"));
    machine.carry_out();
    for (const char* work : {"train", "play"}) machine.hear(JobRunning{.job = machine.job(work)});
    machine.given.host().cut_off_since_at = machine.given.now() - 44s;
    machine.carry_out();
    CHECK(machine.hands.stopped.empty());
    machine.given.host().cut_off_since_at = machine.given.now() - 45s;
    machine.claim(selfplay("new"));
    machine.carry_out();
    CHECK(machine.hands.stopped == std::vector<JobId>{machine.job("train")});
    CHECK(machine.hands.started.size() == 2);
    machine.given.host().cut_off_since_at.reset();
    machine.carry_out();
    CHECK(machine.hands.started.back() == machine.job("new"));
}
