// What becomes of leadership when real nodes die, freeze and come back. After each the whole log is
// judged: tests/log_judge.hpp. Cutting off is in cluster_test.
//
// Quick times and a NATS server that stays; RINGRIFT_DEFAULT_SPEED=1 runs all of it as it is by
// default, where each voter's server dies and freezes with it.

#include "tests/process/node_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

/// Another than `former` leads and gives out work in a later reign.
bool gives_out_work_after(LogReader& log, bus::Epoch former, std::chrono::milliseconds within) {
    return log.until(
        [&] {
            const auto& claims = log.judge.claims;
            return log.epoch() > former && !claims.empty() &&
                   claims.rbegin()->second.epoch == log.epoch();
        },
        within);
}

void check_no_fault(LogReader& log) {
    REQUIRE(log.read_to_the_end());
    for (const std::string& fault : log.judge.faults) FAIL_CHECK(fault);
}

std::string voter(int number) {
    return "voter-" + std::to_string(number);
}

/// The node says of the reign what the log says, whoever leads by then: on a busy machine that may
/// change once more.
bool agrees(const NodeCluster& cluster, LogReader& log, const std::string& node) {
    return await(
        [&] {
            log.read();
            const std::string leader = log.leader();
            const std::string role = leader == node ? "leader" : "follower";
            const std::string page = cluster.get(node, "/status");
            return page.find("\"effective_leader_id\":\"" + leader + "\"") != std::string::npos &&
                   page.find("\"role\":\"" + role + "\"") != std::string::npos;
        },
        60s);
}

}  // namespace

TEST_CASE("a leader that is killed or frozen is followed by another, and follows when it is back") {
    NodeCluster cluster(quick({.voters = 3}));
    LogReader log(cluster);
    REQUIRE(gives_out_work_after(log, 0, 60s));
    const std::string killed = log.leader();
    const bus::Epoch first = log.epoch();
    cluster.kill(killed);
    INFO(cluster.last_words());
    REQUIRE(gives_out_work_after(log, first, 60s));
    CHECK(log.leader() != killed);
    cluster.start(killed);
    CHECK(agrees(cluster, log, killed));

    const std::string frozen = log.leader();
    const bus::Epoch epoch = log.epoch();
    cluster.pause(frozen);
    REQUIRE(gives_out_work_after(log, epoch, 60s));
    const bus::Position next_reign = log.judge.position();
    cluster.resume(frozen);
    CHECK(log.leader() != frozen);
    CHECK(agrees(cluster, log, frozen));
    // What it may have had on the way has arrived when this has.
    REQUIRE(log.until([&] { return log.judge.claims.rbegin()->first > next_reign + 20; }));
    CHECK(log.epoch() > epoch);
    check_no_fault(log);
}

TEST_CASE("five voters go on without two, say why they cannot without three, and then go on") {
    NodeCluster cluster(quick({.voters = 5, .slots = 1, .job_seconds = "2"}));
    LogReader log(cluster);
    REQUIRE(gives_out_work_after(log, 0, 60s));
    std::vector<std::string> left;
    for (int i = 1; i <= 5; ++i) left.push_back(voter(i));
    const auto lose = [&](const std::string& name) {
        cluster.kill(name);
        std::erase(left, name);
    };
    const bus::Epoch first = log.epoch();
    lose(log.leader());
    lose(left.front());
    INFO(cluster.last_words());
    REQUIRE(gives_out_work_after(log, first, 90s));

    const std::string third = log.leader();
    const bus::Epoch second = log.epoch();
    // A job that has just begun, on a node that stays.
    REQUIRE(log.until([&] {
        const auto& claim = log.judge.claims.rbegin()->second;
        return claim.node.value != third &&
               !supervised_below(cluster.data(claim.node.value)).empty();
    }));
    const auto claim = *log.judge.claims.rbegin();
    lose(third);
    for (const std::string& name : left) {
        CHECK(cluster.says(name, "/status", "\"effective_leader_id\":null"));
        CHECK(cluster.says(name, "/status", "2 of 5 voters answer, 3 are needed: "));
        CHECK(cluster.says(name, "/ready", "No leader: 2 of 5 voters answer, 3 are needed"));
        CHECK(cluster.says(name, "/status", third + " silent for"));
    }
    // It runs to its end all the same. Where the log is away too, its result waits for it.
    const std::string data = cluster.data(claim.second.node.value);
    CHECK(await([&] { return supervised_below(data).empty(); }, 30s));
    const auto is_said = [&] { return log.judge.results.contains(claim.second.work); };
    if (at_default_speed())
        CHECK_FALSE(is_said());
    else
        CHECK(log.until(is_said));

    cluster.start(third);
    const bool goes_on = gives_out_work_after(log, second, 90s);
    INFO(cluster.last_words());
    REQUIRE(goes_on);
    CHECK(log.until(is_said));
    for (const std::string& name : left)
        CHECK(cluster.says(name, "/status", "\"effective_leader_id\":\"voter-"));
    check_no_fault(log);
}

