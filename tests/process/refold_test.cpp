// A log that lost its last events, as after a loss of power at all servers at once: the nodes stop,
// and go on with what is left when a person says so. One real nats-server, whose store is put back.

#include "tests/process/node_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

constexpr int log_unusable = 12, data_dir_taken = 7;

int refold(const NodeCluster& cluster, const std::string& node) {
    const std::string output = cluster.data(node) + ".refold";
    return Daemon({"refold", "--data", cluster.data(node)}, output).exit_code(60s).value_or(-1);
}

std::int64_t position(const NodeCluster& cluster, const std::string& node) {
    const std::string page = cluster.get(node, "/status");
    const std::string name = "\"position\":";
    const auto at = page.find(name);
    return at == std::string::npos ? 0 : std::atoll(page.c_str() + at + name.size());
}

bool reaches(const NodeCluster& cluster, std::int64_t at_least) {
    return await(
        [&] {
            return std::ranges::all_of(cluster.names(), [&](const std::string& node) {
                return position(cluster, node) >= at_least;
            });
        },
        120s);
}

}  // namespace

TEST_CASE("nodes stop at a log that lost its last events, and go on with it after refold") {
    ClusterShape shape = quick({.voters = 1, .workers = 1});
    shape.managed = false;
    shape.one_server = true;
    NodeCluster cluster(shape);
    const std::vector<std::string> nodes = cluster.names();
    NatsServer& server = cluster.server("voter-1");
    const auto all = [&](auto&& what) { std::ranges::for_each(nodes, what); };
    const auto kill = [&](const std::string& node) { cluster.kill(node); };
    const auto start = [&](const std::string& node) { cluster.start(node); };
    const TemporaryFolder backup;
    constexpr auto recursive = std::filesystem::copy_options::recursive;

    REQUIRE(reaches(cluster, 40));
    all(kill);
    server.stop();
    std::filesystem::copy(server.store(), backup / "store", recursive);
    server.start();
    all(start);
    REQUIRE(reaches(cluster, 120));
    CHECK(refold(cluster, "worker-1") == data_dir_taken);
    all(kill);
    server.stop();
    server.wipe();
    std::filesystem::copy(backup / "store", server.store(), recursive);
    server.start();

    all(start);
    all([&](const std::string& node) {
        CHECK(cluster.daemon(node).exit_code(60s) == log_unusable);
        CHECK(text_of(cluster.log_file(node)).find("'ringrift refold --data") != std::string::npos);
    });
    all([&](const std::string& node) { CHECK(refold(cluster, node) == 0); });
    all(start);
    REQUIRE(reaches(cluster, 160));
    CHECK(cluster.says("worker-1", "/ready", "\"ready\":true"));
    CHECK(cluster.says("voter-1", "/status", "\"role\":\"leader\""));
    all([&](const std::string& node) {  // As themselves, at once.
        CHECK(text_of(cluster.log_file(node)).find("Node joined node=" + node) !=
              std::string::npos);
    });
}
