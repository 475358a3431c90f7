// Events from outside over NATS, as the trainers and scripts of the Python original send them:
// taken, parked or refused, with an answer for who asks, and counted.

#include <boost/json.hpp>

#include "ops/cli/http_client.hpp"
#include "ops/cli/remote.hpp"
#include "tests/process/cluster_node.hpp"
#include "tests/process/nats_world.hpp"

using namespace ringrift;
using namespace ringrift::tests;
namespace json = boost::json;

namespace {

constexpr auto soon = 120s;  // A test that reaches it has failed.
const std::string digest(64, 'a');

struct Place {
    ClusterPlace cluster;
    LoneVoter voter{cluster};
    Operator person{cluster.server.url()};

    Place() {
        // The door opens with the node; before, the server itself says that nobody listens.
        REQUIRE(await([this] { return ask("probe", "{}").is_object(); }, soon));
    }
    /// With an answer; null when none came.
    json::value ask(const std::string& name, const std::string& body) {
        natsMsg* raw = nullptr;
        const natsStatus status = natsConnection_RequestString(
            &raw, person.connection(), ("ringrift.c1.ingest." + name).c_str(), body.c_str(),
            30'000);
        const bus::NatsMessage message(raw);
        if (status != NATS_OK) return nullptr;
        return json::parse(bus::text_of(raw));
    }
    void tell(const std::string& name, const std::string& body) {
        REQUIRE(natsConnection_PublishString(person.connection(),
                                             ("ringrift.c1.ingest." + name).c_str(),
                                             body.c_str()) == NATS_OK);
        REQUIRE(natsConnection_Flush(person.connection()) == NATS_OK);
    }
    json::value get(const std::string& target) const {
        const auto told = ops::cli::ask({.url = voter.url()}, target);
        REQUIRE(told);
        return told->value;
    }
    json::array events(const std::string& type) const {
        return get("/events?limit=1000&type=" + type).at("events").as_array();
    }
    /// `ringrift_<name>…` of /metrics as it stands.
    std::string metrics() const {
        const auto told = ops::cli::call({.url = voter.url(), .target = "/metrics"});
        REQUIRE(told);
        return told->body;
    }
};

std::string text(const json::value& value, const std::string& name) {
    return std::string(value.at(name).as_string());
}

}  // namespace

TEST_CASE("the original's events are taken, parked or refused over NATS, as over HTTP") {
    Place place;

    // Under the original's name and fields, without an envelope: the subject is the type.
    const json::value trained =
        place.ask("training_complete", R"({"config_key":"hex4_2p","model_id":")" + digest +
                                           R"(","final_loss":0.25,"trained_by":"gpu-7"})");
    INFO(json::serialize(trained));
    CHECK(trained.at("accepted").as_bool());
    CHECK(text(trained, "outcome") == "taken");
    const auto position = trained.at("position").to_number<std::int64_t>();
    const json::array all = place.events("TRAINING_COMPLETED");
    REQUIRE(all.size() == 1);
    CHECK(all[0].at("position").to_number<std::int64_t>() == position);
    CHECK(text(all[0].at("data"), "config") == "hex4_2p");
    CHECK(all[0].at("data").at("loss_micro").to_number<std::int64_t>() == 250'000);

    // In the original's envelope, whatever the subject says; sent twice it is one event.
    const std::string started =
        R"({"event_type":"training_started","timestamp":1766916000.5,"event_id":"t-17",)"
        R"("payload":{"config":"hex4_2p","model_version":"v2"}})";
    CHECK(place.ask("any.name", started).at("accepted").as_bool());
    place.ask("any.name", started);
    CHECK(place.events("TRAINING_STARTED").size() == 1);

    // Without a digest it is kept, and says what it lacks.
    const json::value parked = place.ask(
        "TRAINING_COMPLETED", R"({"type":"TRAINING_COMPLETED","data":{"config":"hex4_2p"}})");
    INFO(json::serialize(parked));
    CHECK(parked.at("accepted").as_bool());
    CHECK(text(parked, "outcome") == "parked");
    CHECK(text(parked, "sentence").find("SHA-256") != std::string::npos);

    for (const auto& [name, body, sentence] :
         {std::tuple("training_complete", "no json", "not a JSON object"),
          std::tuple("training_complete", "[1]", "not a JSON object"),
          std::tuple("model_promoted", R"({"config":"hex4_2p","model":"x"})", "promotes"),
          std::tuple("nonsense", R"({"a":1})", "no nonsense"),
          std::tuple("WORK_CLAIMED", R"({"work":"w"})", "not taken from outside")}) {
        const json::value refused = place.ask(name, body);
        INFO(json::serialize(refused));
        CHECK_FALSE(refused.at("accepted").as_bool());
        CHECK_FALSE(text(refused, "code").empty());
        CHECK(text(refused, "error").find(sentence) != std::string::npos);
    }
}

TEST_CASE("who asks for no answer is taken in all the same, refusals are counted and said") {
    Place place;
    for (int i = 0; i < 200; ++i) {
        place.tell("training_started",
                   R"({"config":"hex4_2p","job_id":"j)" + std::to_string(i) + R"("})");
    }
    CHECK(await([&] { return place.events("TRAINING_STARTED").size() == 200; }, soon));
    place.tell("training_complete", "broken {");
    CHECK(place.voter.daemon().says("Refused from outside: training_complete", soon));
    // The probe was refused too.
    CHECK(await(
        [&] {
            const json::value counts = place.get("/status").at("events_from_outside");
            return counts.at("taken").to_number<int>() == 200 &&
                   counts.at("refused").to_number<int>() == 2;
        },
        soon));
    CHECK(place.metrics().find("ringrift_node_events_total{kind=\"ingest_refused\"} 2") !=
          std::string::npos);
}

TEST_CASE("the door is open again after the server's restart") {
    Place place;
    place.cluster.server.kill();
    place.cluster.server.start();
    Operator again(place.cluster.server.url());
    CHECK(await(
        [&] {
            natsMsg* raw = nullptr;
            const natsStatus status = natsConnection_RequestString(
                &raw, again.connection(), "ringrift.c1.ingest.training_started",
                R"({"config":"hex4_2p","job_id":"late"})", 30'000);
            const bus::NatsMessage message(raw);
            return status == NATS_OK && json::parse(bus::text_of(raw)).at("accepted").as_bool();
        },
        soon));
}