TEST_CASE("a node that is made a voter elects, leads, and hears who lives") {
    ClusterShape shape = quick({.voters = 1, .workers = 2, .slots = 1, .job_seconds = "4"});
    shape.managed = false;  // The voter dies, and its successors need a server.
    shape.one_server = true;
    NodeCluster cluster(shape);
    LogReader log(cluster);
    REQUIRE(gives_out_work_after(log, 0, 60s));
    const auto change = [&](const std::string& at, const std::string& how,
                            const std::string& node) {
        const auto answer = ops::cli::call({.url = cluster.url(at),
                                            .method = "POST",
                                            .target = "/voters/" + how,
                                            .headers = {{"Content-Type", "application/json"}},
                                            .body = R"({"node":")" + node + R"("})"});
        REQUIRE(answer.ok());
        return *answer;
    };
    // A leader is without a lease for a moment, until a majority of the new voters has answered.
    const auto change_at_last = [&](const std::string& at, const std::string& how,
                                    const std::string& node) {
        ops::cli::ClientResponse answer;
        await([&] { return (answer = change(at, how, node)).status != 503; }, 30s);
        return answer;
    };
    for (const char* node : {"worker-1", "worker-2"}) {
        REQUIRE(cluster.says("voter-1", "/nodes", std::string("\"node_id\":\"") + node + "\""));
        REQUIRE(cluster.says(node, "/status", "\"effective_leader_id\":\"voter-1\""));
    }
    CHECK(change("worker-1", "add", "worker-1").status == 503);  // Only the leader says it.
    CHECK(change("voter-1", "add", "worker-9").status == 404);
    CHECK(change("voter-1", "add", "voter-1").status == 409);
    for (const char* node : {"worker-1", "worker-2"}) {
        const auto added = change_at_last("voter-1", "add", node);
        INFO(added.body);
        REQUIRE(added.status == 200);
    }
    CHECK(cluster.says("voter-1", "/status", "\"total\":3"));

    const bus::Epoch epoch = log.epoch();
    cluster.kill("voter-1");
    INFO(cluster.last_words());
    REQUIRE(gives_out_work_after(log, epoch, 60s));
    const std::string leader = log.leader();
    CHECK(leader.starts_with("worker-"));
    // A leader that heard no heartbeats would take the other's work away before it is done.
    const std::string other = leader == "worker-1" ? "worker-2" : "worker-1";
    bool is_taken = false;
    bool is_done = false;
    const auto see = [&](const bus::Recorded& recorded) {
        const auto* expired = std::get_if<bus::WorkLeaseExpired>(&recorded.event.fact);
        is_taken |= expired != nullptr && expired->node.value == other;
        const auto* done = std::get_if<bus::WorkCompleted>(&recorded.event.fact);
        is_done |= done != nullptr && done->node.value == other &&
                   log.judge.claims.at(done->fence).epoch > epoch;
    };
    CHECK(await([&] { return log.read(see), is_done; }, 60s));
    CHECK_FALSE(is_taken);

    const auto removed = change_at_last(leader, "remove", "voter-1");
    INFO(removed.body);
    CHECK(removed.status == 200);
    CHECK(cluster.says(leader, "/status", "\"total\":2"));
    check_no_fault(log);
}
