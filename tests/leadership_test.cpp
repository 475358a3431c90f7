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

const std::vector<bus::NodeId> three = {{"n1"}, {"n2"}, {"n3"}};

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
    Given().when(Lead{.node = {"n2"}, .epoch = 2, .votes = {{"n2"}}}).then({elected(2, "n2")});
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

TEST_CASE("nobody makes another node leader: who is elected says so itself") {
    Given given;
    given.say_as({"n3"}, 1, elected(2, "n2"));
    CHECK(of(given).leader == boss);
    CHECK(of(given).elections_void == 1);
    given.say_as({"n2"}, 1, elected(2, "n2"));
    CHECK(of(given).leader == bus::NodeId{"n2"});
}

TEST_CASE("what a leader may say is void from any other node, whatever epoch it names") {
    Given given({elected(2, "n2")});
    const projections::LeadershipView before = of(given);
    const bus::Fact voters = bus::VotersChanged{.voters = three};
    given.say_as({"n3"}, 2, voters).say_as(boss, 1, voters).say_as(boss, 2, voters);
    CHECK(of(given) == before);
    CHECK(given.view().counts.void_events == 3);
    given.say_as({"n2"}, 2, voters);
    CHECK(of(given).voters == three);
}

TEST_CASE("role is a function of the record and the own id") {
    Given given({elected(2, "n2")});
    CHECK(role_of(of(given), {"n2"}) == Role::leader);
    CHECK(role_of(of(given), boss) == Role::follower);
    CHECK(role_of(projections::LeadershipView{}, {}) == Role::follower);
}

TEST_CASE("a restarted leader has to win again, and can") {
    Given().when(Lead{.node = boss, .epoch = 2, .votes = {boss}}).then({{elected(2, "boss")}});
}

TEST_CASE("a leader needs votes, and where voters are known a majority of them") {
    Given().when(Lead{.node = {"n1"}, .epoch = 2}).then_refused(Kind::invalid);
    Given given({bus::VotersChanged{.voters = three}});
    const auto lead = [](std::vector<bus::NodeId> votes) {
        return Lead{.node = {"n1"}, .epoch = 2, .votes = std::move(votes)};
    };
    given.when(lead({{"n1"}, {"n1"}})).then_refused(Kind::invalid);
    given.when(lead({{"n1"}, {"stranger"}})).then_refused(Kind::invalid);
    given.when(Lead{.node = {"stranger"}, .epoch = 2, .votes = three}).then_refused(Kind::invalid);
    given.when(lead({{"n1"}, {"n3"}}))
        .then({bus::LeaderElected{.epoch = 2, .leader = {"n1"}, .votes = {{"n1"}, {"n3"}}}});
}

TEST_CASE("votes are for one epoch: when it has begun, or is not next, they lead nowhere") {
    Given given({elected(2, "n2")});
    given.when(Lead{.node = {"n1"}, .epoch = 2, .votes = {{"n1"}}}).then_refused(Kind::duplicate);
    given.when(Lead{.node = {"n1"}, .epoch = 4, .votes = {{"n1"}}}).then_refused(Kind::behind);
}

TEST_CASE("two attempts for one epoch are two events: a void one stands in nobody's way") {
    std::set<bus::EventId> ids;
    for (const auto& [name, round] : {std::pair("n1", 1), std::pair("n1", 2), std::pair("n2", 1)}) {
        Given given;
        given.when(Lead{.node = {name}, .epoch = 2, .round = round, .votes = {{name}}});
        ids.insert(given.drafts().at(0).id);
    }
    CHECK(ids.size() == 3);
}

TEST_CASE("the fold asks for a majority of the voters of that moment, and a leader among them") {
    Given given({bus::VotersChanged{.voters = three}});
    const auto said = [&](const std::string& leader, std::vector<bus::NodeId> votes) {
        given.say(bus::LeaderElected{.epoch = 2, .leader = {leader}, .votes = std::move(votes)});
        return of(given).epoch == 2;
    };
    CHECK_FALSE(said("n1", {{"n1"}}));
    CHECK_FALSE(said("n1", {{"n1"}, {"n1"}}));
    CHECK_FALSE(said("n1", {{"n1"}, {"n4"}}));
    CHECK_FALSE(said("n4", {{"n1"}, {"n2"}}));
    CHECK(of(given).elections_void == 4);
    CHECK(said("n1", {{"n1"}, {"n2"}}));
}

TEST_CASE("the first election names the voters, and no later one does") {
    projections::LeadershipView view;
    const auto say = [&](bus::Epoch epoch, const std::string& leader,
                         std::vector<bus::NodeId> votes, std::vector<bus::NodeId> voters) {
        const bus::LeaderElected fact = {.epoch = epoch,
                                         .leader = {leader},
                                         .votes = std::move(votes),
                                         .voters = std::move(voters)};
        apply(view,
              {.position = epoch, .event = {.id = {"e"}, .source = fact.leader, .fact = fact}});
    };
    say(1, "n1", {{"n1"}}, three);
    CHECK(view.epoch == 0);
    say(1, "n1", {{"n1"}, {"n3"}}, three);
    CHECK(view.epoch == 1);
    CHECK(view.voters == three);
    say(2, "n9", {{"n9"}}, {{"n9"}});
    say(2, "n2", {{"n2"}, {"n3"}}, {{"n9"}});
    CHECK(view.epoch == 2);
    CHECK(view.voters == three);
}

TEST_CASE("a log that names no voters is judged by the votes alone, as logs of one machine are") {
    Given given({elected(2, "n2"), elected(3, "n3")});
    CHECK(of(given).leader == bus::NodeId{"n3"});
    CHECK(of(given).voters.empty());
}

TEST_CASE("voters are added and removed one at a time") {
    Given given({bus::VotersChanged{.voters = three}, node("n4"), node("n5")});
    const auto refused = [&](std::vector<bus::NodeId> voters, Kind kind) {
        given.when(ChangeVoters{.voters = voters}).then_refused(kind);
        const auto before = of(given).voters;
        const auto counted = of(given).voters_void;
        if (kind != Kind::invalid) return;
        given.say(bus::VotersChanged{.voters = voters});
        CHECK(of(given).voters == before);
        CHECK(of(given).voters_void == counted + 1);
    };
    refused({}, Kind::invalid);
    refused(three, Kind::invalid);
    refused({{"n1"}, {"n2"}, {"n2"}}, Kind::invalid);
    refused({{"n1"}, {"n2"}, {"n4"}}, Kind::invalid);
    refused({{"n1"}, {"n2"}, {"n3"}, {"n4"}, {"n5"}}, Kind::invalid);
    refused({{"n1"}, {"n2"}, {"n3"}, {"stranger"}}, Kind::unknown);
    const std::vector<bus::NodeId> four = {{"n1"}, {"n2"}, {"n3"}, {"n4"}};
    given.when(ChangeVoters{.voters = four}).then({bus::VotersChanged{.voters = four}}).and_said();
    CHECK(of(given).voters == four);
    given.say_in_epoch(0, bus::VotersChanged{.voters = three});
    CHECK(of(given).voters == four);
    given.when(ChangeVoters{.voters = three}).and_said();
    CHECK(of(given).voters == three);
}

TEST_CASE("whoever is on record but may not lead just now says nothing with a leader's authority") {
    Given given;
    given.host().may_lead = false;
    given.when(ChangeConfig{config_of("a")}).then_refused(Kind::not_leader);
    given.when(StepDown{.reason = "its lease is over"})
        .then({bus::LeaderSteppedDown{.leader = boss, .reason = "its lease is over"}});
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
