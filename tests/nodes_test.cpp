// Who belongs to the cluster, who is silent, who is set aside, and for how long.

#include "producers/nodes.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Kind = Refusal::Kind;
using projections::NodeStatus;

namespace {

bus::NodeJoined node_of(std::int64_t incarnation) {
    auto joined = node("n1");
    joined.incarnation = incarnation;
    return joined;
}

const projections::NodeEntry& n1(const Given& given) {
    return given.view().nodes.nodes.at({"n1"});
}

/// Work that failed on `bad` and passed on `good`.
void fail_and_pass(Given& given, const std::string& work, const std::string& bad,
                   const std::string& good) {
    given.say(selfplay(work)).say(claimed(work, bad));
    given.say(of_claim<bus::WorkFailed>(given, work));
    given.say(claimed(work, good));
    given.say(of_claim<bus::WorkCompleted>(given, work));
}

}  // namespace

TEST_CASE("a node joins") {
    Given().when(JoinCluster{node("n1")}).then({node("n1")});
}

TEST_CASE("a node that starts again joins with a higher incarnation") {
    Given given({node_of(2)});
    given.when(JoinCluster{node_of(2)}).then_refused(Kind::duplicate);
    given.when(JoinCluster{node_of(1)}).then_refused(Kind::invalid);
    given.when(JoinCluster{node_of(3)}).then({node_of(3)});
}

TEST_CASE("a node without a name or with less than no slots is refused") {
    Given().when(JoinCluster{node("")}).then_refused(Kind::invalid);
    Given().when(JoinCluster{node(std::string(201, 'x'))}).then_refused(Kind::invalid);
    Given().when(JoinCluster{node("n1", -1)}).then_refused(Kind::invalid);
}

TEST_CASE("what is said late of a former incarnation says nothing of the present one") {
    Given given({node_of(1), node_of(2)});
    for (const bus::Fact& late :
         std::vector<bus::Fact>{bus::NodeSuspected{.node = {"n1"}, .incarnation = 1},
                                bus::NodeLeft{.node = {"n1"}, .incarnation = 1},
                                bus::HostOffline{.node = {"n1"}, .incarnation = 1}, node_of(1)}) {
        given.say(late);
        CHECK(n1(given).status == NodeStatus::online);
    }
    CHECK(n1(given).joined.incarnation == 2);
}

TEST_CASE("a node that was retired comes back when it is released, and not before") {
    Given given({node_of(1), bus::NodeRetired{.node = {"n1"}, .reason = "sold"}});
    given.say(bus::HostOnline{.node = {"n1"}, .incarnation = 1});
    CHECK(n1(given).status == NodeStatus::retired);
    given.when(JoinCluster{node_of(2)}).then_refused(Kind::id_taken);
    CHECK(given.refusal_sentence().find("retired (sold)") != std::string::npos);
    given.when(ReleaseNode{.node = {"n1"}, .reason = "bought back"}).and_said();
    CHECK(n1(given).status == NodeStatus::left);
    given.when(JoinCluster{node_of(2)}).and_said();
    CHECK(n1(given).status == NodeStatus::online);
}

TEST_CASE("a node is retired once it is gone, by the leader, and never while it is a voter") {
    Given given({node_of(1)});
    const RetireNode retire = {.node = {"n1"}, .reason = "sold"};
    given.when(retire).then_refused(Kind::held_back);
    given.say(bus::NodeLeft{.node = {"n1"}, .incarnation = 1});
    given.when(retire).then({bus::NodeRetired{.node = {"n1"}, .reason = "sold"}}).and_said();
    given.when(retire).then_refused(Kind::duplicate);
    given.when(RetireNode{.node = {"n2"}}).then_refused(Kind::unknown);
    Given voter({node_of(1), bus::VotersChanged{.voters = {boss, {"n1"}, {"n2"}}},
                 bus::HostOffline{.node = {"n1"}, .incarnation = 1}});
    voter.when(retire).then_refused(Kind::held_back);
    CHECK(voter.refusal_sentence().find("is a voter") != std::string::npos);
    Given follower({node_of(1), bus::NodeLeft{.node = {"n1"}, .incarnation = 1}}, {"n1"});
    follower.when(retire).then_refused(Kind::not_leader);
}

