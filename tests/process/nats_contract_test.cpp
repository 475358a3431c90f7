// The contract of a Log, kept by NatsLog on one server and on a cluster of three.

#include "tests/log_contract.hpp"
#include "tests/process/nats_world.hpp"

namespace {

using namespace std::chrono_literals;

std::unique_ptr<bus::Log> open_log(const std::vector<std::string>& servers, int replicas) {
    auto log = std::make_unique<tests::ConnectedLog>(
        tests::quick_settings(servers),
        NatsLogSettings{.stream = {.cluster = tests::fresh_cluster(), .replicas = replicas},
                        .append_wait = 20s,
                        .limits = {.read_wait = 20s}});
    INFO(log->log.health().sentence);
    REQUIRE(log->log.wait_ready(60s));
    return log;
}

}  // namespace

std::vector<ringrift::tests::Transport> ringrift::tests::transports() {
    static NatsServer server;
    static NatsCluster cluster;
    return {
        {"nats, one server", [](const auto&) { return open_log({server.url()}, 1); }},
        {"nats, three servers", [](const auto&) { return open_log(cluster.urls(), 3); }},
    };
}
