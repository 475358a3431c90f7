// What the NATS CLI would show, asked through libnats with the same subjects, filters and keys: the
// `nats` commands of ops/RUNBOOK.md, each proved once, and none there that is not proved here.

#include <boost/json.hpp>
#include <set>

#include "bus/codec.hpp"
#include "bus/nats_wire.hpp"
#include "bus/subjects.hpp"
#include "tests/process/nats_world.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

constexpr auto soon = 60s;

bus::Event event_of(std::string id, bus::Fact fact) {
    bus::Event event;
    event.id = {std::move(id)};
    event.source = {"gpu-7"};
    event.fact = std::move(fact);
    return event;
}

/// A log in cluster `main` that holds a little of everything.
struct World {
    NatsServer server;
    ConnectedLog log = ConnectedLog(quick_settings({server.url()}), {});
    Operator person{server.url()};

    World() {
        REQUIRE(log.log.wait_ready(60s));
        say(event_of("j", bus::NodeJoined{.node = {"gpu-7"}, .incarnation = 1}));
        say(event_of("q7", bus::WorkQueued{.work = {"w-7"}, .config = {"hex5_2p"}}));
        say(event_of("q8", bus::WorkQueued{.work = {"w-8"}, .config = {"hex5_2p"}}));
        say(event_of("c7", bus::WorkClaimed{.work = {"w-7"}, .node = {"gpu-7"}}));
        say(event_of("p", bus::ModelPromoted{.config = {"hex5_2p"}, .model = {"m"}}));
        say(event_of("j2", bus::NodeJoined{.node = {"gpu-7"}, .incarnation = 2}));
    }
    void say(const bus::Event& event) {
        const std::vector<bus::Event> events = {event};
        REQUIRE(log.append(events));
    }
    /// Ids of what a view through `filter` shows, as `nats stream view --subject` does it.
    std::vector<std::string> view(const std::string& filter) {
        jsSubOptions options;
        jsSubOptions_Init(&options);
        options.Stream = "RINGRIFT_main";
        options.Ordered = true;
        natsSubscription* subscription = nullptr;
        REQUIRE(js_SubscribeSync(&subscription, person.jetstream(), filter.c_str(), nullptr,
                                 &options, nullptr) == NATS_OK);
        std::vector<std::string> ids;
        natsMsg* message = nullptr;
        while (natsSubscription_NextMsg(&message, subscription, 1000) == NATS_OK) {
            ids.push_back(bus::decode(bus::text_of(message)).id.value);
            natsMsg_Destroy(message);
        }
        natsSubscription_Unsubscribe(subscription);
        natsConnection_Flush(person.connection());
        natsSubscription_Destroy(subscription);
        return ids;
    }
    /// What JetStream's own API answers.
    boost::json::value api(const std::string& subject, const std::string& request) {
        natsMsg* raw = nullptr;
        REQUIRE(natsConnection_RequestString(&raw, person.connection(), subject.c_str(),
                                             request.c_str(), 5000) == NATS_OK);
        const bus::NatsMessage message(raw);
        return boost::json::parse(bus::text_of(raw));
    }
    std::string url() const { return server.url(); }
};

