// The loop of `ringrift on`, with a feed and a command of the test's own: when an event is done,
// when it comes again, when it is set aside.

#include "ops/on/runner.hpp"

#include <deque>

#include "ops/on/event_environment.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::ops;
using namespace ringrift::ops::on;
using Kind = CommandOutcome::Kind;

namespace {

std::string event_text(const std::string& type, const std::string& data = "{}") {
    return R"({"specversion":"1.0","id":"e-1","source":"/main/nodes/gpu-7","type":")" + type +
           R"(","subject":"m-1","time":"2025-12-28T10:00:00.123Z","data":)" + data + "}";
}

struct FakeFeed final : EventFeed {
    std::deque<FedEvent> coming = {};
    std::vector<bus::Position> finished = {};
    std::vector<bus::Position> given_back = {};
    std::map<bus::Position, ParkedEvent> shelf = {};
    std::vector<std::int64_t> noted = {};
    int refusals_to_park = 0;
    std::function<void()> when_empty = {};

    bus::Result<ConsumerState, Exit> open() override { return ConsumerState{}; }
    bus::Result<std::optional<FedEvent>, Exit> next(bus::Duration) override {
        if (coming.empty()) {
            when_empty();
            return std::optional<FedEvent>{};
        }
        FedEvent event = coming.front();
        coming.pop_front();
        return std::optional(event);
    }
    std::string trouble() const override { return {}; }
    bool done(const FedEvent& event) override { return finished.push_back(event.position), true; }
    void note_failed(const FedEvent&, std::int64_t attempts) override { noted.push_back(attempts); }
    void still_at_it(const FedEvent&) override {}
    void give_back(const FedEvent& event) override { given_back.push_back(event.position); }
    bus::Result<bus::Done, std::string> park(const ParkedEvent& event) override {
        if (refusals_to_park-- > 0) return std::string("no room");
        shelf[event.position] = event;
        return bus::Done{};
    }
    bus::Result<std::vector<ParkedEvent>, std::string> parked() override {
        std::vector<ParkedEvent> all;
        for (const auto& [position, event] : shelf) all.push_back(event);
        return all;
    }
    bus::Result<bus::Done, std::string> unpark(bus::Position position) override {
        shelf.erase(position);
        return bus::Done{};
    }
};

struct World {
    FakeFeed feed = {};
    std::vector<CommandOutcome> outcomes = {};  ///< Of the next attempts; then all go well.
    std::vector<std::string> attempts = {};     ///< RINGRIFT_EVENT_POSITION.ATTEMPT of each.
    std::vector<bus::Duration> pauses = {};
    bool stopping = false;
    bool stops_in_command = false;

    World() {
        feed.when_empty = [this] { stopping = true; };
    }
    void comes(bus::Position position, const std::string& type = "MODEL_PROMOTED",
               std::int64_t failed = 0) {
        feed.coming.push_back({.position = position, .text = event_text(type), .failed = failed});
    }
    Runner runner(std::int64_t attempts_max = 3) {
        RunnerPorts ports = {.feed = feed};
        ports.run = [this](const std::string&, const Environment& environment, const auto&) {
            attempts.push_back(environment.at("RINGRIFT_EVENT_POSITION") + "." +
                               environment.at("RINGRIFT_EVENT_ATTEMPT"));
            if (stops_in_command) stopping = true;
            if (outcomes.empty()) return CommandOutcome{.kind = Kind::done};
            const CommandOutcome outcome = outcomes.front();
            outcomes.erase(outcomes.begin());
            return outcome;
        };
        ports.stopping = [this] { return stopping; };
        ports.wait = [this](bus::Duration time) { pauses.push_back(time); };
        ports.now = [] { return bus::Time{}; };
        ports.say = [](const std::string&) {};
        return Runner({.name = "n",
                       .types = *types_of({"MODEL_PROMOTED"}),
                       .attempts_max = attempts_max,
                       .environment = {}},
                      ports);
    }
};

const CommandOutcome fails = {.kind = Kind::failed, .why = "it ended with code 1", .output = "no"};
using Positions = std::vector<bus::Position>;
using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("each event is given to the command once and in order, when all goes well") {
    World world;
    for (const bus::Position position : {4, 7, 9}) world.comes(position);
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts == Words{"4.1", "7.1", "9.1"});
    CHECK(world.feed.finished == Positions{4, 7, 9});
}

