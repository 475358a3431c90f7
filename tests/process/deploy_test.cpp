#include <cstdlib>
#include <filesystem>
#include <regex>

#include "ops/up.hpp"
#include "tests/catch.hpp"
#include "tests/process/daemon.hpp"
#include "tests/process/nats_server.hpp"
#include "tests/temporary_folder.hpp"

// The files in ops/deploy, each judged by the program that it is for.

namespace ringrift::tests {
namespace {

const std::string deploy = RINGRIFT_SOURCE_DIR "/ops/deploy/";
constexpr auto soon = std::chrono::seconds(180);

struct Ran {
    int code = -1;
    std::string output = {};
};

/// A shell command, with both its outputs.
Ran run(const std::string& command) {
    const TemporaryFolder folder;
    const int status = std::system(("{ " + command + "; } > " + (folder / "o") + " 2>&1").c_str());
    return {.code = WEXITSTATUS(status), .output = text_of(folder / "o")};
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

/// The units as they lie on a machine, with the programs and users that they name.
void lay_out_machine(const std::string& root) {
    const auto made = run(
        "set -e; cd " + root +
        "; mkdir -p usr/lib/systemd/system/ringrift-.service.d usr/bin etc; ln -s usr/lib lib"
        "; cp " +
        deploy +
        "systemd/*.service usr/lib/systemd/system; cp " RINGRIFT_BINARY_DIR
        "/ops/deploy/shared.conf usr/lib/systemd/system/ringrift-.service.d"
        "; cp " RINGRIFT_BINARY_DIR
        "/ringrift usr/bin"
        "; for t in basic sysinit network-online network multi-user shutdown; do"
        "   echo '[Unit]' > usr/lib/systemd/system/$t.target; done"
        "; echo root:x:0:0::/:/bin/sh > etc/passwd; echo root:x:0: > etc/group"
        "; echo ringrift:x:999:999::/:/bin/sh >> etc/passwd; echo ringrift:x:999: >> etc/group");
    INFO(made.output);
    REQUIRE(made.code == 0);
}

/// The example of a NATS server as three files for 127.0.0.1, with ports of their own.
class ExampleServers {
  public:
    ExampleServers() {
        const std::string example = text_of(deploy + "nats/nats-server.conf");
        std::string routes;
        std::array<int, 3> ports = {};
        for (int& port : ports) {
            port = free_port();
            routes +=
                "\"nats-route://route:change-me-route@127.0.0.1:" + std::to_string(port) + "\"\n";
        }
        for (std::size_t i = 0; i < ports.size(); ++i) {
            const std::string number = std::to_string(i + 1);
            clients_.push_back(free_port());
            std::string text = with(example, "nats-1", "nats-" + number);
            text = with(text, "0.0.0.0:4222", "127.0.0.1:" + std::to_string(clients_.back()));
            text = with(text, "0.0.0.0:6222", "127.0.0.1:" + std::to_string(ports[i]));
            text = with(text, "http: \"127.0.0.1:8222\"", "");
            text = with(text, "/var/lib/nats", folder_ / ("store" + number));
            text = std::regex_replace(text, std::regex("routes: \\[[^\\]]*\\]"),
                                      "routes: [\n" + routes + "]");
            std::ofstream(file(i)) << text;
        }
    }
    ~ExampleServers() {
        for (const pid_t pid : pids_) kill(pid, SIGKILL), waitpid(pid, nullptr, 0);
    }
    std::string file(std::size_t index) const {
        return folder_ / ("nats-" + std::to_string(index + 1) + ".conf");
    }
    void start() {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            const std::string program = nats_server_program();
            const std::string config = file(i);
            const std::string output = folder_ / "output";
            pids_.push_back(fork());
            if (pids_.back() != 0) continue;
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            dup2(log, STDOUT_FILENO);
            dup2(log, STDERR_FILENO);
            execl(program.c_str(), program.c_str(), "-c", config.c_str(), nullptr);
            _exit(127);
        }
    }
    std::string urls() const {
        std::string text;
        for (const int port : clients_)
            text += (text.empty() ? "" : ",") + ("nats://127.0.0.1:" + std::to_string(port));
        return text;
    }
    std::string output() const { return text_of(folder_ / "output"); }

  private:
    TemporaryFolder folder_;
    std::vector<int> clients_;
    std::vector<pid_t> pids_;
};

/// `ringrift node` alone, as that user of the example.
std::vector<std::string> node_at(const ExampleServers& servers, const TemporaryFolder& folder,
                                 const std::string& user, const std::string& password) {
    return {"node",
            "--node-id",
            "v1",
            "--voters",
            "v1",
            "--port",
            "0",
            "--data",
            folder / "data",
            "--workload",
            write_fast_workload(folder.path()),
            "--join-token",
            "a secret",
            "--replicas",
            "3",
            "--nats",
            servers.urls(),
            "--nats-user",
            user,
            "--nats-password",
            password};
}

}  // namespace

TEST_CASE("the version is the same in the program and in the package") {
    const std::string project = text_of(RINGRIFT_SOURCE_DIR "/CMakeLists.txt");
    std::smatch found;
    REQUIRE(std::regex_search(project, found, std::regex("project\\(ringrift VERSION ([0-9.]+)")));
    CHECK(found[1] == std::string(ops::program_version));
}

TEST_CASE("systemd finds nothing to say about the units") {
    if (run("systemd-analyze --version").code != 0) {
        WARN("skipped: systemd-analyze is not installed");
        return;
    }
    const TemporaryFolder root;
    lay_out_machine(root.path());
    for (const char* unit : {"node", "up", "project", "migrate"}) {
        const auto verified = run("systemd-analyze verify --man=no --root=" + root.path().string() +
                                  " ringrift-" + unit + ".service");
        INFO(unit << ": " << verified.output);
        CHECK(verified.code == 0);
        CHECK(verified.output.empty());
        const auto secure = run("systemd-analyze security --offline=yes --threshold=25 --root=" +
                                root.path().string() + " ringrift-" + unit + ".service");
        INFO(secure.output.substr(secure.output.size() -
                                  std::min<std::size_t>(secure.output.size(), 200)));
        CHECK(secure.code == 0);
    }
}

TEST_CASE("nats-server takes its example, on each of the three machines") {
    const ExampleServers servers;
    for (std::size_t i = 0; i < 3; ++i) {
        const auto checked = run(nats_server_program() + " -t -c " + servers.file(i));
        INFO(checked.output);
        CHECK(checked.code == 0);
    }
    const auto whole = run(nats_server_program() + " -t -c " + deploy + "nats/nats-server.conf");
    INFO(whole.output);
    CHECK(whole.code == 0);
}

TEST_CASE("a node leads and works as the example's user, and its reader cannot write") {
    ExampleServers servers;
    servers.start();
    const TemporaryFolder folder;
    const TemporaryFolder other;
    Daemon node(node_at(servers, folder, "ringrift", "change-me-nodes"), folder / "output");
    const bool synced = node.says("Sync completed", soon);
    INFO(node.output() << servers.output());
    REQUIRE(synced);
    node.send(SIGTERM);
    CHECK(node.exit_code(soon) == 0);
    Daemon reader(node_at(servers, other, "reader", "change-me-reader"), other / "output");
    const auto code = reader.exit_code(soon);
    INFO(reader.output());
    CHECK(code == 12);
}

TEST_CASE("PostgreSQL takes its examples, and the reader reads what ringrift writes") {
    const TemporaryFolder folder;
    const auto ran = run(RINGRIFT_SOURCE_DIR "/tests/process/postgres_example " + deploy + " " +
                         folder.path().string() + " " RINGRIFT_BINARY_DIR "/ringrift " +
                         std::to_string(free_port()) + " " + write_fast_workload(folder.path()));
    INFO(ran.output);
    CHECK(ran.code == 0);
    CHECK(ran.output.find("WRONG HBA") == std::string::npos);
    CHECK(ran.output.find("read: n1\n") != std::string::npos);
    CHECK(ran.output.find("read anew: n1\n") != std::string::npos);
    CHECK(ran.output.find("permission denied") != std::string::npos);
}

}  // namespace ringrift::tests
