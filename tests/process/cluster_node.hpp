#pragma once

// A real `ringrift node` of a test's cluster, on a nats-server that the test runs, with the fast
// workload and a port of its own on 127.0.0.1.

#include <string>
#include <utility>
#include <vector>

#include "tests/process/daemon.hpp"
#include "tests/process/nats_server.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {

inline constexpr const char* cluster_token = "a secret of the test";

/// What the nodes of one test share.
struct ClusterPlace {
    NatsServer server;
    TemporaryFolder folder;
    std::string workload = write_fast_workload(folder.path().string());
    std::string cluster = "c1";
};

/// The words of `ringrift node`; `folder` and `port` are this node's.
inline std::vector<std::string> node_words(const ClusterPlace& place, const std::string& id,
                                           const std::string& folder, int port,
                                           std::vector<std::string> more) {
    std::vector<std::string> words = {
        "node",     "--node-id",           id,           "--port",       std::to_string(port),
        "--data",   place.folder / folder, "--workload", place.workload, "--advertise",
        "127.0.0.1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// The only voter of its cluster, once it leads.
class LoneVoter {
  public:
    explicit LoneVoter(const ClusterPlace& place, std::vector<std::string> more = {})
        : port_(free_port()),
          daemon_(words(place, port_, std::move(more)), place.folder / "v1.log") {
        if (!daemon_.says("Leader elected", std::chrono::seconds(120)))
            throw std::runtime_error("v1 does not lead: " + daemon_.output());
    }
    std::string member() const { return "127.0.0.1:" + std::to_string(port_); }
    std::string url() const { return "http://" + member(); }
    Daemon& daemon() { return daemon_; }

  private:
    static std::vector<std::string> words(const ClusterPlace& place, int port,
                                          std::vector<std::string> more) {
        more.insert(more.end(), {"--cluster", place.cluster, "--voters", "v1", "--nats",
                                 place.server.url(), "--join-token", cluster_token});
        return node_words(place, "v1", "v1", port, std::move(more));
    }

    int port_;
    Daemon daemon_;
};

}  // namespace ringrift::tests
