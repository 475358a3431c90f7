// What a person's request leads to: commands, loops to wake, or a refusal with a sentence.

#include "ops/admin_plan.hpp"

#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using ops::AdminPlan;
using ops::plan_admin;

namespace {

void check_refused(const AdminPlan& plan, int status, const std::string& code) {
    CHECK_FALSE(plan.reply.accepted);
    CHECK(plan.reply.status == status);
    CHECK(plan.reply.code == code);
    CHECK_FALSE(plan.reply.sentence.empty());
    CHECK_FALSE(plan.reply.hint.empty());
    CHECK(plan.commands.empty());
    CHECK_FALSE(plan.shuts_down);
}

AdminPlan add_work(const Given& given, const std::string& body) {
    return plan_admin({.action = "work/add", .body = body}, given.sight());
}

QueueWork added(const Given& given, const std::string& body) {
    const AdminPlan plan = add_work(given, body);
    INFO(plan.reply.sentence);
    REQUIRE(plan.reply.accepted);
    REQUIRE(plan.commands.size() == 1);
    return std::get<QueueWork>(plan.commands[0]);
}

AdminPlan ingest(const Given& given, const std::string& type, const std::string& body,
                 const std::string& id = "") {
    return plan_admin(
        {.action = "ingest", .parameters = {{"type", type}, {"id", id}}, .body = body},
        given.sight());
}

}  // namespace

TEST_CASE("an election asked for goes through the vote, whoever is asked") {
    for (const bus::NodeId& self : {boss, bus::NodeId{"follower"}}) {
        const AdminPlan plan = plan_admin({.action = "election/start", .reason = "maintenance"},
                                          Given({}, self).sight());
        CHECK(plan.reply.accepted);
        CHECK(plan.reply.status == 202);
        CHECK(plan.reply.sentence.find("boss is asked to step down") != std::string::npos);
        CHECK(plan.commands.empty());
        CHECK(plan.elects_anew);
    }
}

TEST_CASE("a voter more or less is said by the leader, one at a time, with what it means") {
    const bus::NodeJoined n1 = {.node = {"n1"}, .incarnation = 1};
    const bus::NodeJoined n2 = {.node = {"n2"}, .incarnation = 1};
    Given given({n1, n2, bus::VotersChanged{.voters = {boss}}});
    const auto change = [&](const std::string& action, const std::string& node) {
        return plan_admin({.action = "voters/" + action, .parameters = {{"node", node}}},
                          given.sight());
    };
    const AdminPlan added = change("add", "n1");
    REQUIRE(added.reply.accepted);
    CHECK(added.reply.sentence ==
          "n1 votes; of the 2 voters now 2 elect a leader: as many may be lost as with one voter "
          "fewer");
    REQUIRE(added.commands.size() == 1);
    CHECK(std::get<ChangeVoters>(added.commands[0]).voters ==
          std::vector<bus::NodeId>{boss, {"n1"}});
    given.when(added.commands[0]).and_said();
    CHECK(change("add", "n2").reply.sentence == "n2 votes; of the 3 voters now 2 elect a leader");
    CHECK(change("remove", "n1").reply.sentence ==
          "n1 votes no more; of the 1 voters now 1 elect a leader");

    CHECK(change("add", "n1").reply.code == "duplicate");
    CHECK(change("remove", "n2").reply.code == "duplicate");
    CHECK(change("add", "stranger").reply.code == "unknown");
    CHECK(change("add", "").reply.code == "invalid");
    const auto follower = plan_admin({.action = "voters/add", .parameters = {{"node", "n2"}}},
                                     Given({n2}, {"n2"}).sight());
    CHECK(follower.reply.code == "not_leader");
    CHECK(follower.commands.empty());
}

TEST_CASE("claims that were not started for a minute go back to the queue, and only those") {
    Given given({selfplay("fresh"), selfplay("stale"), selfplay("running"), selfplay("waiting")});
    given.say(claimed("stale", "n1")).say(claimed("running", "n1"));
    given.say(of_claim<bus::WorkStarted>(given, "running"));
    given.say_at(start + 1s, claimed("fresh", "n2"));
    given.when(CancelWork{}, start + ops::fresh_claim);
    const AdminPlan plan = plan_admin({.action = "jobs/reset-stale"}, given.sight());
    CHECK(works<ExpireLease>(plan.commands) == std::vector<std::string>{"stale"});
    CHECK(plan.reply.details.at("released") == "1");
    CHECK(plan.reply.sentence == "1 stale claims go back to the queue");
    for (const Command& command : plan.commands) given.when(command).and_said();
    CHECK(given.item("stale").status == projections::WorkStatus::pending);
}

