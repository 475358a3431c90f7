// The nats-server that a voter runs for itself: where it lives, what becomes of it when it dies,
// and that it never outlives its node.

#include <sys/stat.h>

#include "ops/nats/managed_server.hpp"
#include "tests/process/node_cluster.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using ops::ManagedServer;

namespace {

const bus::Time noon = bus::Time(std::chrono::hours(24 * 365 * 50));

ops::NatsServerConfig config_on(int port) {
    return {.name = "voter-1",
            .cluster = "demo",
            .listen = "127.0.0.1",
            .port = port,
            .join_token = "secret"};
}

struct Started {
    TemporaryFolder folder;
    int port = free_port();
    std::optional<ManagedServer> server;

    Started() {
        auto started = ManagedServer::start(config_on(port), folder / "nats", noon);
        REQUIRE(started.ok());
        server.emplace(std::move(*started));
        REQUIRE(await([this] { return is_listening(port); }, 30s));
    }
    /// kill -9, and what is said of it `at`.
    std::string die(bus::Time at) {
        ::kill(server->pid(), SIGKILL);
        std::string news;
        REQUIRE(await([&] { return !(news = server->look(at)).empty(); }, 30s));
        return news;
    }
};

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Somebody else listens there.
class TakenPort {
  public:
    explicit TakenPort(int port) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        const int again = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
        REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(listen(listener_, 1) == 0);
    }
    ~TakenPort() { close(listener_); }
    TakenPort(const TakenPort&) = delete;
    TakenPort& operator=(const TakenPort&) = delete;

  private:
    const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

/// The server that a node's daemon runs.
pid_t child_of(pid_t daemon) {
    pid_t child = 0;
    await(
        [&] {
            std::istringstream children(
                proc_file(daemon, "task/" + std::to_string(daemon) + "/children"));
            while (children >> child) {
                if (says(proc_file(child, "cmdline"), "nats-server")) return true;
            }
            return false;
        },
        30s);
    return child;
}

}  // namespace

TEST_CASE("its configuration, store and output lie in its folder, for nobody else to read") {
    Started it;
    const std::string folder = it.folder / "nats";
    const std::string config = text_of(folder + "/nats-server.conf");
    CHECK(says(config, folder + "/jetstream"));
    CHECK(says(config, ops::nats_password("secret", "demo")));
    struct stat facts = {};
    REQUIRE(stat((folder + "/nats-server.conf").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 077) == 0);
    CHECK(await([&] { return std::filesystem::exists(folder + "/jetstream"); }, 30s));
    CHECK(
        await([&] { return says(text_of(folder + "/nats-server.log"), "Server is ready"); }, 30s));

    bus::NatsSettings settings = quick_settings({"nats://127.0.0.1:" + std::to_string(it.port)});
    settings.user = std::string(ops::nats_user);
    settings.password = ops::nats_password("secret", "demo");
    CHECK(bus::NatsConnection(settings).wait_connected(10s));
    settings.password = ops::nats_password("another secret", "demo");
    CHECK_FALSE(bus::NatsConnection(settings).wait_connected(1s));
}

TEST_CASE("one that dies is started again, later each time, and soon again once it has settled") {
    Started it;
    ManagedServer& server = *it.server;
    CHECK(server.look(noon).empty());
    bus::Time now = noon + 1s;
    const std::string first = it.die(now);
    CHECK(says(first, "ended with signal 9 and is started again in 500 ms; its last line: ["));
    CHECK_FALSE(server.is_running());
    CHECK(server.look(now + 499ms).empty());
    CHECK(says(server.look(now += 500ms), "was started again, pid "));
    CHECK(server.is_running());
    CHECK(await([&] { return is_listening(it.port); }, 30s));

    CHECK(says(it.die(now += 1s), "again in 1000 ms"));
    CHECK(says(server.look(now += 1s), "was started again"));
    CHECK(says(it.die(now += 1s), "again in 2000 ms"));
    CHECK(says(server.look(now += 2s), "was started again"));
    CHECK(says(it.die(now += ManagedServer::settled_after), "again in 500 ms"));
    CHECK(says(server.look(now += 500ms), "was started again"));
    CHECK(server.restarts() == 4);
}

