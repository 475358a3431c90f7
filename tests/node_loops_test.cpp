// The loops that look after machines: Heartbeat, IdleDetection, SelfHealing, AutoScaling and
// NatManagement. One test for each sentence of their specification.

#include "consumers/loops/auto_scaling.hpp"
#include "consumers/loops/heartbeat.hpp"
#include "consumers/loops/idle_detection.hpp"
#include "consumers/loops/nat_management.hpp"
#include "consumers/loops/self_healing.hpp"
#include "tests/asked.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using Names = std::vector<std::string>;

namespace {

producers::Sight at(const Given& given, bus::Time now) {
    return {.cluster = given.view(), .host = given.sight().host, .now = now};
}

void run_on(Given& given, const std::string& work, const std::string& by) {
    given.say(claimed(work, by));
    given.say(of_claim<bus::WorkStarted>(given, work));
}

/// A node that has been heard at `heard` and idle since `idle`.
void idle_node(Given& given, const std::string& name, bus::Time heard, bus::Time idle) {
    given.say(node(name));
    hear(given.host(), {name}, {.at = heard, .idle_since_at = idle});
}

}  // namespace

// ---- Heartbeat ----------------------------------------------------------------------------------

TEST_CASE("a node that is silent for a minute is judged, the longest silent first") {
    Given given({node("a"), node("b"), node("boss")});
    hear(given.host(), {"a"}, {.at = start + 30s});
    hear(given.host(), boss, {.at = start + 80s});
    CHECK(consumers::Heartbeat{}.step(at(given, start + 59s)).empty());
    const auto judged =
        asked<producers::JudgeSilence>(consumers::Heartbeat{}.step(at(given, start + 90s)));
    REQUIRE(judged.size() == 2);
    CHECK(judged[0].node == bus::NodeId{"b"});
    CHECK(judged[0].silent == 90s);
    CHECK(judged[1].node == bus::NodeId{"a"});
}

TEST_CASE("a suspected node becomes offline after 90 seconds, and is then left alone") {
    Given given({node("a"), bus::NodeSuspected{.node = {"a"}, .incarnation = 1}});
    CHECK(consumers::Heartbeat{}.step(at(given, start + 89s)).empty());
    CHECK(consumers::Heartbeat{}.step(at(given, start + 90s)).size() == 1);
    given.say(bus::HostOffline{.node = {"a"}, .incarnation = 1});
    CHECK(consumers::Heartbeat{}.step(at(given, start + 24h)).empty());
}

TEST_CASE("an operator may choose which silence means what") {
    Given given({node("a")});
    const producers::SilenceLimits limits = {.suspected_after = 3s, .offline_after = 5s};
    const consumers::Heartbeat loop = {.limits = limits};
    CHECK(loop.step(at(given, start + 2s)).empty());
    given.when(loop.step(at(given, start + 3s)).at(0)).and_said();
    CHECK(given.view().nodes.nodes.at({"a"}).status == projections::NodeStatus::suspected);
    CHECK(loop.step(at(given, start + 4s)).empty());
    given.when(loop.step(at(given, start + 5s)).at(0)).and_said();
    CHECK(given.view().nodes.nodes.at({"a"}).status == projections::NodeStatus::offline);
}

TEST_CASE("a node that is heard again is judged again") {
    Given given({node("a"), bus::HostOffline{.node = {"a"}, .incarnation = 1}});
    hear(given.host(), {"a"}, {.at = start + 5min});
    const auto judged =
        asked<producers::JudgeSilence>(consumers::Heartbeat{}.step(at(given, start + 5min)));
    REQUIRE(judged.size() == 1);
    CHECK(judged[0].silent == 0s);
}

TEST_CASE("a new leader holds no silence against anybody, and takes nobody for back") {
    Given given({node("a"), node("b"), bus::HostOffline{.node = {"b"}, .incarnation = 1}});
    given.say_at(start + 1h, bus::LeaderElected{.epoch = 2, .leader = boss, .votes = {boss}});
    CHECK(consumers::Heartbeat{}.step(at(given, start + 1h + 59s)).empty());
}

