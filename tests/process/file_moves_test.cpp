// Three real nodes that share no folder: files go where they are needed, and whichever end of a
// transfer is killed, it ends in the same place.

#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "ops/cli/http_client.hpp"
#include "ops/jobs/file_digest.hpp"
#include "ops/jobs/file_store.hpp"
#include "tests/catch.hpp"
#include "tests/process/nats_server.hpp"

namespace ringrift::tests {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// One machine: a `ringrift node` with a data folder and a port of its own.
struct Machine {
    std::string name = {};
    std::vector<std::string> arguments = {};
    fs::path data = {};
    std::string output = {};
    int port = 0;
    std::unique_ptr<Daemon> daemon = {};

    void start(std::vector<std::string> more = {}) {
        more.insert(more.begin(), arguments.begin(), arguments.end());
        daemon = std::make_unique<Daemon>(std::move(more), output);
    }
    void kill() {
        daemon->send(SIGKILL);
        CHECK(daemon->exit_code(30s) == 128 + SIGKILL);
    }
    json::value get(const std::string& target) const {
        const auto answer =
            ops::cli::call({.url = "http://127.0.0.1:" + std::to_string(port), .target = target});
        boost::system::error_code problem;
        if (!answer || answer->status != 200) return {};
        json::value value = json::parse(answer->body, problem);
        return problem ? json::value() : value;
    }
    std::vector<json::object> events(const std::string& type) const {
        std::vector<json::object> found;
        const json::value page = get("/events?limit=1000&type=" + type);
        if (!page.is_object()) return found;
        for (const json::value& event : page.at("events").as_array())
            found.push_back(event.at("data").as_object());
        return found;
    }
    std::size_t files_in(const std::string& folder) const {
        std::error_code none;
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : fs::directory_iterator(data / folder, none))
            ++count;
        return count;
    }
    /// Every file under its own name is what the name says. Returns their digests.
    std::set<std::string> whole_files() const {
        std::set<std::string> digests;
        ops::VerifiedFiles verified;
        std::error_code none;
        for (const auto& entry : fs::recursive_directory_iterator(data / "files", none)) {
            if (!entry.is_regular_file(none)) continue;
            const std::string digest = entry.path().filename().string();
            INFO(entry.path().string());
            CHECK(verified.verify(entry.path(), {digest}));
            digests.insert(digest);
        }
        return digests;
    }
};

/// The fast one, with games enough to show that a network is stronger.
std::string write_workload(const std::string& folder) {
    const std::string file = write_fast_workload(folder);
    std::string text = text_of(file);
    const std::string few = "pairs_max = 10\n";
    text.replace(text.find(few), few.size(), "pairs_max = 80\n");
    std::ofstream(file) << text;
    return file;
}

/// `keeper` votes, keeps the log and judges; `player` plays; `trainer` exports and trains.
struct Cluster {
    TemporaryFolder folder;
    std::string workload = write_workload(folder.path().string());
    std::map<std::string, Machine> machines;

    Cluster() {
        setenv("RINGRIFT_JOIN_TOKEN", "file-moves-test", 1);
        Machine& keeper = add("keeper", "evaluation,tournament");
        for (const std::string& word :
             {std::string("--voters"), std::string("keeper"), std::string("--nats"),
              std::string("managed"), std::string("--nats-port"), std::to_string(free_port()),
              std::string("--nats-route-port"), std::to_string(free_port())})
            keeper.arguments.push_back(word);
        const std::string peer = "127.0.0.1:" + std::to_string(keeper.port);
        for (const auto& [name, work] : std::map<std::string, std::string>{
                 {"player", "selfplay"}, {"trainer", "export,training"}}) {
            Machine& worker = add(name, work);
            worker.arguments.insert(worker.arguments.end(), {"--peers", peer});
        }
    }
    /// In good order, so that no job is left behind.
    ~Cluster() {
        for (auto& [name, machine] : machines) {
            if (machine.daemon == nullptr || name == "keeper") continue;
            machine.daemon->send(SIGTERM);
        }
        for (const char* name : {"player", "trainer", "keeper"}) {
            Machine& machine = machines.at(name);
            if (machine.daemon == nullptr) continue;
            machine.daemon->send(SIGTERM);
            machine.daemon->exit_code(60s);
        }
    }
    Machine& add(const std::string& name, const std::string& work) {
        Machine& machine = machines[name];
        machine.name = name;
        machine.data = folder.path() / name;
        machine.output = folder / (name + ".log");
        machine.port = free_port();
        machine.arguments = {"node",
                             "--node-id",
                             name,
                             "--bind",
                             "127.0.0.1",
                             "--advertise",
                             "127.0.0.1",
                             "--port",
                             std::to_string(machine.port),
                             "--data",
                             machine.data.string(),
                             "--workload",
                             workload,
                             "--slots",
                             "1",
                             "--work-types",
                             work,
                             "--heartbeat",
                             "500ms",
                             "--lease",
                             "5s",
                             "--suspect-after",
                             "6s",
                             "--dead-after",
                             "9s",
                             "--stop-grace",
                             "2s"};
        return machine;
    }
    Machine& operator[](const std::string& name) { return machines.at(name); }
    std::string logs() const {
        std::string text;
        for (const auto& [name, machine] : machines)
            text += "---- " + name + "\n" + text_of(machine.output);
        return text;
    }
    bool promoted() { return !(*this)["keeper"].events("MODEL_PROMOTED").empty(); }
};

