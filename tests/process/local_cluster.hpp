#pragma once

// ops/cluster as a test runs it: in a folder of its own, on ports of its own, ended with the
// object.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>

#include "ops/cli/http_client.hpp"
#include "ops/nats/server_config.hpp"
#include "tests/log_judge.hpp"
#include "tests/process/nats_world.hpp"

namespace ringrift::tests {

struct Ran {
    int code = -1;
    std::string output = {};
};

inline Ran run(const std::string& command) {
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
class LocalCluster {
  public:
    /// With the fast workload, unless another one is named or, by an empty name, the reference one.
    explicit LocalCluster(int workers = 2, std::optional<std::string> workload = {}) {
        setenv("RINGRIFT_CLUSTER_DIR", (folder_ / "cluster").c_str(), 1);
        setenv("RINGRIFT_CLUSTER_BUILD", RINGRIFT_BINARY_DIR, 1);
        // Below the ports that the kernel gives away, and not those of a cluster beside this one.
        const int first_port = 18000 + getpid() % 10000;
        setenv("RINGRIFT_CLUSTER_PORT", std::to_string(first_port).c_str(), 1);
        if (!workload) workload = write_fast_workload(folder_.path().string());
        setenv("RINGRIFT_CLUSTER_WORKLOAD", workload->c_str(), 1);
        setenv("RINGRIFT_CLUSTER_WORKERS", std::to_string(workers).c_str(), 1);
        chmod(folder_.path().c_str(), 0755);  // PostgreSQL runs as another user.
    }
    ~LocalCluster() { run(script + " down"); }
    LocalCluster(const LocalCluster&) = delete;
    LocalCluster& operator=(const LocalCluster&) = delete;

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
    /// Node, or `nats`, -> its URL.
    std::map<std::string, std::string> urls() const {
        std::map<std::string, std::string> urls;
        std::istringstream lines(says("status").output);
        for (std::string line; std::getline(lines, line);)
            urls[line.substr(0, line.find(' '))] = line.substr(line.rfind(' ') + 1);
        return urls;
    }
    /// How to reach its log from outside.
    bus::NatsSettings nats() const {
        const std::string token = text_of(folder() + "/cluster/token");
        std::vector<std::string> servers;
        std::istringstream list(urls().at("nats"));
        for (std::string url; std::getline(list, url, ',');) servers.push_back(url);
        bus::NatsSettings settings = quick_settings(std::move(servers));
        settings.user = std::string(ops::nats_user);
        settings.password = ops::nats_password(token, "demo");
        return settings;
    }
    /// The log's whole story.
    LogJudge judged() const {
        ConnectedLog log(nats(), {.stream = {.cluster = "demo", .may_create = false}});
        REQUIRE(log.log.wait_ready(60s));
        LogJudge judge;
        for (const bus::Recorded& recorded : read_all(log)) judge.take(recorded);
        return judge;
    }
    std::string folder() const { return folder_.path().string(); }

  private:
    const std::string script = RINGRIFT_SOURCE_DIR "/ops/cluster";
    TemporaryFolder folder_;
};

/// Whether a node's answer has this in it, before long.
inline bool shows(const std::string& url, const std::string& target, const std::string& text,
                  std::chrono::milliseconds within = 60s) {
    return await(
        [&] {
            const auto answer =
                ops::cli::call({.url = url, .target = target, .time_max = std::chrono::seconds(2)});
            return answer && answer->body.find(text) != std::string::npos;
        },
        within);
}

inline bool has_servers() {
    const bool there = run("PATH=$PATH:/usr/sbin command -v nats-server").code == 0 &&
                       run("command -v curl").code == 0;
    if (!there) WARN("skipped: nats-server or curl is not installed");
    return there;
}

}  // namespace ringrift::tests
