// `ringrift on` as a person starts it: over a real nats-server, and through the API of a real
// `ringrift up`. What is killed in the middle comes again; nothing is lost.

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "bus/codec.hpp"
#include "tests/process/nats_world.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

constexpr auto soon = 120s;  // A test that reaches it has failed.

/// One after the other, how often a command saw each number: it writes a line for each.
std::vector<std::string> lines_of(const std::string& path) {
    std::istringstream text(text_of(path));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

std::set<std::string> each_once(const std::vector<std::string>& lines) {
    return {lines.begin(), lines.end()};
}

/// A log on a server of its own, and consumers of it.
struct Place {
    NatsServer server;
    TemporaryFolder folder;
    std::string cluster = fresh_cluster();
    ConnectedLog log =
        ConnectedLog(quick_settings({server.url()}), {.stream = {.cluster = cluster}});
    std::string seen = folder / "seen";
    int started = 0;

    Place() { REQUIRE(log.log.wait_ready(60s)); }

    void say(std::int64_t first, std::int64_t last) {
        for (std::int64_t number = first; number <= last; ++number) {
            const std::vector<bus::Event> events = {numbered(number)};
            REQUIRE(log.append(events));
        }
    }
    std::vector<std::string> words(std::vector<std::string> more,
                                   const std::string& script = {}) const {
        std::vector<std::string> all = {"on",    "--nats", server.url(),   "--cluster",
                                        cluster, "--data", folder / "data"};
        all.insert(all.end(), more.begin(), more.end());
        if (!script.empty()) all.insert(all.end(), {"--", "sh", "-c", script});
        return all;
    }
    /// Writes the id of each event.
    std::string note() const { return "echo $RINGRIFT_EVENT_ID >> " + seen; }
    std::string output() { return folder / ("output" + std::to_string(++started)); }
    /// Runs to its end and says what it printed.
    std::string told(std::vector<std::string> more, int code = 0, const std::string& script = {}) {
        Daemon daemon(words(std::move(more), script), output());
        const auto ended = daemon.exit_code(soon);
        INFO(daemon.output());
        CHECK(ended == code);
        return daemon.output();
    }
    bool sees(std::size_t count) const {
        return await([&] { return each_once(lines_of(seen)).size() >= count; }, soon);
    }
};

/// A node on the embedded log, with its port.
struct UpPlace {
    TemporaryFolder folder;
    std::string workload = write_fast_workload(folder.path().string());
    std::optional<Daemon> node = {};
    std::string url = {};

    UpPlace() { start(); }
    void start(int port = 0) {
        node.emplace(std::vector<std::string>{"up", "--port", std::to_string(port), "--data",
                                              folder / "data", "--workload", workload},
                     folder / "up");
        REQUIRE(node->says("Node started", soon));
        const std::string text = node->output();
        std::smatch found;
        REQUIRE(std::regex_search(text, found, std::regex("api=(http://127.0.0.1:[0-9]+)")));
        url = found[1];
    }
    /// Over the tables of all events that the log holds of the type.
    std::vector<std::string> ids_of(const std::string& type) {
        Daemon log({"log", "--data", folder / "data", "--type", type}, folder / "log");
        REQUIRE(log.exit_code(soon) == 0);
        std::vector<std::string> ids;
        for (const std::string& line : lines_of(folder / "log"))
            ids.push_back(bus::decode(line).id.value);
        std::filesystem::remove(folder / "log");
        return ids;
    }
    std::vector<std::string> words(std::vector<std::string> more, const std::string& script) const {
        std::vector<std::string> all = {"on", "--url", url, "--data", folder / "data"};
        all.insert(all.end(), more.begin(), more.end());
        if (!script.empty()) all.insert(all.end(), {"--", "sh", "-c", script});
        return all;
    }
};

}  // namespace

TEST_CASE("over NATS a command sees each event once and in order, and goes on where it was") {
    Place place;
    place.say(1, 20);
    {
        Daemon on(
            place.words({"WORK_RELEASED", "--name", "a", "--from", "beginning"}, place.note()),
            place.output());
        REQUIRE(place.sees(20));
        on.send(SIGTERM);
        CHECK(on.exit_code(soon) == 0);
    }
    place.say(21, 40);
    Daemon on(place.words({"WORK_RELEASED", "--name", "a"}, place.note()), place.output());
    REQUIRE(place.sees(40));
    std::vector<std::string> expected;
    for (int number = 1; number <= 40; ++number) expected.push_back("e" + std::to_string(number));
    CHECK(lines_of(place.seen) == expected);
    CHECK(await(
        [&] {
            return std::regex_search(place.told({"--list"}),
                                     std::regex("a +ringrift on WORK_RELEASED +40 +0 +0"));
        },
        soon));
}

