// JobManager and FileMover together: a claimed job whose inputs lie on other nodes waits until they
// have come, and fails only when they can be had nowhere.

#include "consumers/managers/job_manager.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using namespace ringrift::consumers;

namespace {

using Expanded = bus::Result<JobOrder, CannotRun>;

/// Notes what is asked of it.
struct NotingHands final : Hands {
    void start(const JobOrder& order) override { started.push_back(order.job); }
    void stop(const JobId& job) override { stopped.push_back(job); }
    void forget(const JobId&) override {}
    std::vector<JobReport> drain() override { return {}; }
    std::vector<JobId> started, stopped;
};

/// Carriers that bring a file when the test says so.
struct NotingTransfers final : Transfers {
    bool fetch(const TransferOrder& order) override {
        fetched.push_back(order.file);
        return true;
    }
    void remove(const bus::FileDigest&) override {}
    std::vector<TransferReport> drain() override { return std::exchange(news, {}); }
    std::vector<bus::FileDigest> fetched;
    std::vector<TransferReport> news;
};

/// Node `boss` with a claim on `w1`, whose model `m1` lies on node `a` alone.
struct Lacking {
    Given given{{node("boss"), node("a"), bus::FileReplicated{.file = {"m1"}, .node = {"a"}}}};
    NotingHands hands;
    NotingTransfers transfers;
    std::set<bus::FileDigest> here;
    FileMover mover{transfers};
    JobManager jobs{hands,
                    [this](const bus::WorkQueued& order, bus::Position fence) -> Expanded {
                        if (here.contains({"m1"}))
                            return JobOrder{.job = {.work = order.work, .fence = fence}};
                        return CannotRun{.sentence = "model m1 is not on this node",
                                         .missing = {{"m1"}}};
                    },
                    lease_default, &mover};

    Lacking() { given.say(selfplay("w1")).say(claimed("w1", "boss")); }
    void go_round(bus::Duration later = 1s) {
        given.say_at(given.now() + later, bus::NodeUpdated{.node = {"nobody"}});
        mover.sense(given.now());
        tests::carry_out(given, jobs.reports(given.sight()));
        for (const producers::Command& report : mover.reports(given.sight())) {
            tests::carry_out(given, {report});
            mover.answered(report, given.position());
        }
        jobs.settle(given.sight());
        mover.settle(given.sight(), given.position());
        jobs.carry_out(given.sight(), given.host(), true);
        mover.want(jobs.awaited());
        mover.carry_out(given.sight());
    }
};

}  // namespace

TEST_CASE("a job whose inputs lie on another node starts when they have been fetched") {
    Lacking node;
    node.go_round();
    CHECK(node.transfers.fetched == std::vector<bus::FileDigest>{{"m1"}});
    const auto fence = node.given.item("w1").lease->fence;
    CHECK(node.given.host().jobs.at(fence).fetching);  // So the heartbeat names the claim.
    node.go_round();
    CHECK(node.hands.started.empty());
    node.here.insert({"m1"});
    node.transfers.news.push_back(TransferDone{{"m1"}, {"a"}, 5});
    node.go_round();
    CHECK(node.hands.started.size() == 1);
    CHECK_FALSE(node.given.host().jobs.at(fence).fetching);
    CHECK(node.transfers.fetched.size() == 1);
    CHECK(has_copy(node.given.view().data, {"m1"}, boss));
    CHECK(node.given.item("w1").setbacks.empty());
}

TEST_CASE("a job fails for want of an input only when nobody can give it, and names it") {
    Lacking node;
    node.go_round();
    node.transfers.news.push_back(TransferFailed{{"m1"}, "no_such_file", "a has no m1"});
    for (int n = 0; n < 2; ++n) node.go_round();
    const auto& setbacks = node.given.item("w1").setbacks;
    REQUIRE(setbacks.size() == 1);
    CHECK(setbacks[0].kind == "missing_input");
    CHECK(setbacks[0].reason == "model m1 is not on this node; a has no m1");
    CHECK(node.given.item("w1").attempts == 0);
    CHECK(node.jobs.is_idle(node.given.host()));
    CHECK(node.jobs.awaited().empty());
}

TEST_CASE("a job that waits for its inputs ends with its claim, and is given back at a stop") {
    Lacking node;
    node.go_round();
    const auto fence = node.given.item("w1").lease->fence;
    node.given.say(
        bus::WorkLeaseExpired{.work = {"w1"}, .node = boss, .fence = fence, .reason = "silence"});
    node.go_round();
    CHECK(node.jobs.is_idle(node.given.host()));
    node.given.say_at(node.given.now() + 1h, claimed("w1", "boss"));
    node.go_round();
    CHECK(node.jobs.awaited().size() == 1);
    node.jobs.stop_all(node.given.host());
    CHECK(node.given.host().jobs.empty());
    CHECK(asked<ReleaseWork>(node.jobs.reports(node.given.sight())).size() == 1);
    CHECK(node.hands.stopped.empty());
}