TEST_CASE("an event of another type is passed over") {
    World world;
    world.comes(4, "WORK_COMPLETED");
    world.comes(5);
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts == Words{"5.1"});
    CHECK(world.feed.finished == Positions{4, 5});
}

TEST_CASE("an event from outside that is parked in the log is no fact, and is passed over") {
    World world;
    std::string text = event_text("MODEL_PROMOTED");
    text.insert(1, R"("parked":"it names no file",)");
    world.feed.coming.push_back({.position = 4, .text = text});
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts.empty());
    CHECK(world.feed.finished == Positions{4});
}

TEST_CASE("an event that fails comes again before the next one, after a pause") {
    World world;
    world.comes(4);
    world.comes(5);
    world.outcomes = {fails};
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts == Words{"4.1", "4.2", "5.1"});
    CHECK(world.pauses == std::vector<bus::Duration>{std::chrono::seconds(1)});
    CHECK(world.feed.shelf.empty());
}

TEST_CASE("pauses double up to a bound") {
    const RunnerSettings settings;
    CHECK(pause_before_next(settings, 1) == std::chrono::seconds(1));
    CHECK(pause_before_next(settings, 2) == std::chrono::seconds(2));
    CHECK(pause_before_next(settings, 5) == std::chrono::seconds(16));
    CHECK(pause_before_next(settings, 1000) == settings.pause_max);
}

TEST_CASE("an event that failed too often is parked with its evidence, and the next one follows") {
    World world;
    world.comes(4);
    world.comes(5);
    world.outcomes = {fails, fails, fails};
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts == Words{"4.1", "4.2", "4.3", "5.1"});
    CHECK(world.feed.noted == std::vector<std::int64_t>{1, 2, 3});
    REQUIRE(world.feed.shelf.size() == 1);
    const ParkedEvent& parked = world.feed.shelf.at(4);
    CHECK(parked.type == "MODEL_PROMOTED");
    CHECK(parked.about == "m-1");
    CHECK(parked.attempts == 3);
    CHECK(parked.why == "it ended with code 1");
    CHECK(parked.output == "no");
    CHECK(parked.event == event_text("MODEL_PROMOTED"));
    CHECK(world.feed.finished == Positions{4, 5});
}

TEST_CASE("attempts of a former process count") {
    World world;
    world.comes(4, "MODEL_PROMOTED", 2);
    world.outcomes = {fails};
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts == Words{"4.3"});
    CHECK(world.feed.shelf.contains(4));
}

TEST_CASE("an event is never passed over before it is parked, however long that takes") {
    World world;
    world.comes(4);
    world.outcomes = {fails};
    world.feed.refusals_to_park = 3;
    CHECK(world.runner(1).run().code == ExitCode::ok);
    CHECK(world.feed.shelf.contains(4));
    CHECK(world.feed.finished == Positions{4});
}

TEST_CASE("a command that cannot be started parks nothing: the program ends and the event waits") {
    World world;
    world.comes(4);
    world.outcomes = {{.kind = Kind::cannot_start, .why = "./x cannot be run: No such file"}};
    const Exit exit = world.runner().run();
    CHECK(exit.code == ExitCode::usage);
    CHECK(exit.sentence.find("event 4 MODEL_PROMOTED waits") != std::string::npos);
    CHECK(world.feed.given_back == Positions{4});
    CHECK(world.feed.finished.empty());
    CHECK(world.feed.shelf.empty());
}

TEST_CASE("told to stop in the middle of a command, the event is given back and no attempt lost") {
    World world;
    world.comes(4);
    world.stops_in_command = true;
    world.outcomes = {{.kind = Kind::stopped}};
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.feed.given_back == Positions{4});
    CHECK(world.feed.noted.empty());
    CHECK(world.feed.finished.empty());
}

TEST_CASE("an event that is done and comes once more is not given to the command again") {
    World world;
    world.comes(4);
    world.comes(4);
    CHECK(world.runner().run().code == ExitCode::ok);
    CHECK(world.attempts == Words{"4.1"});
}