TEST_CASE("a new name begins now, at the beginning, or at a position") {
    Place place;
    place.say(1, 10);
    Daemon from(place.words({"WORK_RELEASED", "--name", "from", "--from", "8"}, place.note()),
                place.output());
    REQUIRE(place.sees(3));
    CHECK(lines_of(place.seen) == std::vector<std::string>{"e8", "e9", "e10"});
    Daemon now(place.words({"WORK_RELEASED", "--name", "now"},
                           "echo now-$RINGRIFT_EVENT_POSITION >> " + place.seen),
               place.output());
    REQUIRE(now.says("listens", soon));
    place.say(11, 11);
    REQUIRE(place.sees(5));
    CHECK(each_once(lines_of(place.seen)) ==
          std::set<std::string>{"e8", "e9", "e10", "e11", "now-11"});
}

TEST_CASE("over NATS nothing is lost when the consumer is killed in the middle of a command") {
    Place place;
    place.say(1, 30);
    // Kills the whole of it, command and all, in every seventh event, the first time round.
    const std::string once = "case $RINGRIFT_EVENT_POSITION in 7|14|21) test -e " + place.seen +
                             ".$RINGRIFT_EVENT_POSITION || { touch " + place.seen +
                             ".$RINGRIFT_EVENT_POSITION; kill -9 $PPID; sleep 60; };; esac; ";
    int kills = 0;
    while (each_once(lines_of(place.seen)).size() < 30 && kills < 6) {
        Daemon on(place.words({"WORK_RELEASED", "--name", "k", "--from", "beginning"},
                              once + place.note()),
                  place.output());
        REQUIRE(await([&] { return !on.running() || each_once(lines_of(place.seen)).size() == 30; },
                      soon));
        kills += !on.running();
    }
    CHECK(kills == 3);
    CHECK(each_once(lines_of(place.seen)).size() == 30);
}

TEST_CASE("over NATS what fails is tried again, then parked where everybody sees it, then driven") {
    Place place;
    place.say(1, 3);
    const std::string script =
        "test $RINGRIFT_EVENT_POSITION = 2 && { echo no disk >&2; exit 4; }; ";
    Daemon on(place.words({"WORK_RELEASED", "--name", "p", "--from", "beginning", "--attempts", "2",
                           "--pause", "100ms"},
                          script + place.note()),
              place.output());
    REQUIRE(place.sees(2));
    CHECK(lines_of(place.seen) == std::vector<std::string>{"e1", "e3"});
    CHECK(on.output().find("event 2 WORK_RELEASED: attempt 1 of 2 failed: it ended with code 4") !=
          std::string::npos);
    const std::string parked = place.told({"--parked", "--name", "p"});
    CHECK(parked.find("2  WORK_RELEASED  w-2") != std::string::npos);
    CHECK(parked.find("2 attempts: it ended with code 4\n    no disk") != std::string::npos);
    CHECK(place.told({"--redrive", "all", "--name", "p"}, 1, "exit 1").find("1 of 1 stay parked") !=
          std::string::npos);
    place.told({"--redrive", "2", "--name", "p"}, 0, place.note());
    CHECK(lines_of(place.seen) == std::vector<std::string>{"e1", "e3", "e2"});
    CHECK(place.told({"--parked", "--name", "p"}).find("Nothing is parked.") != std::string::npos);
}

TEST_CASE("two of one name share the work: one has the next event, the other goes on after it") {
    Place place;
    const auto words = place.words({"WORK_RELEASED", "--name", "two"}, place.note());
    auto first = std::make_unique<Daemon>(words, place.output());
    REQUIRE(first->says("listens", soon));
    Daemon second(words, place.output());
    REQUIRE(second.says("listens", soon));
    place.say(1, 10);
    REQUIRE(place.sees(10));
    first->send(SIGKILL);
    first.reset();
    place.say(11, 20);
    REQUIRE(place.sees(20));
    CHECK(lines_of(place.seen).size() == 20);
}

