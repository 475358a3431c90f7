#include <sys/ptrace.h>
#include <sys/un.h>

#include <cstring>
#include <set>

#include "bus/sqlite_log.hpp"
#include "tests/catch.hpp"
#include "tests/process/daemon.hpp"
#include "tests/process/processes.hpp"
#include "tests/raw_http.hpp"
#include "tests/temporary_folder.hpp"

// A node as a service: what its manager hears of it, and how it is started anew under its jobs.

namespace ringrift::tests {
namespace {

constexpr auto soon = std::chrono::seconds(180);
constexpr auto watchdog = std::chrono::seconds(2);

/// The socket that systemd gives its services, and what was heard on it.
class Manager {
  public:
    explicit Manager(const std::string& path) {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
        setenv("WATCHDOG_USEC", std::to_string(std::chrono::microseconds(watchdog).count()).c_str(),
               1);
    }
    ~Manager() {
        close(socket_);
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
    }
    bool hears(const std::string& text, std::chrono::milliseconds within) {
        return await([&] { return listen().find(text) != std::string::npos; }, within);
    }
    void forget() {
        listen();
        heard_.clear();
    }

  private:
    const std::string& listen() {
        std::array<char, 4096> bytes = {};
        for (ssize_t size = 0; (size = recv(socket_, bytes.data(), bytes.size(), 0)) > 0;)
            heard_.append(bytes.data(), static_cast<std::size_t>(size));
        return heard_;
    }
    int socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    std::string heard_;
};

struct Place {
    TemporaryFolder folder = {};
    std::string workload = write_fast_workload(folder.path().string());
    std::string data = folder / "data";
    std::string output = folder / "output";

    std::vector<std::string> up() const {
        return {"up", "--port", "0", "--data", data, "--workload", workload, "--slots", "2"};
    }
    void let_selfplay_sleep() const {
        std::string text = text_of(workload);
        const auto at = text.find("command");
        text.replace(at, text.find("\ngames") - at, R"(command = ["sleep", "1000"])");
        std::ofstream(workload) << text;
    }
    std::set<std::string> running() const {
        const auto jobs = supervised_below(data);
        return {jobs.begin(), jobs.end()};
    }
};

int port_in(const std::string& output) {
    const std::string mark = "api=http://127.0.0.1:";
    return std::stoi(output.substr(output.find(mark) + mark.size()));
}

/// How often each type of event stands in the log.
std::map<std::string, int> types_in(const std::string& data) {
    auto log = bus::SqliteLog::open(data + "/events.db");
    REQUIRE(log);
    std::map<std::string, int> types;
    for (bus::Position after = 0;;) {
        const auto batch = (*log)->read(after, 10'000);
        REQUIRE(batch);
        if (batch->empty()) return types;
        for (const bus::Recorded& recorded : *batch)
            ++types[std::string(bus::type_of(recorded.event))];
        after += batch->size();
    }
}

}  // namespace

TEST_CASE("systemd hears that the node has joined, how it is, that it lives, and that it stops") {
    const Place place;
    Manager systemd(place.folder / "notify");
    Daemon daemon(place.up(), place.output);
    CHECK(systemd.hears("READY=1\n", soon));
    CHECK(systemd.hears(" leads in main, epoch 1, ", soon));
    CHECK(systemd.hears("WATCHDOG=1\n", soon));
    daemon.send(SIGTERM);
    CHECK(systemd.hears("STOPPING=1\n", soon));
    CHECK(daemon.exit_code(soon) == 0);
}

TEST_CASE("a node whose own thread hangs does not beat, though its API still answers") {
    const Place place;
    Manager systemd(place.folder / "notify");
    Daemon daemon(place.up(), place.output);
    REQUIRE(systemd.hears("READY=1\n", soon));
    if (ptrace(PTRACE_SEIZE, daemon.pid(), nullptr, nullptr) != 0) {
        WARN("skipped: stopping one thread of a process is not allowed here");
        return;
    }
    // The main thread alone, which is the node's.
    REQUIRE(ptrace(PTRACE_INTERRUPT, daemon.pid(), nullptr, nullptr) == 0);
    int status = 0;
    REQUIRE(waitpid(daemon.pid(), &status, 0) == daemon.pid());
    REQUIRE(WIFSTOPPED(status));
    systemd.forget();
    CHECK_FALSE(systemd.hears("WATCHDOG=1\n", 2 * watchdog));
    CHECK(status_of(get(port_in(daemon.output()), "/status")) == 200);
    CHECK(ptrace(PTRACE_DETACH, daemon.pid(), nullptr, nullptr) == 0);
    CHECK(systemd.hears("WATCHDOG=1\n", soon));
}

TEST_CASE("asked to leave its jobs it goes at once, and the next start goes on with them") {
    const Place place;
    place.let_selfplay_sleep();
    std::set<std::string> jobs;
    {
        Daemon first(place.up(), place.output);
        REQUIRE(await([&] { return (jobs = place.running()).size() == 2; }, soon));
        first.send(SIGUSR2);
        REQUIRE(first.exit_code(soon) == 0);
        CHECK(place.running() == jobs);
    }
    auto said = types_in(place.data);
    CHECK(said["NODE_LEFT"] == 0);
    CHECK(said["WORK_RELEASED"] == 0);
    CHECK(said["LEADER_STEPPED_DOWN"] == 1);
    Daemon second(place.up(), place.folder / "second");
    REQUIRE(second.says("[P2P] Leader elected", soon));
    const int port = port_in(second.output());
    CHECK(await(
        [&] {
            const std::string body = body_of(get(port, "/jobs"));
            return std::ranges::all_of(jobs, [&](const std::string& job) {
                return body.find(job.substr(0, job.rfind('@'))) != std::string::npos;
            });
        },
        soon));
    CHECK(place.running() == jobs);
    second.send(SIGTERM);
    CHECK(second.exit_code(soon) == 0);
    CHECK(processes_below(place.data).empty());
}

}  // namespace ringrift::tests