TEST_CASE("a voter is not drained when too few others are left to lead") {
    const auto three = [] {
        return Given({node("v1"), node("v2"), node("v3"), node("n1"),
                      bus::VotersChanged{.voters = {{"v1"}, {"v2"}, {"v3"}}}});
    };
    Given given = three();
    given.when(DrainNode{.node = {"v1"}, .reason = "disk"}).and_said();
    given.when(DrainNode{.node = {"v2"}, .reason = "disk"}).then_refused(Kind::held_back);
    CHECK(given.refusal_sentence() ==
          "without v2 only 1 of 3 voters would be left, and nobody could lead; bring back or "
          "release v1 first");
    given.when(DrainNode{.node = {"n1"}, .reason = "disk"})
        .then({bus::NodeDraining{.node = {"n1"}, .reason = "disk"}});
    given.when(ReleaseNode{.node = {"v1"}}).and_said();
    given.when(DrainNode{.node = {"v2"}, .reason = "disk"})
        .then({bus::NodeDraining{.node = {"v2"}, .reason = "disk"}});
    Given offline = three();
    offline.say(bus::HostOffline{.node = {"v3"}, .incarnation = 1});
    offline.when(DrainNode{.node = {"v2"}}).then_refused(Kind::held_back);
    Given alone({node("v1"), bus::VotersChanged{.voters = {{"v1"}}}});
    alone.when(DrainNode{.node = {"v1"}}).then({bus::NodeDraining{.node = {"v1"}}});
}

TEST_CASE("a node is suspected after a minute of silence and offline after a minute and a half") {
    Given given({node("n1")});
    given.when(JudgeSilence{.node = {"n1"}, .silent = 59s}).then_refused(Kind::duplicate);
    given.when(JudgeSilence{.node = {"n1"}, .silent = 60s})
        .then({bus::NodeSuspected{.node = {"n1"}, .incarnation = 1, .silent_ms = 60s}})
        .and_said();
    CHECK(n1(given).status == NodeStatus::suspected);
    given.when(JudgeSilence{.node = {"n1"}, .silent = 89s}).then_refused(Kind::duplicate);
    given.when(JudgeSilence{.node = {"n1"}, .silent = 90s})
        .then({bus::HostOffline{
            .node = {"n1"}, .incarnation = 1, .reason = "no heartbeat for 90 s", .silent_ms = 90s}})
        .and_said();
    CHECK(n1(given).status == NodeStatus::offline);
    CHECK_FALSE(is_alive(n1(given)));
}

TEST_CASE("a node that is heard again is online again, however often it happens") {
    Given given({node("n1")});
    std::set<bus::EventId> ids;
    for (int n = 0; n < 3; ++n) {
        given.when(JudgeSilence{.node = {"n1"}, .silent = 100s}).and_said();
        given.when(JudgeSilence{.node = {"n1"}, .silent = 1s})
            .then({bus::HostOnline{.node = {"n1"}, .incarnation = 1}});
        ids.insert(given.drafts().at(0).id);
        given.and_said();
        CHECK(n1(given).status == NodeStatus::online);
    }
    CHECK(ids.size() == 3);
}

TEST_CASE("nobody judges the silence of a node that left") {
    Given({node("n1"), bus::NodeLeft{.node = {"n1"}, .incarnation = 1}})
        .when(JudgeSilence{.node = {"n1"}, .silent = 1h})
        .then_refused(Kind::duplicate);
}

TEST_CASE("silence ends no work") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    given.when(JudgeSilence{.node = {"n1"}, .silent = 100s}).and_said();
    CHECK(given.item("w1").lease);
}

TEST_CASE("a draining node still drains when it is heard again after a silence") {
    Given given({node("n1")});
    given.when(DrainNode{.node = {"n1"}, .reason = "upgrade"}).and_said();
    CHECK(n1(given).status == NodeStatus::draining);
    given.when(DrainNode{.node = {"n1"}}).then_refused(Kind::duplicate);
    given.when(JudgeSilence{.node = {"n1"}, .silent = 100s}).and_said();
    given.when(JudgeSilence{.node = {"n1"}, .silent = 0s}).and_said();
    CHECK(n1(given).status == NodeStatus::draining);
}

TEST_CASE("draining ends when the node is released or starts again") {
    Given given({node_of(1), bus::NodeDraining{.node = {"n1"}}});
    given.when(ReleaseNode{.node = {"n1"}}).and_said();
    CHECK(n1(given).status == NodeStatus::online);
    given.say(bus::NodeDraining{.node = {"n1"}}).say(node_of(2));
    CHECK(takes_work(n1(given), start));
}

TEST_CASE("a quarantine has a reason and an end within a day") {
    Given given({node("n1")});
    const auto quarantine = [](bus::Time until, std::string reason) {
        return QuarantineNode{.node = {"n1"}, .reason = std::move(reason), .until_at = until};
    };
    given.when(quarantine(start + 1h, "")).then_refused(Kind::invalid);
    given.when(quarantine(start, "bad")).then_refused(Kind::invalid);
    given.when(quarantine(start + 25h, "bad")).then_refused(Kind::invalid);
    given.when(quarantine(start + 1h, "bad")).and_said();
    CHECK_FALSE(takes_work(n1(given), start + 59min));
    CHECK(takes_work(n1(given), start + 1h));
    given.when(quarantine(start + 1h, "bad"), start).then_refused(Kind::duplicate);
}

