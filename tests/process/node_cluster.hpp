#pragma once

// A cluster of real `ringrift node` processes for a test, and its log as an outsider reads it.
//
// Voters `voter-1`… and workers `worker-1`…, each with a data folder of its own and free ports on
// 127.0.0.1. NATS is what the voters run themselves (`managed`), or servers that the test owns, one
// for each voter or one for all, which live and die apart from the nodes. Jobs sleep for a moment,
// leave one file and end well, so that work is given out all the time. Everything ends with the
// object: nodes by SIGTERM, so that their jobs end too.

#include <sys/stat.h>

#include <cstdlib>
#include <exception>
#include <memory>

#include "bus/json_text.hpp"
#include "ops/cli/http_client.hpp"
#include "ops/nats/server_config.hpp"
#include "tests/log_judge.hpp"
#include "tests/process/nats_world.hpp"
#include "tests/process/processes.hpp"

namespace ringrift::tests {

struct ClusterShape {
    int voters = 3;
    int workers = 0;
    bool managed = false;
    bool one_server = false;  ///< For all; not where they are managed.
    int slots = 2;
    std::string job_seconds = "0.3";
    std::vector<std::string> arguments = {};         ///< More of them, for each node,
    std::vector<std::string> voters_arguments = {};  ///< and for voters only.
};

/// Leaders that are missed soon, and nodes too, for a test that need not measure how soon.
inline const std::vector<std::string> quick_times = {
    "--leader-beacon", "100ms", "--leader-lease",  "1s", "--heartbeat",  "500ms",
    "--lease",         "2s",    "--suspect-after", "3s", "--dead-after", "5s"};

/// Everything takes its time, and each voter runs its own server: minutes, by hand.
inline bool at_default_speed() {
    return std::getenv("RINGRIFT_DEFAULT_SPEED") != nullptr;
}

/// Made quick, unless somebody wants the default speed.
inline ClusterShape quick(ClusterShape shape) {
    shape.managed = at_default_speed();
    shape.one_server = !shape.managed;
    if (shape.managed) return shape;
    shape.arguments.insert(shape.arguments.begin(), quick_times.begin(), quick_times.end());
    return shape;
}

/// A workload whose only work is selfplay that sleeps. Returns the workload file.
inline std::string write_sleepy_workload(const std::string& folder, const std::string& seconds) {
    const std::string script = folder + "/sleepy.sh";
    std::ofstream(script) << R"(#!/bin/sh
sleep )" << seconds << R"(
cd "$RINGRIFT_OUTPUT_DIR"
echo "$RINGRIFT_WORK_ID $RINGRIFT_FENCE" > game.jsonl
digest=$(sha256sum game.jsonl)
echo '{"games":1,"samples":1,"files":[{"name":"game.jsonl","sha256":"'"${digest%% *}"'","games":1}]}' > result.json
)";
    chmod(script.c_str(), 0755);
    const std::string file = folder + "/sleepy.toml";
    std::ofstream out(file);
    out << "name = \"sleepy\"\n[[config]]\nname = \"hex4_2p\"\nweight = 1\n";
    for (const char* type : {"selfplay", "export", "training", "evaluation", "tournament"})
        out << "[" << type << "]\ncommand = [\"{workload}/sleepy.sh\"]\n";
    out << "[thresholds]\ngames_to_export = 1000000\nwindow_games = 1000000\nselfplay_ahead = 16\n";
    return file;
}

class NodeCluster {
  public:
    explicit NodeCluster(ClusterShape shape) : shape_(std::move(shape)) {
        setenv("RINGRIFT_JOIN_TOKEN", token, 1);
        workload_ = write_sleepy_workload(folder_.path().string(), shape_.job_seconds);
        for (int i = 1; i <= shape_.voters; ++i) add("voter-" + std::to_string(i), true);
        for (int i = 1; i <= shape_.workers; ++i) add("worker-" + std::to_string(i), false);
        if (!shape_.managed) start_servers();
        for (const auto& [name, node] : nodes_) start(name);
    }
    ~NodeCluster() {
        for (auto& [name, node] : nodes_) {
            if (node.daemon) resume(name), node.daemon->send(SIGTERM);
        }
        for (auto& [name, node] : nodes_) {
            if (node.daemon) node.daemon->exit_code(60s);
        }
        keep_if_failed();
    }

    // ---- what is done to it