TEST_CASE("only the leader judges, and nobody judges the one that left") {
    Given follower({node("a")}, {"b"});
    CHECK(consumers::Heartbeat{}.step(at(follower, start + 1h)).empty());
    Given left({node("a"), bus::NodeLeft{.node = {"a"}, .incarnation = 1}});
    CHECK(consumers::Heartbeat{}.step(at(left, start + 1h)).empty());
}

TEST_CASE("what Heartbeat asks for changes what is believed") {
    Given given({node("a")});
    given.when(consumers::Heartbeat{}.step(at(given, start + 60s)).at(0), start + 60s).and_said();
    CHECK(given.view().nodes.nodes.at({"a"}).status == projections::NodeStatus::suspected);
}

// ---- IdleDetection ------------------------------------------------------------------------------

TEST_CASE("a node with free slots that is idle for a minute while nothing waits is idle") {
    Given given;
    idle_node(given, "a", start + 60s, start);
    CHECK(consumers::IdleDetection{}.step(at(given, start + 59s)).empty());
    const auto notes =
        asked<producers::NoteIdle>(consumers::IdleDetection{}.step(at(given, start + 60s)));
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].free_slots == 4);
    CHECK(notes[0].idle == 60s);
}

TEST_CASE("no node is idle while work waits") {
    Given given({selfplay("w1")});
    idle_node(given, "a", start + 60s, start);
    CHECK(consumers::IdleDetection{}.step(at(given, start + 60s)).empty());
}

TEST_CASE("a node that holds work, drains or runs jobs is not idle") {
    Given given({selfplay("w1"), selfplay("w2")});
    idle_node(given, "holds", start, start);
    idle_node(given, "drains", start, start);
    idle_node(given, "runs", start, start);
    hear(given.host(), {"runs"}, {.at = start});
    given.say(claimed("w1", "holds"))
        .say(claimed("w2", "holds"))
        .say(bus::NodeDraining{.node = {"drains"}});
    CHECK(consumers::IdleDetection{}.step(at(given, start + 60s)).empty());
}

TEST_CASE("idleness is asked about again only every five minutes") {
    Given given;
    idle_node(given, "a", start, start);
    std::vector<std::int64_t> seconds;
    for (bus::Duration idle = 0s; idle < 12min; idle += consumers::IdleDetection::period) {
        if (consumers::IdleDetection{}.step(at(given, start + idle)).empty()) continue;
        seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(idle).count());
    }
    CHECK(seconds == std::vector<std::int64_t>{60, 90, 360, 390, 660, 690});
}

// ---- SelfHealing --------------------------------------------------------------------------------

namespace {

/// A job of an hour's timeout that stood at `progress_ppm` after 10 minutes and says nothing since.
Given stalled_job(std::int64_t progress_ppm, std::int64_t games) {
    Given given({node("boss"), selfplay("w1")});
    run_on(given, "w1", "boss");
    const bus::Position fence = given.item("w1").lease->fence;
    given.host().jobs[fence] = {.work = {"w1"},
                                .fence = fence,
                                .running = true,
                                .progress_ppm = progress_ppm,
                                .games = games,
                                .progressed_at = start + 10min};
    return given;
}

}  // namespace

TEST_CASE("a job without progress is revoked at three times its expected duration") {
    const Given given = stalled_job(500'000, 0);  // Half in 10 minutes: 20 expected.
    CHECK(consumers::SelfHealing{}.step(at(given, start + 60min)).empty());
    const auto ends =
        asked<producers::TimeOutWork>(consumers::SelfHealing{}.step(at(given, start + 60min + 1s)));
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].reason ==
          "stalled: no progress for 50 min; at its pace it would have taken 20 min");
}

TEST_CASE("games count as progress where a job says no other") {
    const Given given = stalled_job(0, 5);  // 5 of 10 games.
    CHECK(consumers::SelfHealing{}.step(at(given, start + 60min)).empty());
    CHECK(consumers::SelfHealing{}.step(at(given, start + 60min + 1s)).size() == 1);
}

TEST_CASE("a job that never reports is left to its timeout") {
    CHECK(consumers::SelfHealing{}.step(at(stalled_job(0, 0), start + 24h)).empty());
}