TEST_CASE("a quarantine outlives the restart of the node") {
    Given given(
        {node_of(1), bus::NodeQuarantined{.node = {"n1"}, .until_at = start + 1h}, node_of(2)});
    CHECK_FALSE(takes_work(n1(given), start));
}

TEST_CASE("a node where three pieces of work failed that passed elsewhere is due for quarantine") {
    Given given({node("n1"), node("n2")});
    given.say_at(start + 1s, bus::AlertCleared{});
    fail_and_pass(given, "w1", "n1", "n2");
    fail_and_pass(given, "w2", "n1", "n2");
    CHECK(quarantines_due(given.sight()).empty());
    fail_and_pass(given, "w3", "n1", "n2");
    const auto due = quarantines_due(given.sight());
    REQUIRE(due.size() == 1);
    CHECK(due.at(0).node == bus::NodeId{"n1"});
    CHECK(due.at(0).evidence == std::vector<bus::WorkId>{{"w1"}, {"w2"}, {"w3"}});
    CHECK(due.at(0).until_at == given.now() + 30min);
    given.when(due.at(0)).and_said();
    CHECK(quarantines_due(given.sight()).empty());
}

TEST_CASE("the same evidence does not quarantine a node twice") {
    Given given({node("n1"), node("n2")});
    given.say_at(start + 1s, bus::AlertCleared{});
    for (const char* work : {"w1", "w2", "w3"}) fail_and_pass(given, work, "n1", "n2");
    given.when(quarantines_due(given.sight()).at(0)).and_said();
    given.when(NoteNat{}, given.now() + 1h);
    CHECK(quarantines_due(given.sight()).empty());
    given.when(ReleaseNode{.node = {"n1"}}).and_said();
    CHECK(quarantines_due(given.sight()).empty());
}

TEST_CASE("work that failed everywhere is no evidence against a node") {
    Given given({node("n1"), node("n2")});
    for (const char* work : {"w1", "w2", "w3", "w4"}) {
        given.say_at(start + 1s, selfplay(work)).say(claimed(work, "n1"));
        given.say(of_claim<bus::WorkFailed>(given, work));
    }
    CHECK(quarantines_due(given.sight()).empty());
}

TEST_CASE("an alert is raised once, again when its severity changes, and cleared once") {
    bus::ResourceAlert alert = {
        .alert = "disk_full/n1", .node = {"n1"}, .severity = "warning", .value_ppm = 1};
    Given given({node("n1")});
    given.when(RaiseAlert{alert}).then({alert}).and_said();
    alert.value_ppm = 2;
    given.when(RaiseAlert{alert}).then_refused(Kind::duplicate);
    alert.severity = "critical";
    given.when(RaiseAlert{alert}).then({alert}).and_said();
    CHECK(given.view().nodes.alerts.at("disk_full/n1").since_at == start);
    const ClearAlert clear = {.alert = "disk_full/n1", .node = {"n1"}};
    given.when(clear).and_said();
    CHECK(given.view().nodes.alerts.empty());
    given.when(clear).then_refused(Kind::duplicate);
}

TEST_CASE("the alerts of a node that is gone are gone with it") {
    Given given({node("n1"), bus::ResourceAlert{.alert = "disk_full/n1", .node = {"n1"}},
                 bus::NodeRetired{.node = {"n1"}}});
    CHECK(given.view().nodes.alerts.empty());
}

TEST_CASE("a node leaves once") {
    Given given({node("n1")});
    given.when(LeaveCluster{.node = {"n1"}, .reason = "shutdown"})
        .then({bus::NodeLeft{.node = {"n1"}, .incarnation = 1, .reason = "shutdown"}})
        .and_said();
    given.when(LeaveCluster{.node = {"n1"}}).then_refused(Kind::duplicate);
}

TEST_CASE("a NAT status is said when it changes") {
    const bus::NatStatusChanged status = {.node = {"n1"}, .status = "cone"};
    Given given({node("n1")});
    given.when(NoteNat{status}).then({status}).and_said();
    given.when(NoteNat{status}).then_refused(Kind::duplicate);
}

TEST_CASE("a dry run of scaling does not count as scaling") {
    Given given;
    given.when(DecideScale{{.decision = "s1", .change = 1, .dry_run = true}}).and_said();
    CHECK_FALSE(given.view().nodes.last_scale_at);
    given.when(DecideScale{{.decision = "s2", .change = 1}}).and_said();
    CHECK(given.view().nodes.last_scale_at == start);
    given.when(DecideScale{{.decision = "s2", .change = 1}}).then_refused(Kind::duplicate);
    given.when(DecideScale{{.decision = "s3"}}).then_refused(Kind::invalid);
    given.when(DecideScale{{.decision = "s3", .change = -1, .node = {"nobody"}}})
        .then_refused(Kind::unknown);
}