TEST_CASE("a sync asked for wakes the loops that compare files and move the pipeline") {
    const AdminPlan plan = plan_admin({.action = "sync/trigger"}, Given().sight());
    CHECK(plan.reply.status == 202);
    CHECK(plan.wakes == std::vector<std::string_view>{"manifest_collection", "data_management"});
    CHECK(plan.commands.empty());
}

TEST_CASE("a shutdown asked for is the node's own to carry out") {
    const AdminPlan plan = plan_admin({.action = "shutdown"}, Given().sight());
    CHECK(plan.shuts_down);
    CHECK(plan.reply.status == 202);
}

TEST_CASE("work is cancelled and unparked by its name") {
    const auto about = [](const std::string& action, const std::string& work) {
        return plan_admin({.action = action, .parameters = {{"work", work}}, .reason = "because"},
                          Given().sight());
    };
    CHECK(works<CancelWork>(about("work/cancel", "w1").commands) == std::vector<std::string>{"w1"});
    CHECK(asked<CancelWork>(about("work/cancel", "w1").commands)[0].reason == "because");
    CHECK(works<UnparkWork>(about("work/unpark", "w1").commands) == std::vector<std::string>{"w1"});
    check_refused(about("work/cancel", ""), 400, "invalid");
    check_refused(about("work/unpark", ""), 400, "invalid");
}

TEST_CASE("work is added with type and config alone, the rest as the cluster would choose") {
    Given given({rules({policy()})});
    decide_on(given, "m1", winning);
    const auto command = added(given, R"({"type":"selfplay","config":"hex4_2p"})");
    CHECK(command.work.type == bus::WorkType::selfplay);
    CHECK(command.work.config == hex);
    CHECK(command.work.games == 10);
    CHECK(command.work.model == bus::ModelId{"m1"});
    CHECK(command.work.work.value.find("added-") == 0);
    CHECK(add_work(given, R"({"type":"selfplay","config":"hex4_2p"})").reply.details.at("work") ==
          command.work.work.value);
    given.when(Command(command));
    CHECK(given.refusal_sentence().empty());
}

TEST_CASE("what a person says of the work to add is kept") {
    const Given given({rules({policy()})});
    const auto command = added(
        given, R"({"type":"evaluation","config":"hex4_2p","work":"mine","priority":7,"games":3,
        "model":"m1","baseline":"m0","inputs":["f1"],"dedup_key":"key","depends_on":["w1"]})");
    CHECK(command.work.work == bus::WorkId{"mine"});
    CHECK(command.work.priority == 7);
    CHECK(command.work.games == 3);
    CHECK(command.work.model == bus::ModelId{"m1"});
    CHECK(command.work.baseline == bus::ModelId{"m0"});
    CHECK(command.work.inputs == std::vector<bus::FileDigest>{{"f1"}});
    CHECK(command.work.dedup_key == "key");
    CHECK(command.work.depends_on == std::vector<bus::WorkId>{{"w1"}});
}

TEST_CASE("work that cannot be understood, or of a config nobody knows, is refused with a hint") {
    const Given given({rules({policy()})});
    check_refused(add_work(given, ""), 400, "invalid");
    check_refused(add_work(given, "{}"), 400, "invalid");
    check_refused(add_work(given, R"({"type":"dancing","config":"hex4_2p"})"), 400, "invalid");
    check_refused(add_work(given, R"({"type":"selfplay","config":"go19"})"), 404, "unknown");
    check_refused(add_work(given, R"({"type":"selfplay","config":"hex4_2p","games":-3})"), 400,
                  "invalid");
}

TEST_CASE("an event from outside is taken under its canonical and its original name") {
    const Given given;
    const std::string model(64, 'a');
    const std::string body = R"({"work":"w1","config":"hex4_2p","model":")" + model + "\"}";
    for (const char* type : {"TRAINING_COMPLETED", "training_completed"}) {
        const AdminPlan plan = ingest(given, type, body, "my-id");
        INFO(plan.reply.sentence);
        REQUIRE(asked<IngestFact>(plan.commands).size() == 1);
        const IngestFact command = asked<IngestFact>(plan.commands)[0];
        CHECK(command.id == bus::EventId{"my-id"});
        CHECK(std::get<bus::TrainingCompleted>(command.fact).model == bus::ModelId{model});
        CHECK(plan.reply.details.at("id") == "my-id");
    }
    check_refused(ingest(given, "MADE_UP", body), 400, "invalid");
    check_refused(ingest(given, "TRAINING_COMPLETED", "no json"), 400, "invalid");
}