TEST_CASE("it has ended when stop returns") {
    Started it;
    const pid_t pid = it.server->pid();
    it.server->stop();
    CHECK(::kill(pid, 0) == -1);
    CHECK_FALSE(is_listening(it.port));
    CHECK(it.server->look(noon + 1h).starts_with("nats-server was started again"));
}

TEST_CASE("what an old server cannot do is said before it is started") {
    const auto program = ops::program_on_path("nats-server");
    REQUIRE(program);
    if (ops::can_sync_always(*program)) {
        WARN("skipped: this nats-server can sync before it acknowledges");
        return;
    }
    TemporaryFolder folder;
    ops::NatsServerConfig config = config_on(free_port());
    config.sync_always = true;
    const auto started = ManagedServer::start(config, folder / "nats", noon);
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().code == ops::ExitCode::usage);
    CHECK(says(started.error().sentence, "older than 2.10"));
    CHECK(says(started.error().sentence, "leave out --nats-sync-always"));
}

TEST_CASE("without the program nats-server a node says what to install") {
    CHECK_FALSE(ops::program_on_path("no-such-program"));
    const auto program = ops::program_on_path("nats-server");
    REQUIRE(program);
    TemporaryFolder folder;
    // In a world of its own, in which the program is no file that can be run.
    const std::string command =
        "RINGRIFT_JOIN_TOKEN=secret unshare -m sh -c 'mount --bind /dev/null " + program->string() +
        " && exec " RINGRIFT_BINARY_DIR "/ringrift node --node-id v1 --voters v1 --nats managed" +
        " --advertise 127.0.0.1 --port 0 --data " + (folder / "data") + "' >" +
        (folder / "output") + " 2>&1";
    if (std::system("unshare -m true 2>/dev/null") != 0) {
        WARN("skipped: no mount namespace here");
        return;
    }
    const int status = std::system(command.c_str());
    const std::string output = text_of(folder / "output");
    INFO(output);
    CHECK(WEXITSTATUS(status) == int(ops::ExitCode::usage));
    CHECK(says(output, "needs the program nats-server, which is not on PATH; install it"));
}

TEST_CASE("it ends with its node, and after it: the node's farewell is in the log") {
    NodeCluster cluster({.voters = 1, .managed = true});
    {
        LogReader log(cluster);
        REQUIRE(log.until([&] { return !log.judge.claims.empty(); }));
    }
    Daemon& first = cluster.daemon("voter-1");
    const pid_t server = child_of(first.pid());
    REQUIRE(server > 0);
    // It dies alone: the node starts it again.
    ::kill(server, SIGKILL);
    CHECK(first.says("nats-server was started again", 30s));
    CHECK(first.says("nats-server ended with signal 9", 1s));
    const pid_t second = child_of(first.pid());
    CHECK(second != server);

    first.send(SIGTERM);
    CHECK(first.exit_code(60s) == 0);
    CHECK(::kill(second, 0) == -1);

    cluster.start("voter-1");
    LogReader log(cluster);
    bool has_left = false;
    REQUIRE(await(
        [&] {
            log.read([&](const bus::Recorded& recorded) {
                has_left |= std::holds_alternative<bus::NodeLeft>(recorded.event.fact);
            });
            return has_left;
        },
        60s));
    // kill -9 to the node ends it as well.
    const pid_t third = child_of(cluster.daemon("voter-1").pid());
    cluster.kill("voter-1");
    CHECK(await([&] { return ::kill(third, 0) == -1; }, 30s));
    // Where its port is not free at once, the node that waits for the log starts it again.
    {
        const std::string url = cluster.nats().servers.at(0);
        const TakenPort taken(std::stoi(url.substr(url.rfind(':') + 1)));
        cluster.start("voter-1");
        CHECK(cluster.daemon("voter-1").says("nats-server ended with code 1", 30s));
    }
    CHECK(cluster.says("voter-1", "/status", "\"role\":\"leader\""));
}
