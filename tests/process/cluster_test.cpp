// A whole cluster of real processes: three voters with a nats-server each, two workers, PostgreSQL,
// as ops/cluster starts it for a person.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/process/daemon.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift::tests;

namespace {

struct Ran {
    int code = -1;
    std::string output = {};
};

Ran run(const std::string& command) {
    Ran ran;
    std::FILE* pipe = popen((command + " 2>/dev/null </dev/null").c_str(), "r");
    REQUIRE(pipe != nullptr);
    char buffer[4096];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe))
        ran.output.append(buffer, got);
    const int status = pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
}

/// Ends with the test, however that ends.
class Cluster {
  public:
    Cluster() {
        setenv("RINGRIFT_CLUSTER_DIR", (folder_ / "cluster").c_str(), 1);
        setenv("RINGRIFT_CLUSTER_BUILD", RINGRIFT_BINARY_DIR, 1);
        setenv("RINGRIFT_CLUSTER_PORT", "18770", 1);
        setenv("RINGRIFT_CLUSTER_WORKLOAD", write_fast_workload(folder_.path().string()).c_str(),
               1);
        chmod(folder_.path().c_str(), 0755);  // PostgreSQL runs as another user.
    }
    ~Cluster() { run(script + " down"); }

    Ran says(const std::string& words) const { return run(script + " " + words); }

    /// Node -> what it is now; and `leader` -> which node.
    std::map<std::string, std::string> roles() const {
        std::map<std::string, std::string> roles;
        std::istringstream lines(says("status").output);
        for (std::string node, role, url; lines >> node >> role;) {
            std::getline(lines, url);
            roles[node] = role;
            if (role == "leader") roles["leader"] = node;
        }
        return roles;
    }
    std::string folder() const { return folder_.path().string(); }

  private:
    const std::string script = RINGRIFT_SOURCE_DIR "/ops/cluster";
    TemporaryFolder folder_;
};

bool has_servers() {
    const bool there = run("PATH=$PATH:/usr/sbin command -v nats-server").code == 0 &&
                       run("command -v curl").code == 0;
    if (!there) WARN("skipped: nats-server or curl is not installed");
    return there;
}

}  // namespace

TEST_CASE("a cluster comes up by one command, outlives its leader, and leaves nothing behind") {
    if (!has_servers()) return;
    Cluster cluster;
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