bool came_to(const std::vector<json::object>& replicated, const std::string& node) {
    return std::ranges::any_of(replicated, [&](const json::object& event) {
        return event.at("node").as_string() == node;
    });
}

}  // namespace

TEST_CASE("nodes that share no folder learn together: one plays, another trains, a third judges") {
    Cluster cluster;
    for (const char* name : {"keeper", "player", "trainer"}) cluster[name].start();
    const Machine& keeper = cluster["keeper"];
    const bool promoted = await([&] { return cluster.promoted(); }, 300s);
    INFO(cluster.logs());
    REQUIRE(promoted);
    for (const auto& games : keeper.events("GAMES_RECORDED")) CHECK(games.at("node") == "player");
    for (const auto& trained : keeper.events("TRAINING_COMPLETED"))
        CHECK(trained.at("node") == "trainer");
    for (const auto& failed : keeper.events("WORK_FAILED"))
        CHECK(failed.at("kind") != "missing_input");
    CHECK(keeper.events("WORK_PARKED").empty());
    for (const char* name : {"trainer", "keeper", "player"})
        CHECK(await([&] { return came_to(keeper.events("FILE_REPLICATED"), name); }, 60s));
    CHECK_FALSE(keeper.events("SYNC_PLANNED").empty());
    CHECK_FALSE(keeper.events("DATA_SYNC_STARTED").empty());
    CHECK_FALSE(keeper.events("DATA_SYNC_COMPLETED").empty());

    // Each file of games and each model has two copies before long.
    std::set<std::string> games;
    for (const auto& event : keeper.events("GAMES_RECORDED"))
        games.insert(std::string(event.at("file").as_string()));
    CHECK(await(
        [&] {
            const auto there = cluster["trainer"].whole_files();
            return std::ranges::includes(there, games);
        },
        60s));
    const json::value status = cluster["trainer"].get("/status");
    CHECK(status.at("data_plane").at("files_fetched").as_int64() > 0);
    CHECK(status.at("data_plane").at("quarantined") == 0);
    CHECK(cluster["player"].get("/status").at("data_plane").at("bytes_out").as_int64() > 0);
    for (const char* name : {"keeper", "player", "trainer"}) cluster[name].whole_files();
}

TEST_CASE("whichever end of a transfer is killed, it ends in the same place and nothing is torn") {
    Cluster cluster;
    Machine& player = cluster["player"];
    Machine& trainer = cluster["trainer"];
    cluster["keeper"].start();
    const std::vector<std::string> slowly = {"--transfer-rate",
                                             "8kB"};  // A file of games, that is.
    player.start(slowly);
    trainer.start();
    const auto arriving = [&] { return trainer.files_in("incoming") > 0; };
    for (int n = 0; n < 3; ++n) {
        const bool underway = await(arriving, 120s);
        INFO(cluster.logs());
        REQUIRE(underway);
        poll(nullptr, 0, 150 * n);
        trainer.kill();
        trainer.whole_files();
        trainer.start();
    }
    for (int n = 0; n < 3; ++n) {
        const bool underway = await(arriving, 120s);
        INFO(cluster.logs());
        REQUIRE(underway);
        player.kill();
        trainer.whole_files();
        player.start(n < 2 ? slowly : std::vector<std::string>());
    }
    const bool promoted = await([&] { return cluster.promoted(); }, 300s);
    INFO(cluster.logs());
    CHECK(promoted);
    for (const char* name : {"keeper", "player", "trainer"}) {
        cluster[name].whole_files();
        CHECK(cluster[name].files_in("quarantine") == 0);
    }
}

}  // namespace ringrift::tests
