// A whole cluster of real processes: three voters with a nats-server each, two workers, PostgreSQL,
// as ops/cluster starts it for a person.

#include "tests/process/local_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;

TEST_CASE("a cluster comes up by one command, outlives its leader, and leaves nothing behind") {
    if (!has_servers()) return;
    LocalCluster cluster;
    const Ran up = cluster.says("up");
    INFO(up.output);
    REQUIRE(up.code == 0);
    const auto before = cluster.roles();
    REQUIRE(before.contains("leader"));
    for (const char* node : {"voter-1", "voter-2", "voter-3", "worker-1", "worker-2"})
        CHECK(before.contains(node));
    CHECK(up.output.find("http://127.0.0.1:") != std::string::npos);
    CHECK(up.output.find("nats nats://127.0.0.1:") != std::string::npos);

    const std::string former = before.at("leader");
    CHECK(cluster.says("kill " + former).code == 0);
    std::string next;
    CHECK(await(
        [&] {
            const auto roles = cluster.roles();
            const auto found = roles.find("leader");
            next = found == roles.end() ? "" : found->second;
            return !next.empty() && next != former;
        },
        90s));
    INFO("led by " << next << " after " << former);
    CHECK(next.starts_with("voter-"));

    CHECK(cluster.says("start " + former).code == 0);
    CHECK(cluster.says("dance voter-1").code == 2);
    CHECK(cluster.says("kill nobody").code == 1);
    CHECK(cluster.says("down").code == 0);
    CHECK(
        await([&] { return run("pgrep -f -- " + cluster.folder() + "/[c]luster/").output.empty(); },
              20s));
}

TEST_CASE("a leader that is cut off leads no more, and follows when it is back") {
    if (!has_servers()) return;
    LocalCluster cluster(0);
    REQUIRE(cluster.says("up").code == 0);
    const auto urls = cluster.urls();
    const std::string former = cluster.roles().at("leader");
    if (cluster.says("cut " + former).code != 0) {
        WARN("skipped: nodes cannot be cut off here (root, nft)");
        return;
    }
    const std::string& url = urls.at(former);
    // It is reached by us, and by nobody else.
    CHECK(shows(url, "/status", "1 of 3 voters answer, 2 are needed", 20s));
    CHECK(shows(url, "/status", "\"effective_leader_id\":null", 20s));
    CHECK(shows(url, "/ready", "No leader: 1 of 3 voters answer", 20s));
    std::string next;
    CHECK(await(
        [&] {
            for (const auto& [node, role] : cluster.roles()) {
                if (node != "leader" && role == "leader" && node != former) next = node;
            }
            return !next.empty();
        },
        60s));
    REQUIRE(cluster.says("mend " + former).code == 0);
    CHECK(shows(url, "/status", "\"effective_leader_id\":\"" + next + "\"", 90s));
    CHECK(shows(url, "/status", "\"role\":\"follower\"", 1s));
    CHECK(shows(url, "/status", "\"leader_id\":\"" + next + "\"", 90s));

    const LogJudge judge = cluster.judged();
    for (const std::string& fault : judge.faults) FAIL_CHECK(fault);
    CHECK(judge.reigns.size() >= 2);
    CHECK(judge.reigns.rbegin()->second.value == next);
    CHECK(cluster.says("cut " + former).code == 0);
    CHECK(cluster.says("down").code == 0);
    CHECK(run("nft list tables").output.find("ringrift_cluster") == std::string::npos);
}