    void start(const std::string& name) {
        Node& node = nodes_.at(name);
        node.daemon = std::make_unique<Daemon>(arguments_of(name, node), folder_ / (name + ".log"));
    }
    /// kill -9 to the daemon. A server that it manages ends with it.
    void kill(const std::string& name) {
        nodes_.at(name).daemon->send(SIGKILL);
        nodes_.at(name).daemon->exit_code(60s);
    }
    /// SIGSTOP to the daemon and the server that it manages.
    void pause(const std::string& name) { signal(name, SIGSTOP); }
    void resume(const std::string& name) { signal(name, SIGCONT); }
    /// The test's own server of this voter.
    NatsServer& server(const std::string& name) { return *servers_.at(name); }

    // ---- what is seen of it

    Daemon& daemon(const std::string& name) { return *nodes_.at(name).daemon; }
    std::string data(const std::string& name) const { return folder_ / name; }
    std::string log_file(const std::string& name) const { return folder_ / (name + ".log"); }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& [name, node] : nodes_) names.push_back(name);
        return names;
    }
    std::string url(const std::string& name) const {
        return "http://127.0.0.1:" + std::to_string(nodes_.at(name).port);
    }
    /// Body of a GET; empty when there is no answer.
    std::string get(const std::string& name, const std::string& target) const {
        const auto answer = ops::cli::call(
            {.url = url(name), .target = target, .time_max = std::chrono::seconds(2)});
        return answer ? answer->body : std::string();
    }
    bool says(const std::string& name, const std::string& target, const std::string& text,
              std::chrono::milliseconds within = 60s) const {
        return await([&] { return get(name, target).find(text) != std::string::npos; }, within);
    }
    /// The end of what each node said, for whoever looks at a failure.
    std::string last_words() const {
        constexpr std::size_t bytes_max = 600;
        std::string words;
        for (const auto& [name, node] : nodes_) {
            const std::string text = text_of(log_file(name));
            words +=
                name + ": " + text.substr(text.size() - std::min(text.size(), bytes_max)) + "\n";
        }
        return words;
    }
    /// All servers of the log, for a client of the test's own.
    bus::NatsSettings nats() const {
        std::vector<std::string> urls;
        for (const auto& [name, node] : nodes_) {
            if (node.votes) urls.push_back(nats_url(name));
        }
        if (shape_.one_server) urls.resize(1);
        bus::NatsSettings settings = quick_settings(std::move(urls));
        if (shape_.managed) {
            settings.user = std::string(ops::nats_user);
            settings.password = ops::nats_password(token, cluster);
        }
        return settings;
    }

    static constexpr const char* cluster = "demo";
    static constexpr const char* token = "a secret of these tests";

  private:
    struct Node {
        bool votes = false;
        int port = 0, nats_port = 0, route_port = 0;
        std::unique_ptr<Daemon> daemon;
    };

    /// RINGRIFT_KEEP_FAILED names a folder that gets all that a failed test left.
    void keep_if_failed() const {
        const char* keep = std::getenv("RINGRIFT_KEEP_FAILED");
        if (keep == nullptr || std::uncaught_exceptions() == 0) return;
        // Sockets and all, which std::filesystem::copy does not take.
        const std::string copy = "cp -a '" + folder_.path().string() + "' '" + keep + "'";
        if (std::system(copy.c_str()) != 0) WARN("not kept: " << copy);
    }
    void add(const std::string& name, bool votes) {
        nodes_[name] = {.votes = votes,
                        .port = lasting_port(),
                        .nats_port = lasting_port(),
                        .route_port = lasting_port(),
                        .daemon = {}};
    }
    /// Below those that the kernel gives away: while a node is down, nobody else gets its port.
    int lasting_port() {
        do {
            next_port_ = next_port_ < 32'000 ? next_port_ + 1 : 20'000;
        } while (is_listening(next_port_));
        return next_port_;
    }
    void start_servers() {
        if (shape_.one_server) {
            servers_["voter-1"] = std::make_unique<NatsServer>();
            return;
        }
        std::string routes;
        for (const auto& [name, node] : nodes_) {
            if (node.votes)
                routes += (routes.empty() ? "\"nats://127.0.0.1:" : ", \"nats://127.0.0.1:") +
                          std::to_string(node.route_port) + "\"";
        }
        for (const auto& [name, node] : nodes_) {
            if (!node.votes) continue;
            std::string config;
            if (shape_.voters > 1) {
                config = "cluster {\n name: tests\n listen: 127.0.0.1:" +
                         std::to_string(node.route_port) + "\n routes: [ " + routes + "]\n}";
            }
            servers_[name] =
                std::make_unique<NatsServer>(NatsServer::Options{.name = name, .config = config});
        }
    }
    std::string nats_url(const std::string& name) const {
        return shape_.managed ? "nats://127.0.0.1:" + std::to_string(nodes_.at(name).nats_port)
                              : servers_.at(shape_.one_server ? "voter-1" : name)->url();
    }
    /// What `say` tells of each voter but this one.
    template <class Say>
    std::string of_others(const std::string& self, Say say) const {
        std::string list;
        for (const auto& [name, node] : nodes_) {
            if (node.votes && name != self) list += (list.empty() ? "" : ",") + say(name, node);
        }
        return list;
    }
    std::vector<std::string> arguments_of(const std::string& name, const Node& node) const {
        std::string urls =
            of_others(name, [&](const auto& other, const Node&) { return nats_url(other); });
        if (node.votes) {
            const std::string own = shape_.managed ? "managed" : nats_url(name);
            urls = own + (urls.empty() ? "" : "," + urls);
        }
        if (shape_.one_server) urls = nats_url("voter-1");
        const std::string voters =
            of_others("", [](const auto& other, const Node&) { return other; });
        std::vector<std::string> words = {
            "node",       "--node-id", name,          "--port",    std::to_string(node.port),
            "--bind",     "127.0.0.1", "--advertise", "127.0.0.1", "--data",
            data(name),   "--cluster", cluster,       "--slots",   std::to_string(shape_.slots),
            "--workload", workload_};
        if (shape_.managed && !node.votes) {  // What it must know, any member tells it.
            const std::string members = of_others(name, [](const auto&, const Node& other) {
                return "127.0.0.1:" + std::to_string(other.port);
            });
            words.insert(words.end(), {"--peers", members});
        } else {
            words.insert(words.end(), {"--voters", voters, "--nats", urls});
        }
        if (shape_.managed && node.votes) {
            const auto route = [](const auto&, const Node& other) {
                return "127.0.0.1:" + std::to_string(other.route_port);
            };
            for (const std::string& word :
                 {std::string("--nats-port"), std::to_string(node.nats_port),
                  std::string("--nats-route-port"), std::to_string(node.route_port)})
                words.push_back(word);
            if (const std::string routes = of_others(name, route); !routes.empty()) {
                words.push_back("--nats-routes");
                words.push_back(routes);
            }
        }
        if (shape_.one_server) words.insert(words.end(), {"--replicas", "1"});
        words.insert(words.end(), shape_.arguments.begin(), shape_.arguments.end());
        const auto& more = shape_.voters_arguments;
        if (node.votes) words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    void signal(const std::string& name, int what) {
        const pid_t daemon = nodes_.at(name).daemon->pid();
        if (!nodes_.at(name).daemon->running()) return;
        std::istringstream children(
            proc_file(daemon, "task/" + std::to_string(daemon) + "/children"));
        for (pid_t child = 0; children >> child;) ::kill(child, what);
        ::kill(daemon, what);
    }

    const ClusterShape shape_;
    int next_port_ = 20'000 + getpid() * 37 % 10'000;
    TemporaryFolder folder_;
    std::string workload_;
    std::map<std::string, Node> nodes_;
    std::map<std::string, std::unique_ptr<NatsServer>> servers_;
};

