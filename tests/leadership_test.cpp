// Who leads: one for each epoch, and by the log alone.

#include "producers/leadership.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Kind = Refusal::Kind;
using projections::Role;

namespace {

bus::LeaderElected elected(bus::Epoch epoch, const std::string& leader) {
    return {.epoch = epoch, .leader = {leader}, .votes = {{leader}}};
}

const projections::LeadershipView& of(const Given& given) {
    return given.view().leadership;
}

bus::ClusterConfigChanged config_of(const std::string& hash) {
    return {.hash = hash,
            .configs = {{.config = {"hex4_2p"}}},
            .work = {{.type = "selfplay"}, {.type = "export", .slots = 2}}};
}

}  // namespace

TEST_CASE("whoever stands asks for the next epoch") {
    Given().when(Lead{.node = {"n2"}, .votes = {{"n2"}}}).then({elected(2, "n2")});
}

TEST_CASE("the first election of an epoch in the log holds, and no other") {
    Given given({elected(2, "n2"), elected(2, "n3")});
    CHECK(of(given).leader == bus::NodeId{"n2"});
    CHECK(of(given).epoch == 2);
    CHECK(of(given).elections_void == 1);
}

TEST_CASE("epochs are neither repeated nor skipped") {
    Given given({elected(1, "n2"), elected(3, "n3"), elected(0, "n4")});
    CHECK(of(given).leader == boss);
    CHECK(of(given).elections_void == 3);
}

TEST_CASE("role is a function of the record and the own id") {
    Given given({elected(2, "n2")});
    CHECK(role_of(of(given), {"n2"}) == Role::leader);
    CHECK(role_of(of(given), boss) == Role::follower);
    CHECK(role_of(projections::LeadershipView{}, {}) == Role::follower);
}

TEST_CASE("a restarted leader has to win again, and can") {
    Given().when(Lead{.node = boss, .votes = {boss}}).then({{elected(2, "boss")}});
}

TEST_CASE("a leader needs votes, and where voters are known a majority of them") {
    Given().when(Lead{.node = {"n1"}}).then_refused(Kind::invalid);
    Given given({bus::VotersChanged{.voters = {{"n1"}, {"n2"}, {"n3"}}}});
    given.when(Lead{.node = {"n1"}, .votes = {{"n1"}, {"n1"}}}).then_refused(Kind::invalid);
    given.when(Lead{.node = {"n1"}, .votes = {{"n1"}, {"stranger"}}}).then_refused(Kind::invalid);
    given.when(Lead{.node = {"n1"}, .votes = {{"n1"}, {"n3"}}})
        .then({bus::LeaderElected{.epoch = 2, .leader = {"n1"}, .votes = {{"n1"}, {"n3"}}}});
}

TEST_CASE("after a step-down nobody leads until the next election") {
    Given given;
    given.when(StepDown{.reason = "asked"}).and_said();
    CHECK(of(given).leader.empty());
    CHECK(of(given).epoch == 1);
    given.when(StepDown{}).then_refused(Kind::not_leader);
    given.say(elected(2, "n2"));
    CHECK(of(given).leader == bus::NodeId{"n2"});
}

TEST_CASE("a late step-down of a former leader ends no reign") {
    Given given({elected(2, "n2")});
    given.say_in_epoch(1, bus::LeaderSteppedDown{.leader = boss});
    CHECK(of(given).leader == bus::NodeId{"n2"});
    CHECK(given.view().counts.void_events == 1);
}

TEST_CASE("the leader changes the config, once") {
    Given given;
    given.when(ChangeConfig{config_of("a")}).then({config_of("a")}).and_said();
    given.when(ChangeConfig{config_of("a")}).then_refused(Kind::duplicate);
    CHECK(policy_of(of(given), bus::ConfigKey{"hex4_2p"})->games_per_job == 50);
    CHECK(policy_of(of(given), bus::WorkType::export_)->slots == 2);
    CHECK(policy_of(of(given), bus::WorkType::training) == nullptr);
    CHECK(policy_of(of(given), bus::ConfigKey{"other"}) == nullptr);
}

TEST_CASE("a config can be changed back and forth") {
    Given given;
    std::set<bus::EventId> ids;
    for (const char* hash : {"a", "b", "a", "b"}) {
        given.when(ChangeConfig{config_of(hash)});
        ids.insert(given.drafts().at(0).id);
        given.and_said();
        CHECK(of(given).config.hash == hash);
    }
    CHECK(ids.size() == 4);
}

TEST_CASE("a config that makes no sense is refused, naming the field") {
    const auto refused = [](auto change, const std::string& field) {
        auto config = config_of("a");
        change(config);
        Given given;
        given.when(ChangeConfig{config}).then_refused(Kind::invalid);
        CHECK(given.refusal_sentence().find(field) != std::string::npos);
    };
    refused([](auto& config) { config.hash = ""; }, "hash");
    refused([](auto& config) { config.configs.push_back(config.configs[0]); }, "twice");
    refused([](auto& config) { config.configs[0].games_per_job = 0; }, "games_per_job");
    refused([](auto& config) { config.configs[0].elo1_milli = 0; }, "elo1_milli");
    refused([](auto& config) { config.work[0].slots = 0; }, "slots");
    refused([](auto& config) { config.work[0].timeout_ms = 0ms; }, "timeout_ms");
}

TEST_CASE("what operators do is counted by action, and the kinds are bounded") {
    Given given;
    given.when(NoteAdminAction{{.action = "sync/trigger", .actor = "127.0.0.1"}, {"a1"}})
        .and_said();
    CHECK(of(given).admin_actions.at("sync/trigger") == 1);
    for (int n = 0; n < 100; ++n) given.say(bus::AdminAction{.action = "odd" + std::to_string(n)});
    CHECK(of(given).admin_actions.size() <= projections::admin_actions_max + 1);
    given.when(NoteAdminAction{{.action = "x"}, {}}).then_refused(Kind::invalid);
}

TEST_CASE("a fact and what refers to it are renamed together for a reign") {
    const auto drafts = in_reign({{.id = {"a"}, .causation = {"x"}, .fact = bus::WorkQueued{}},
                                  {.id = {"b"}, .causation = {"a"}, .fact = bus::WorkStarted{}}},
                                 7);
    CHECK(drafts[0].id == bus::EventId{"a@7"});
    CHECK(drafts[0].causation == bus::EventId{"x"});
    CHECK(drafts[1].id == bus::EventId{"b"});
    CHECK(drafts[1].causation == bus::EventId{"a@7"});
}