/// Each `nats …` command between backquotes or at the start of a line of code.
std::set<std::string> commands_in(const std::string& file) {
    const std::string text = text_of(std::string(RINGRIFT_SOURCE_DIR) + "/" + file);
    std::set<std::string> commands;
    for (std::size_t at = text.find("`nats "); at != std::string::npos;) {
        const std::size_t end = text.find('`', at + 1);
        commands.insert(text.substr(at + 1, end - at - 1));
        at = text.find("`nats ", end + 1);
    }
    return commands;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("the runbook names no nats command but those that are proved below") {
    const std::set<std::string> proved = {
        "nats sub 'ringrift.main.*.*.TRAINING_COMPLETED'",
        "nats sub 'ringrift.main.work.w-7.>'",
        "nats sub 'ringrift.main.telemetry.*'",
        "nats sub 'ringrift.main.wire.>'",
        "nats sub 'ringrift.main.ingest.>'",
        "nats stream view RINGRIFT_main --subject 'ringrift.main.work.w-7.>'",
        "nats stream view RINGRIFT_main --subject 'ringrift.main.training.*.MODEL_PROMOTED'",
        "nats stream get RINGRIFT_main 1234",
        "nats stream get RINGRIFT_main --last-for 'ringrift.main.nodes.gpu-7.NODE_JOINED'",
        "nats stream subjects RINGRIFT_main",
        "nats stream gaps RINGRIFT_main",
        "nats stream info RINGRIFT_main",
        "nats consumer ls RINGRIFT_main",
        "nats consumer info RINGRIFT_main on-announce",
        "nats kv ls RINGRIFT_ON_main",
        "nats kv get RINGRIFT_ON_main announce.1234",
        "nats --user ringrift --password …",
        "nats request ringrift.main.ingest.sync_completed "
        "'{\"host\":\"gpu-7\",\"config_key\":\"hex5_2p\"}'"};
    CHECK(commands_in("ops/RUNBOOK.md") == proved);
}

TEST_CASE("nats sub: a type across all nouns, one item, telemetry and the wire, as they happen") {
    World world;
    std::vector<std::unique_ptr<bus::NatsReceiver>> receivers;
    std::mutex mutex;
    std::map<std::string, std::vector<std::string>> heard;
    for (const std::string subject :
         {"ringrift.main.*.*.TRAINING_COMPLETED", "ringrift.main.work.w-7.>",
          "ringrift.main.telemetry.*", "ringrift.main.wire.>"}) {
        receivers.push_back(std::make_unique<bus::NatsReceiver>(
            world.person.connection(), subject, [&, subject](natsMsg* message) {
                const std::lock_guard lock(mutex);
                heard[subject].push_back(std::string(bus::text_of(message)));
            }));
        REQUIRE(receivers.back()->good());
    }
    REQUIRE(natsConnection_Flush(world.person.connection()) == NATS_OK);
    bus::NatsWire wire(
        world.log.connection,
        {.cluster = "main", .self = {"gpu-7"}, .is_telemetry = [](const bus::Message& message) {
             return std::holds_alternative<bus::NodeHeartbeat>(message);
         }});
    REQUIRE(await([&] { return wire.connected(); }, soon));
    world.say(event_of("t", bus::TrainingCompleted{.config = {"hex5_2p"}, .model = {"m2"}}));
    world.say(event_of("r7", bus::WorkReleased{.work = {"w-7"}, .node = {"gpu-7"}}));
    wire.send({.message = bus::NodeHeartbeat{.incarnation = 2, .turn_age_ms = 12s}});
    wire.send({.to = {"v1"}, .message = bus::WorkWanted{.incarnation = 2}});
    const auto count = [&](const std::string& subject) {
        const std::lock_guard lock(mutex);
        return heard[subject].size();
    };
    for (const std::string subject :
         {"ringrift.main.*.*.TRAINING_COMPLETED", "ringrift.main.work.w-7.>",
          "ringrift.main.telemetry.*", "ringrift.main.wire.>"}) {
        INFO(subject);
        CHECK(await([&] { return count(subject) == 1; }, soon));
    }
    const std::lock_guard lock(mutex);
    CHECK(bus::decode(heard["ringrift.main.*.*.TRAINING_COMPLETED"].at(0)).id.value == "t");
    CHECK(bus::decode(heard["ringrift.main.work.w-7.>"].at(0)).id.value == "r7");
    CHECK(heard["ringrift.main.telemetry.*"].at(0).find("\"turn_age_ms\":12000") !=
          std::string::npos);
}

TEST_CASE("nats stream view: one item's history, and every event of a type") {
    World world;
    CHECK(world.view("ringrift.main.work.w-7.>") == Ids{"q7", "c7"});
    CHECK(world.view("ringrift.main.training.*.MODEL_PROMOTED") == Ids{"p"});
    CHECK(world.view("ringrift.main.nodes.>") == Ids{"j", "j2"});
}

TEST_CASE("nats stream get: what stands at a position, with its id as header, and the last word") {
    World world;
    natsMsg* raw = nullptr;
    REQUIRE(js_GetMsg(&raw, world.person.jetstream(), "RINGRIFT_main", 4, nullptr, nullptr) ==
            NATS_OK);
    const bus::NatsMessage message(raw);
    CHECK(std::string_view(natsMsg_GetSubject(raw)) == "ringrift.main.work.w-7.WORK_CLAIMED");
    const char* id = nullptr;
    REQUIRE(natsMsgHeader_Get(raw, "Nats-Msg-Id", &id) == NATS_OK);
    CHECK(std::string_view(id) == "c7");
    CHECK(bus::decode(bus::text_of(raw)).id.value == "c7");
    natsMsg* last = nullptr;
    REQUIRE(js_GetLastMsg(&last, world.person.jetstream(), "RINGRIFT_main",
                          "ringrift.main.nodes.gpu-7.NODE_JOINED", nullptr, nullptr) == NATS_OK);
    const bus::NatsMessage owned(last);
    CHECK(bus::decode(bus::text_of(last)).id.value == "j2");
}

TEST_CASE("nats stream subjects, gaps and info: what there is, no gap, the last position") {
    World world;
    const auto info = world.api("$JS.API.STREAM.INFO.RINGRIFT_main",
                                R"({"subjects_filter":">","deleted_details":true})");
    const auto& state = info.at("state").as_object();
    CHECK(state.at("last_seq").to_number<int>() == 6);
    CHECK(state.at("messages").to_number<int>() == 6);
    CHECK_FALSE(state.contains("num_deleted"));
    const auto& subjects = state.at("subjects").as_object();
    CHECK(subjects.at("ringrift.main.nodes.gpu-7.NODE_JOINED").to_number<int>() == 2);
    CHECK(subjects.at("ringrift.main.work.w-7.WORK_QUEUED").to_number<int>() == 1);
    CHECK(info.at("config").at("deny_delete").as_bool());
}

TEST_CASE("nats consumer and nats kv: how far ringrift on has come, and what it parked") {
    World world;
    const TemporaryFolder folder;
    const std::string seen = folder / "seen";
    Daemon on({"on", "NODE_JOINED", "--name", "announce", "--from", "beginning", "--attempts", "1",
               "--nats", world.url(), "--data", folder / "data", "--", "sh", "-c",
               "echo $RINGRIFT_EVENT_ID >> " + seen + "; test $RINGRIFT_EVENT_POSITION = 6"},
              folder / "output");
    REQUIRE(await([&] { return text_of(seen) == "j\nj2\n"; }, soon));
    const auto consumer = [&] {
        return world.api("$JS.API.CONSUMER.INFO.RINGRIFT_main.on-announce", "");
    };
    CHECK(await([&] { return consumer().at("ack_floor").at("stream_seq").to_number<int>() == 6; },
                soon));
    const auto info = consumer();
    CHECK(info.at("num_pending").to_number<int>() == 0);
    CHECK(info.at("num_ack_pending").to_number<int>() == 0);
    CHECK(info.at("config").at("description").as_string() == "ringrift on NODE_JOINED");
    CHECK(info.at("config").at("filter_subject").as_string() ==
          "ringrift.main.nodes.*.NODE_JOINED");
    const auto names = world.api("$JS.API.CONSUMER.NAMES.RINGRIFT_main", "").at("consumers");
    const auto& list = names.as_array();
    CHECK(std::ranges::find(list, boost::json::value("on-announce")) != list.end());
    natsMsg* raw = nullptr;
    REQUIRE(js_GetLastMsg(&raw, world.person.jetstream(), "KV_RINGRIFT_ON_main",
                          "$KV.RINGRIFT_ON_main.announce.1", nullptr, nullptr) == NATS_OK);
    const bus::NatsMessage kept(raw);
    const auto parked = boost::json::parse(bus::text_of(raw));
    CHECK(parked.at("position").to_number<int>() == 1);
    CHECK(parked.at("why").as_string() == "it ended with code 1");
    CHECK(bus::decode(std::string_view(parked.at("event").as_string())).id.value == "j");
}