/// The cluster's log as it grows, judged event by event.
class LogReader {
  public:
    /// Waits until the cluster has a leader: then there is a stream.
    explicit LogReader(const NodeCluster& cluster)
        : has_leader_(cluster.says("voter-1", "/status", "\"effective_leader_id\":\"")),
          log_(cluster.nats(), {.stream = {.cluster = NodeCluster::cluster, .may_create = false}}) {
        INFO(cluster.last_words());
        REQUIRE(has_leader_);
    }

    /// Judges what is new; what each event was and when it was seen goes to `seen`.
    template <class Seen>
    void read(Seen seen) {
        const auto page = log_.read(judge.position(), 1000);
        if (!page) return;
        for (const bus::Recorded& recorded : *page) {
            judge.take(recorded);
            seen(recorded);
        }
    }
    void read() {
        read([](const bus::Recorded&) {});
    }
    /// Reads on until `holds`.
    bool until(const std::function<bool()>& holds, std::chrono::milliseconds within = 60s) {
        return await(
            [&] {
                read();
                return holds();
            },
            within);
    }
    /// All that the log has now.
    bool read_to_the_end() {
        bus::Position end = 0;
        return await(
            [&] {
                const auto last = log_.last();
                if (last) end = *last;
                read();
                return last && end > 0 && judge.position() >= end;
            },
            60s);
    }
    std::string leader() const { return judge.view().leadership.leader.value; }
    bus::Epoch epoch() const { return judge.view().leadership.epoch; }

    LogJudge judge;

  private:
    const bool has_leader_;
    ConnectedLog log_;
};

}  // namespace ringrift::tests