TEST_CASE("a job that was quiet for less than ten minutes is not stalled") {
    Given given = stalled_job(500'000, 0);
    given.host().jobs.begin()->second.progressed_at = start + 1s;
    CHECK(consumers::SelfHealing{}.step(at(given, start + 10min)).empty());
    CHECK(consumers::SelfHealing{}.step(at(given, start + 10min + 1s)).size() == 1);
}

TEST_CASE("no more than ten jobs an hour are revoked as stalled") {
    Given given = stalled_job(500'000, 0);
    for (int n = 0; n < 10; ++n) {
        const std::string work = "old" + std::to_string(n);
        given.say(selfplay(work));
        run_on(given, work, "boss");
        auto timeout = of_claim<bus::WorkTimeout>(given, work);
        timeout.reason = "stalled: no progress";
        given.say_at(start + 30min, timeout);
    }
    CHECK(consumers::SelfHealing{}.step(at(given, start + 89min)).empty());
    CHECK(consumers::SelfHealing{}.step(at(given, start + 90min)).size() == 1);
}

namespace {

/// `count` items failed on `bad` and passed on `good`.
Given failing_node(int count) {
    Given given({node("bad"), node("good")});
    for (int n = 0; n < count; ++n) {
        const std::string work = "w" + std::to_string(n);
        given.say(selfplay(work));
        run_on(given, work, "bad");
        given.say(of_claim<bus::WorkFailed>(given, work));
        given.say_at(given.now() + 1min, claimed(work, "good"));
        given.say(of_claim<bus::WorkStarted>(given, work))
            .say(of_claim<bus::WorkCompleted>(given, work));
    }
    return given;
}

}  // namespace

TEST_CASE("a node where work fails that passes elsewhere is set aside for half an hour") {
    CHECK(consumers::SelfHealing{}.step(failing_node(2).sight()).empty());
    const Given given = failing_node(3);
    const auto asides =
        asked<producers::QuarantineNode>(consumers::SelfHealing{}.step(given.sight()));
    REQUIRE(asides.size() == 1);
    CHECK(asides[0].node == bus::NodeId{"bad"});
    CHECK(asides[0].until_at == given.now() + 30min);
    CHECK(asides[0].evidence.size() == 3);
}

TEST_CASE("the only node that takes work is never set aside") {
    Given given = failing_node(3);
    given.say(bus::NodeDraining{.node = {"good"}});
    CHECK(consumers::SelfHealing{}.step(given.sight()).empty());
}

TEST_CASE("at most two nodes are set aside at the same time") {
    Given given = failing_node(3);
    given.say(node("x")).say(node("y"));
    given.say(bus::NodeQuarantined{.node = {"x"}, .until_at = given.now() + 1h});
    CHECK(consumers::SelfHealing{}.step(given.sight()).size() == 1);
    given.say(bus::NodeQuarantined{.node = {"y"}, .until_at = given.now() + 1h});
    CHECK(consumers::SelfHealing{}.step(given.sight()).empty());
}

TEST_CASE("a quarantine that is over is lifted, a drain is not") {
    Given given({node("a"), bus::NodeQuarantined{.node = {"a"}, .until_at = start + 30min}});
    CHECK(consumers::SelfHealing{}.step(at(given, start + 30min - 1ms)).empty());
    CHECK(nodes<producers::ReleaseNode>(consumers::SelfHealing{}.step(at(given, start + 30min))) ==
          Names{"a"});
    given.say(bus::NodeDraining{.node = {"a"}});
    CHECK(consumers::SelfHealing{}.step(at(given, start + 30min)).empty());
}

// ---- AutoScaling --------------------------------------------------------------------------------

namespace {

const consumers::AutoScaling scaling = {.has_provider = true};

/// Three nodes that are well, and `old`, idle since an hour and silent since `checks` checks.
Given cluster_with_idle(int checks) {
    Given given({node("boss"), node("a"), node("b"), node("old")});
    given.host().heartbeats = {};
    hear(given.host(), {"old"}, {.at = start + 1h - checks * 15s, .idle_since_at = start});
    return given;
}

Names ended(const Given& given, const consumers::AutoScaling& loop = scaling) {
    Names names;
    for (const auto& decide : asked<producers::DecideScale>(loop.step(at(given, start + 1h)))) {
        if (decide.decision.change < 0) names.push_back(decide.decision.node.value);
    }
    return names;
}

/// Decides and says all of them, as the node does; the facts.
std::vector<bus::Fact> carry_out_at(Given& given, const consumers::Commands& commands,
                                    bus::Time now) {
    std::vector<bus::Fact> facts;
    for (const producers::Command& command : commands) {
        given.when(command, now).and_said();
        INFO(given.refusal_sentence());
        for (const producers::Draft& draft : given.drafts()) facts.push_back(draft.fact);
    }
    return facts;
}

template <class Fact>
std::vector<Fact> of_kind(const std::vector<bus::Fact>& facts) {
    std::vector<Fact> found;
    for (const bus::Fact& fact : facts) {
        if (const auto* one = std::get_if<Fact>(&fact)) found.push_back(*one);
    }
    return found;
}

}  // namespace

TEST_CASE("a node is ended after an hour idle and five missed health checks") {
    const Given given = cluster_with_idle(5);
    CHECK(ended(given) == Names{"old"});
    CHECK(scaling.step(at(given, start + 1h - 1ms)).empty());
}

TEST_CASE("a node that answers is kept, however idle") {
    CHECK(ended(cluster_with_idle(4)).empty());
}

TEST_CASE("a node that was idle for less than an hour is kept, however silent") {
    Given given = cluster_with_idle(5);
    given.host().heartbeats.at({"old"}).idle_since_at = start + 1ms;
    CHECK(ended(given).empty());
}

TEST_CASE("a node that this leader has not heard is kept") {
    Given given = cluster_with_idle(5);
    given.host().heartbeats.clear();
    CHECK(ended(given).empty());
}

TEST_CASE("a node with a live lease is kept") {
    Given given = cluster_with_idle(5);
    given.say(selfplay("w1")).say(claimed("w1", "old"));
    CHECK(ended(given).empty());
}

TEST_CASE("a voter is kept") {
    Given given = cluster_with_idle(5);
    given.say(bus::VotersChanged{.voters = {boss, {"old"}}});
    CHECK(ended(given).empty());
}

TEST_CASE("a node with the only sound copy of a file is kept") {
    Given given = cluster_with_idle(5);
    given.say(bus::GamesRecorded{
        .file = {"f"}, .node = {"old"}, .config = {"hex4_2p"}, .games = 1, .bytes = 1});
    CHECK(ended(given).empty());
    given.say(bus::FileReplicated{.file = {"f"}, .node = {"a"}, .source = {"old"}});
    CHECK(ended(given) == Names{"old"});
    given.say(bus::FileQuarantined{.file = {"f"}, .node = {"a"}});
    CHECK(ended(given).empty());
}

TEST_CASE("two nodes that are well always remain") {
    Given given = cluster_with_idle(5);
    given.say(bus::HostOffline{.node = {"old"}, .incarnation = 1});
    given.say_at(start + 59min, bus::HostOffline{.node = {"a"}, .incarnation = 1});
    CHECK(ended(given) == Names{"old"});
    given.say_at(start + 59min, bus::HostOffline{.node = {"b"}, .incarnation = 1});
    CHECK(ended(given).empty());
}

TEST_CASE("nothing is scaled within five minutes of the last time") {
    const auto scaled_at = [](bus::Time when) {
        Given given = cluster_with_idle(5);
        given.say_at(when, bus::ScaleDecided{.decision = "s", .change = 1});
        given.say(bus::NodeProvisionRequested{.node = {"s-1"}, .decision = "s"});
        return given;
    };
    CHECK(ended(scaled_at(start + 55min + 1ms)).empty());
    CHECK(ended(scaled_at(start + 55min)) == Names{"old"});
}

TEST_CASE("a dry run says the same decision once") {
    consumers::AutoScaling dry = scaling;
    dry.dry_run = true;
    Given given = cluster_with_idle(5);
    const auto decided = asked<producers::DecideScale>(dry.step(at(given, start + 1h)));
    REQUIRE(decided.size() == 1);
    CHECK(decided[0].decision.dry_run);
    given.when(decided[0]).and_said();
    CHECK(dry.step(at(given, start + 1h)).empty());
}

TEST_CASE(
    "more than ten waiting items for each node ask for nodes, at most three and up to the "
    "maximum") {
    const auto added = [](int items, std::int64_t nodes_max) {
        Given given({node("boss"), node("a")});
        for (int n = 0; n < items; ++n) given.say(selfplay("w" + std::to_string(n)));
        consumers::AutoScaling loop = scaling;
        loop.max_nodes = nodes_max;
        const auto decided = asked<producers::DecideScale>(loop.step(given.sight()));
        return decided.empty() ? 0 : decided[0].decision.change;
    };
    CHECK(added(20, 50) == 0);
    CHECK(added(21, 50) == 1);
    CHECK(added(30, 50) == 2);
    CHECK(added(100, 50) == 3);
    CHECK(added(100, 3) == 1);
    CHECK(added(100, 2) == 0);
}

TEST_CASE("without a provider AutoScaling rests and says so, but for a dry run") {
    const Given given = cluster_with_idle(5);
    CHECK(consumers::AutoScaling{}.step(at(given, start + 1h)).empty());
    CHECK(consumers::AutoScaling{}.why_rests(given.sight()) ==
          "no provider is configured, so machines can neither be added nor ended");
    CHECK(scaling.why_rests(given.sight()).empty());
    const consumers::AutoScaling dry = {.dry_run = true};
    CHECK(dry.why_rests(given.sight()).empty());
    CHECK(asked<producers::DecideScale>(dry.step(at(given, start + 1h))).size() == 1);
}

TEST_CASE("a machine that is ended is asked for with the measures that it rests on") {
    Given given = cluster_with_idle(6);
    const auto facts = carry_out_at(given, scaling.step(at(given, start + 1h)), start + 1h);
    const auto& decided = *given.view().nodes.last_scale;
    CHECK(decided.reason ==
          "old has had no work for 60 min and missed 6 health checks in a row; 4 nodes are well");
    CHECK(decided.nodes == 4);
    CHECK(of_kind<bus::NodeTerminationRequested>(facts) ==
          std::vector<bus::NodeTerminationRequested>{
              {.node = {"old"}, .decision = decided.decision, .reason = decided.reason}});
    CHECK(given.view().nodes.nodes.at({"old"}).draining);
    CHECK(scaling.step(at(given, start + 1h)).empty());
    given.say_at(start + 1h, bus::NodeTerminated{.node = {"old"}});
    CHECK(scaling.step(at(given, start + 2h)).empty());
}

TEST_CASE("machines that are added are asked for one by one, and count until they join") {
    Given given({node("boss"), node("a")});
    for (int n = 0; n < 40; ++n) given.say(selfplay("w" + std::to_string(n)));
    const auto facts = carry_out_at(given, scaling.step(given.sight()), start);
    const std::string decision = given.view().nodes.last_scale->decision;
    CHECK(of_kind<bus::NodeProvisionRequested>(facts).size() == 3);
    CHECK(given.view().nodes.expected.contains({decision + "-1"}));
    CHECK(given.view().nodes.expected.contains({decision + "-3"}));
    const bus::Time later = start + 6min;
    CHECK(scaling.step(at(given, later)).empty());  // 2 nodes and 3 on their way do.
    given.say_at(start + 1min, node(decision + "-1"));
    CHECK(given.view().nodes.expected.size() == 2);
    CHECK(scaling.step(at(given, later)).empty());
    const bus::Time in_vain = start + 31min;  // Two never came.
    CHECK_FALSE(asked<producers::DecideScale>(scaling.step(at(given, in_vain))).empty());
}

TEST_CASE("machines on their way count against the maximum") {
    Given given({node("boss"), node("a")});
    for (int n = 0; n < 90; ++n) given.say(selfplay("w" + std::to_string(n)));
    consumers::AutoScaling loop = scaling;
    loop.max_nodes = 5;
    carry_out_at(given, loop.step(given.sight()), start);
    CHECK(given.view().nodes.expected.size() == 3);
    CHECK(loop.step(at(given, start + 6min)).empty());
}

TEST_CASE("a decision whose leader died before the requests is followed by the next step") {
    Given given({node("boss"), node("a")});
    for (int n = 0; n < 40; ++n) given.say(selfplay("w" + std::to_string(n)));
    given.say(bus::ScaleDecided{.decision = "s", .change = 2, .reason = "r"});
    given.when(producers::RequestProvision{"s"}).and_said();
    CHECK(asked<producers::RequestProvision>(scaling.step(given.sight())).size() == 1);
    CHECK(scaling.step(at(given, start + 4min)).size() == 1);
    given.when(producers::RequestProvision{"s"}).and_said();
    given.when(producers::RequestProvision{"s"}).then_refused(producers::Refusal::Kind::duplicate);
    CHECK(scaling.step(at(given, start + 4min)).empty());
}

TEST_CASE("nothing follows from a dry run, whoever asks") {
    consumers::AutoScaling dry = scaling;
    dry.dry_run = true;
    Given given = cluster_with_idle(5);
    const auto commands = dry.step(at(given, start + 1h));
    CHECK(commands.size() == 1);
    carry_out_at(given, commands, start + 1h);
    given.when(producers::RequestTermination{given.view().nodes.last_scale->decision})
        .then_refused(producers::Refusal::Kind::invalid);
    CHECK(scaling.step(at(given, start + 1h)).size() == 2);  // Without the dry run it is real.
}

TEST_CASE("a node that became needed between decision and request is kept") {
    const auto needed = [](auto&& become_needed) {
        Given given = cluster_with_idle(5);
        given.say_at(start + 1h, bus::ScaleDecided{.decision = "s", .change = -1, .node = {"old"}});
        become_needed(given);
        given.when(producers::RequestTermination{"s"})
            .then_refused(producers::Refusal::Kind::not_open);
        CHECK(scaling.step(at(given, start + 1h)).empty());
    };
    needed([](Given& given) { given.say(selfplay("w1")).say(claimed("w1", "old")); });
    needed([](Given& given) { given.say(bus::VotersChanged{.voters = {boss, {"old"}}}); });
    needed([](Given& given) {
        given.say(bus::GamesRecorded{
            .file = {"f"}, .node = {"old"}, .config = {"hex4_2p"}, .games = 1, .bytes = 1});
    });
    Given given = cluster_with_idle(5);
    given.say(selfplay("w1")).say(claimed("w1", "old"));
    given.when(producers::DecideScale{{.decision = "s", .change = -1, .node = {"old"}}})
        .then_refused(producers::Refusal::Kind::not_open);
}

TEST_CASE(
    "a node that was dead before this leader came is ended too, once the leader has listened") {
    Given given({node("boss"), node("a"), node("b"), node("old"),
                 bus::HostOffline{.node = {"old"}, .incarnation = 1}});
    CHECK(ended(given) == Names{"old"});
    given.say_at(start + 1h - 74s, bus::LeaderElected{.epoch = 2, .leader = boss, .votes = {boss}});
    CHECK(ended(given).empty());
}

// ---- NatManagement ------------------------------------------------------------------------------

TEST_CASE("a NAT status that the log does not know is said") {
    Given given({node("boss"), node("a")});
    const consumers::NatManagement loop = {.stun_server = "stun.example:3478"};
    CHECK(loop.why_rests(given.sight()).empty());
    CHECK(loop.step(given.sight()).empty());  // Nothing sensed yet.
    given.host().nat = {.status = "cone", .public_address = "192.0.2.1:8770"};
    const auto notes = asked<producers::NoteNat>(loop.step(given.sight()));
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].status.public_address == "192.0.2.1:8770");
    given.when(notes[0]).and_said();
    CHECK(loop.step(given.sight()).empty());
}

TEST_CASE("without a STUN server, or alone, NatManagement rests and says so") {
    const Given alone({node("boss")});
    CHECK(consumers::NatManagement{}.why_rests(alone.sight()) == "no STUN server is configured");
    const consumers::NatManagement loop = {.stun_server = "stun.example:3478"};
    CHECK(loop.why_rests(alone.sight()) == "a cluster of one node needs no way in");
}
