// A log that lost its last events, as after a loss of power at all servers at once: the nodes stop,
// and go on with what is left when a person says so; the tables are filled anew. One real
// nats-server, whose store is put back, and a real PostgreSQL.

#include "tests/process/node_cluster.hpp"
#include "tests/process/postgres_tables.hpp"

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

/// The tables from the cluster's log, as the runbook says.
int fill_anew(const NodeCluster& cluster, const std::string& url) {
    const std::string member = cluster.url("voter-1").substr(std::string("http://").size());
    return Daemon({"project", "--peers", member, "--rebuild", "--once", "--postgres", url},
                  cluster.data("voter-1") + ".project")
        .exit_code(60s)
        .value_or(-1);
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
    PostgresServer postgres;
    const std::string url = migrated(postgres.new_database()).url;
    ClusterShape shape =
        quick({.voters = 1, .workers = 1, .voters_arguments = {"--postgres", url}});
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
    const auto tables = [&] { return number(url, "select position from positions"); };
    REQUIRE(await([&] { return tables() >= 100; }, 60s));
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

    INFO("the tables know more than the log does, and then something else");
    CHECK(cluster.says("voter-1", "/status", "the tables are of another log"));
    CHECK(cluster.says("voter-1", "/status", "\"needs_a_person\":true"));
    REQUIRE(reaches(cluster, tables() + 20));  // The log grows past them: now they lack something.
    CHECK_FALSE(cluster.says("voter-1", "/metrics", "ringrift_postgres_lag_events 0\n", 0s));
    CHECK(fill_anew(cluster, url) == 0);
    const std::int64_t here = position(cluster, "voter-1");
    CHECK(await([&] { return tables() > here; }, 60s));
    CHECK(cluster.says("voter-1", "/status", "\"needs_a_person\":false"));
    CHECK(number(url, "select count(*) - max(position) from events") == 0);
}