TEST_CASE("an event from outside without an id is named after what it says and when") {
    const Given given;
    const auto id = [&](const std::string& model, const std::string& time) {
        const AdminPlan plan = plan_admin(
            {.action = "ingest",
             .parameters = {{"type", "TRAINING_COMPLETED"}, {"time", time}},
             .body = R"({"config":"hex4_2p","model":")" + std::string(64, model[0]) + "\"}"},
            given.sight());
        return plan.reply.details.at("id");
    };
    CHECK(id("a", "").find("ingest-") == 0);
    CHECK(id("a", "") != id("b", ""));
    CHECK(id("a", "1766916000.1") == id("a", "1766916000.1"));
    CHECK(id("a", "1766916000.1") != id("a", "1766916000.2"));
}

TEST_CASE("an event that lacks something is accepted as parked, with what it lacks") {
    const AdminPlan plan =
        ingest(Given(), "TRAINING_COMPLETED", R"({"config_key":"hex4_2p","model_path":"m.pth"})");
    CHECK(plan.reply.accepted);
    CHECK(plan.reply.details.at("outcome") == "parked");
    CHECK(plan.reply.sentence.find("it names no file by its SHA-256") != std::string::npos);
    REQUIRE(asked<ParkEvent>(plan.commands).size() == 1);
}

TEST_CASE("a node is drained, set aside, released and retired by its name and for a reason") {
    Given given({node("n1"), node("gone"), bus::NodeLeft{.node = {"gone"}, .incarnation = 1}});
    const auto plan = [&](const std::string& deed, std::map<std::string, std::string> parameters,
                          const std::string& reason = "new disk") {
        return plan_admin(
            {.action = "nodes/" + deed, .parameters = std::move(parameters), .reason = reason},
            given.sight());
    };
    const auto drained = plan("drain", {{"node", "n1"}});
    CHECK(drained.reply.accepted);
    CHECK(std::get<DrainNode>(drained.commands.at(0)).reason == "new disk");
    const auto aside = plan("quarantine", {{"node", "n1"}, {"for", "1h30m"}});
    CHECK(std::get<QuarantineNode>(aside.commands.at(0)).until_at == given.now() + 90min);
    CHECK(std::get<RetireNode>(plan("retire", {{"node", "gone"}}).commands.at(0)).node ==
          bus::NodeId{"gone"});
    given.say(bus::NodeDraining{.node = {"n1"}});
    CHECK(std::get<ReleaseNode>(plan("release", {{"node", "n1"}}, "").commands.at(0)).node ==
          bus::NodeId{"n1"});
    check_refused(plan("drain", {}), 400, "invalid");
    check_refused(plan("quarantine", {{"node", "n1"}, {"for", "soon"}}), 400, "invalid");
    check_refused(plan("retire", {{"node", "gone"}}, ""), 400, "invalid");
    const auto still_here = plan("retire", {{"node", "n1"}});
    CHECK(still_here.reply.status == 409);
    CHECK(still_here.commands.empty());
}

TEST_CASE("what only the leader may say of a node leaves no trace when another one is asked") {
    const Given given({node("n1")}, {"n1"});
    const auto plan = plan_admin({.action = "nodes/quarantine",
                                  .parameters = {{"node", "n1"}, {"for", "1h"}},
                                  .reason = "r"},
                                 given.sight());
    CHECK(plan.reply.code == "not_leader");
    CHECK(plan.commands.empty());
}

TEST_CASE("an action that does not exist is not found") {
    check_refused(plan_admin({.action = "cluster/explode"}, Given().sight()), 404, "unknown");
}

TEST_CASE("each refusal has the status that tells a client what to do") {
    using Kind = Refusal::Kind;
    CHECK(ops::status_of(Kind::unknown) == 404);
    CHECK(ops::status_of(Kind::invalid) == 400);
    CHECK(ops::status_of(Kind::not_leader) == 503);
    for (const auto kind : {Kind::duplicate, Kind::not_held, Kind::nothing_waits, Kind::no_room,
                            Kind::held_back, Kind::node_rests, Kind::not_open}) {
        CHECK(ops::status_of(kind) == 409);
    }
}