TEST_CASE("driven anew, a parked event that ends well leaves the shelf, another stays on it") {
    World world;
    world.feed.shelf[4] = {.position = 4, .attempts = 3, .event = event_text("MODEL_PROMOTED")};
    world.feed.shelf[5] = {.position = 5, .attempts = 3, .event = event_text("MODEL_PROMOTED")};
    world.outcomes = {{.kind = Kind::done}, fails};
    const auto result = world.runner().redrive(*world.feed.parked());
    CHECK(result.done == 1);
    CHECK(result.failed == 1);
    REQUIRE(world.feed.shelf.size() == 1);
    CHECK(world.feed.shelf.at(5).attempts == 4);
    CHECK(world.attempts == Words{"4.4", "5.4"});
}

TEST_CASE("the command finds the event's fields in its environment, and cannot be misled by them") {
    const FedEvent event = {
        .position = 12,
        .text = event_text("MODEL_PROMOTED",
                           R"({"config":"hex5_2p","elo_milli":12500,"dry_run":true,"type":"x",
                              "PATH":"/evil","odd name":"y","list":[1],"nested":{"a":1},
                              "long":")" +
                               std::string(40'000, 'x') + R"(","nul":"a\u0000b"})")};
    const Environment environment = environment_of(event, 3);
    const Environment expected = {{"RINGRIFT_EVENT_TYPE", "MODEL_PROMOTED"},
                                  {"RINGRIFT_EVENT_ID", "e-1"},
                                  {"RINGRIFT_EVENT_SUBJECT", "m-1"},
                                  {"RINGRIFT_EVENT_TIME", "2025-12-28T10:00:00.123Z"},
                                  {"RINGRIFT_EVENT_SOURCE", "/main/nodes/gpu-7"},
                                  {"RINGRIFT_EVENT_POSITION", "12"},
                                  {"RINGRIFT_EVENT_ATTEMPT", "3"},
                                  {"RINGRIFT_EVENT_CONFIG", "hex5_2p"},
                                  {"RINGRIFT_EVENT_ELO_MILLI", "12500"},
                                  {"RINGRIFT_EVENT_DRY_RUN", "true"},
                                  {"RINGRIFT_EVENT_PATH", "/evil"}};
    CHECK(environment == expected);
}

TEST_CASE("event types are taken by name, by the original's name and by pattern") {
    CHECK(types_of({"model_promoted"})->names == std::set<std::string>{"MODEL_PROMOTED"});
    CHECK(types_of({"sync_complete"})->names == std::set<std::string>{"DATA_SYNC_COMPLETED"});
    CHECK(types_of({"WORK_*"})->fit("WORK_PARKED"));
    CHECK_FALSE(types_of({"WORK_*"})->fit("NODE_JOINED"));
    CHECK(types_of({"*"})->fit("SOMETHING_OF_TOMORROW"));
    CHECK(types_of({"NODE_JOINED", "WORK_FAILED"})->names.size() == 2);
}

TEST_CASE("an unknown event type is refused with the nearest names") {
    const auto slip = types_of({"MODEL_PROMOTTED"});
    REQUIRE_FALSE(slip);
    CHECK(slip.error() ==
          "there is no event type 'MODEL_PROMOTTED'; did you mean "
          "'MODEL_PROMOTED'?");
    const auto far = types_of({"TRAINING_FINISHED"});
    REQUIRE_FALSE(far);
    CHECK(far.error().find("near it are TRAINING_STARTED") != std::string::npos);
    CHECK_FALSE(types_of({"NOTHING_*"}));
    CHECK_FALSE(types_of({}));
}

TEST_CASE("a consumer asks NATS for the narrowest subject that has all its events") {
    CHECK(subject_for(*types_of({"MODEL_PROMOTED"}), "main") ==
          "ringrift.main.training.*.MODEL_PROMOTED");
    CHECK(subject_for(*types_of({"WORK_*"}), "main") == "ringrift.main.work.*.*");
    CHECK(subject_for(*types_of({"WORK_FAILED", "NODE_JOINED"}), "main").empty());
    CHECK(subject_for(*types_of({"*"}), "main").empty());
}