TEST_CASE("over NATS a name for other events, an unknown type and a missing log are sentences") {
    Place place;
    std::string other = "nobody";
    {
        Daemon on(place.words({"WORK_RELEASED", "--name", "n"}, place.note()), place.output());
        REQUIRE(on.says("listens", soon));
        on.send(SIGTERM);
        CHECK(on.exit_code(soon) == 0);
    }
    CHECK(place.told({"NODE_JOINED", "--name", "n"}, 2, "true").find("'on-n' is taken") !=
          std::string::npos);
    CHECK(place.told({"MODEL_PROMOTET"}, 2, "true").find("did you mean 'MODEL_PROMOTED'?") !=
          std::string::npos);
    CHECK(place.told({"WORK_RELEASED"}, 2).find("name the command behind --") != std::string::npos);
    std::swap(place.cluster, other);
    CHECK(place.told({"WORK_RELEASED"}, 12, "true").find("there is no log of that name") !=
          std::string::npos);
    std::swap(place.cluster, other);
    place.told({"--forget", "n"});
    CHECK(place.told({"--list"}).find("Nobody listens here.") != std::string::npos);
}

TEST_CASE("over NATS the server's restart is waited for, and nothing is lost by it") {
    Place place;
    Daemon on(place.words({"WORK_RELEASED", "--name", "r"}, place.note()), place.output());
    REQUIRE(on.says("listens", soon));
    place.say(1, 5);
    REQUIRE(place.sees(5));
    place.server.kill();
    REQUIRE(on.says("waiting: ", soon));
    place.server.start();
    REQUIRE(place.log.log.wait_ready(60s));
    place.say(6, 10);
    REQUIRE(place.sees(10));
    on.send(SIGTERM);
    CHECK(on.exit_code(soon) == 0);
}

TEST_CASE(
    "through a node's API every event comes, over kill -9 of both the consumer and the node") {
    UpPlace place;
    const std::string seen = place.folder / "seen";
    const std::string script = "echo $RINGRIFT_EVENT_ID >> " + seen;
    const auto words =
        place.words({"WORK_COMPLETED", "--name", "a", "--from", "beginning"}, script);
    const auto count = [&] { return each_once(lines_of(seen)).size(); };
    auto on = std::make_unique<Daemon>(words, place.folder / "on1");
    REQUIRE(await([&] { return count() >= 3; }, soon));
    on->send(SIGKILL);
    on.reset();
    on = std::make_unique<Daemon>(words, place.folder / "on2");
    REQUIRE(await([&] { return count() >= 5; }, soon));
    const int port = std::stoi(place.url.substr(place.url.rfind(':') + 1));
    place.node->send(SIGKILL);
    REQUIRE(on->says("waiting: ", soon));
    place.start(port);
    const std::size_t before = count();
    REQUIRE(await([&] { return count() >= before + 2; }, soon));
    place.node->send(SIGTERM);
    REQUIRE(place.node->exit_code(soon) == 0);
    on->send(SIGTERM);
    CHECK(on->exit_code(soon) == 0);
    // All that it saw stands in the log, in that order, and nothing between was left out.
    const auto ids = place.ids_of("WORK_COMPLETED");
    std::vector<std::string> lines = lines_of(seen);
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    REQUIRE(lines.size() <= ids.size());
    CHECK(lines == std::vector<std::string>(ids.begin(), ids.begin() + long(lines.size())));
}

TEST_CASE("through a node's API what fails is parked in the data folder, one process a name") {
    UpPlace place;
    const auto told = [&](std::vector<std::string> more, const std::string& script, int code) {
        Daemon daemon(place.words(std::move(more), script), place.folder / "told");
        const auto ended = daemon.exit_code(soon);
        INFO(daemon.output());
        CHECK(ended == code);
        const std::string output = daemon.output();
        std::filesystem::remove(place.folder / "told");
        return output;
    };
    Daemon on(place.words({"NODE_JOINED", "--name", "p", "--from", "beginning", "--attempts", "2",
                           "--pause", "50ms"},
                          "echo broken >&2; exit 9"),
              place.folder / "on");
    REQUIRE(on.says("is parked after 2 attempts: it ended with code 9", soon));
    CHECK(told({"NODE_JOINED", "--name", "p"}, "true", 7).find("one process at a time") !=
          std::string::npos);
    CHECK(told({"--list"}, "", 0).find("ringrift on NODE_JOINED") != std::string::npos);
    CHECK(told({"--parked", "--name", "p"}, "", 0).find("broken") != std::string::npos);
    on.send(SIGTERM);
    CHECK(on.exit_code(soon) == 0);
    told({"--redrive", "all", "--name", "p"}, "grep -q NODE_JOINED", 0);
    CHECK(told({"--parked", "--name", "p"}, "", 0).find("Nothing is parked.") != std::string::npos);
}
