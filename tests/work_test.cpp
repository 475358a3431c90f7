// The rules of the work queue: who gets what, and which reports are believed.

#include "producers/work.hpp"
#include "producers/late_results.hpp"
#include "producers/nodes.hpp"
#include "producers/why_waiting.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Kind = Refusal::Kind;
using projections::WorkStatus;

namespace {

bus::WorkQueued training(const std::string& work, const std::string& config = "hex4_2p") {
    return {.work = {work},
            .type = bus::WorkType::training,
            .config = {config},
            .needs = {.slots = 1, .gpus = 1}};
}

bus::WorkQueued large(const std::string& work, std::int64_t slots,
                      const std::string& config = "hex4_2p") {
    auto order = selfplay(work, config);
    order.needs.slots = slots;
    return order;
}

bus::NodeJoined gpu_node(const std::string& name) {
    auto joined = node(name);
    joined.capacity.gpus = 1;
    return joined;
}

ClaimWork claim(const std::string& by, std::int64_t claims_max = 1) {
    return {.node = {by}, .claims_max = claims_max};
}

bus::WorkCompleted played(const Given& given, const std::string& work) {
    auto done = of_claim<bus::WorkCompleted>(given, work);
    done.config = {"hex4_2p"};
    done.result = {
        .games = 10,
        .files = {{.file = {"digest"}, .name = "games.jsonl", .bytes = 99, .games = 10}}};
    return done;
}

bus::GamesRecorded games_of(const std::string& work, const std::string& on) {
    return {.file = {"digest"},
            .name = "games.jsonl",
            .node = {on},
            .config = {"hex4_2p"},
            .games = 10,
            .bytes = 99,
            .work = {work}};
}

void fail_on(Given& given, const std::string& work, const std::string& name) {
    given.say(claimed(work, name));
    given.say(of_claim<bus::WorkStarted>(given, work));
    auto failed = of_claim<bus::WorkFailed>(given, work);
    failed.reason = "exit code 1";
    failed.stderr_tail = "out of luck";
    given.say(failed);
}

/// How often each config is among the first `claims` claims, one at a time.
std::map<std::string, int> shares_of(Given& given, int claims) {
    std::map<std::string, int> shares;
    for (int n = 0; n < claims; ++n) {
        given.when(claim("n1"));
        const auto work = std::get<bus::WorkClaimed>(given.drafts().at(0).fact).work;
        ++shares[given.view().work.items.at(work).order.config.value];
        given.and_said();
        given.say(of_claim<bus::WorkCompleted>(given, work.value));
    }
    return shares;
}

}  // namespace

// ---- queueing -----------------------------------------------------------------------------------

TEST_CASE("the leader queues work") {
    Given().when(QueueWork{.work = selfplay("w1")}).then({selfplay("w1")});
}

TEST_CASE("only the leader queues, claims, expires, cancels and parks") {
    for (const Command& command : std::vector<Command>{
             QueueWork{selfplay("w1"), {}, {}}, claim("n1"), ExpireLease{}, TimeOutWork{},
             CancelWork{}, ParkWork{}, UnparkWork{}, NoteIdle{}, QuarantineNode{}, ReleaseNode{},
             JudgeSilence{}, DecideScale{}, RequestProvision{}, RequestTermination{}}) {
        Given({}, {"follower"}).when(command).then_refused(Kind::not_leader);
    }
}

TEST_CASE("work that is queued is not queued again") {
    Given({selfplay("w1")}).when(QueueWork{.work = selfplay("w1")}).then_refused(Kind::duplicate);
}

TEST_CASE("work with the dedup key of an open item is not queued") {
    auto first = selfplay("w1"), second = selfplay("w2");
    first.dedup_key = second.dedup_key = "key";
    Given({first}).when(QueueWork{.work = second}).then_refused(Kind::duplicate);
}

TEST_CASE("work that depends on what is unknown or cancelled is refused") {
    auto order = selfplay("w2");
    order.depends_on = {{"w1"}};
    Given().when(QueueWork{.work = order}).then_refused(Kind::invalid);
    Given({selfplay("w1"), bus::WorkCancelled{.work = {"w1"}}})
        .when(QueueWork{.work = order})
        .then_refused(Kind::invalid);
    Given({selfplay("w1")}).when(QueueWork{.work = order}).then({order});
}

TEST_CASE("orders that make no sense are refused with a sentence") {
    const auto refused = [](auto change) {
        auto order = selfplay("w1");
        change(order);
        Given().when(QueueWork{.work = order}).then_refused(Kind::invalid);
    };
    refused([](auto& order) { order.work = {}; });
    refused([](auto& order) { order.work = {std::string(201, 'x')}; });
    refused([](auto& order) { order.config = {}; });
    refused([](auto& order) { order.needs.slots = 0; });
    refused([](auto& order) { order.needs.gpus = -1; });
    refused([](auto& order) { order.attempts_max = 0; });
    refused([](auto& order) { order.timeout_ms = 0ms; });
    refused([](auto& order) { order.games = 0; });
    refused([](auto& order) { order.share_ppm = 0; });
    refused([](auto& order) { order.priority = 1'000'000; });
}

TEST_CASE("what a deposed leader said late does not hide what its successor says") {
    Given given;
    given.when(QueueWork{.work = selfplay("w1")});
    const auto late = given.drafts().at(0).id;
    given.say(bus::LeaderElected{.epoch = 2, .leader = boss, .votes = {boss}});
    given.when(QueueWork{.work = selfplay("w1")});
    CHECK(given.drafts().at(0).id != late);
    CHECK(late == bus::EventId{"w1:queued@1"});
}

// ---- claims -------------------------------------------------------------------------------------

TEST_CASE("free work goes to the node that asks") {
    Given({node("n1"), selfplay("w1")}).when(claim("n1")).then({claimed("w1", "n1")});
}

TEST_CASE("held work is not given twice") {
    Given({node("n1"), node("n2"), selfplay("w1"), claimed("w1", "n1")})
        .when(claim("n2"))
        .then_refused(Kind::nothing_waits);
}

TEST_CASE("a node gets as many items as it asks for and as fit") {
    Given given({node("n1", 3), selfplay("w1"), selfplay("w2"), selfplay("w3"), selfplay("w4")});
    given.when(claim("n1", 2)).then({claimed("w1", "n1"), claimed("w2", "n1")});
    given.when(claim("n1", 64))
        .then({claimed("w1", "n1"), claimed("w2", "n1"), claimed("w3", "n1")});
}

TEST_CASE("a node that is full gets nothing") {
    Given({node("n1", 1), selfplay("w1"), selfplay("w2"), claimed("w1", "n1")})
        .when(claim("n1"))
        .then_refused(Kind::no_room);
}

TEST_CASE("a node that nobody knows gets nothing") {
    Given({selfplay("w1")}).when(claim("stranger")).then_refused(Kind::unknown);
}

TEST_CASE("a node that drains, is suspected or in quarantine gets nothing") {
    const auto rests = [](bus::Fact fact) {
        Given({node("n1"), selfplay("w1"), std::move(fact)})
            .when(claim("n1"))
            .then_refused(Kind::node_rests);
    };
    rests(bus::NodeDraining{.node = {"n1"}});
    rests(bus::NodeSuspected{.node = {"n1"}, .incarnation = 1});
    rests(bus::HostOffline{.node = {"n1"}, .incarnation = 1});
    rests(bus::NodeQuarantined{.node = {"n1"}, .until_at = start + 1h});
}

TEST_CASE("quarantine ends by itself") {
    Given(
        {node("n1"), selfplay("w1"), bus::NodeQuarantined{.node = {"n1"}, .until_at = start + 1h}})
        .when(claim("n1"), start + 1h)
        .then({claimed("w1", "n1")});
}

TEST_CASE("a resource that a node has not is never given out") {
    auto memory = selfplay("w1"), vram = selfplay("w2"), disk = selfplay("w3");
    memory.needs.memory_bytes = vram.needs.vram_bytes = disk.needs.disk_bytes = 1;
    Given({node("n1"), memory, vram, disk, training("w4")})
        .when(claim("n1"))
        .then_refused(Kind::nothing_waits);
}

TEST_CASE("memory, VRAM and disk are reserved like slots") {
    auto order = selfplay("w1"), other = selfplay("w2");
    order.needs = other.needs = {.slots = 1, .memory_bytes = 6};
    auto joined = node("n1");
    joined.capacity.memory_bytes = 10;
    Given given({joined, order, other});
    given.when(claim("n1", 2)).then({claimed("w1", "n1")});
}

TEST_CASE("a node runs only what it is set up for") {
    auto joined = gpu_node("n1");
    joined.capabilities = {"training"};
    Given({joined, selfplay("w1"), training("w2")})
        .when(claim("n1", 2))
        .then({claimed("w2", "n1")});
}

TEST_CASE("work that a node cannot run hides nothing that it could, however much of it waits") {
    std::vector<bus::Fact> facts = {node("n1")};
    for (int n = 0; n < 200; ++n) facts.push_back(training("gpu" + std::to_string(n)));
    facts.push_back(selfplay("cpu"));
    Given(facts).when(claim("n1")).then({claimed("cpu", "n1")});
}

TEST_CASE("a point of priority is worth a minute of waiting") {
    auto urgent = selfplay("urgent");
    urgent.priority = 60;
    Given given({node("n1"), selfplay("patient")});
    given.say_at(start + 9min, urgent);
    given.when(claim("n1")).then({claimed("urgent", "n1")});

    Given later({node("n1"), selfplay("patient")});
    later.say_at(start + 11min, urgent);
    later.when(claim("n1")).then({claimed("patient", "n1")});
}

TEST_CASE("configs get their shares of the claims") {
    Given given({node("n1")});
    for (int n = 0; n < 60; ++n) {
        auto three = selfplay("a" + std::to_string(n), "a"),
             one = selfplay("b" + std::to_string(n), "b");
        three.share_ppm = 750'000;
        one.share_ppm = 250'000;
        given.say(three).say(one);
    }
    const auto shares = shares_of(given, 40);
    CHECK(shares.at("a") == 30);
    CHECK(shares.at("b") == 10);
}

TEST_CASE("shares hold within one request as well") {
    Given given({node("n1", 8)});
    for (int n = 0; n < 8; ++n) given.say(selfplay("a" + std::to_string(n), "a"));
    for (int n = 0; n < 8; ++n) given.say(selfplay("b" + std::to_string(n), "b"));
    given.when(claim("n1", 8)).and_said();
    CHECK(given.view().work.by_status.at(WorkStatus::claimed) == 8);
    CHECK(given.view().work.pass.at({"a"}) == given.view().work.pass.at({"b"}));
}

TEST_CASE("a config with the smallest share is served in the end") {
    Given given({node("n1")});
    auto little = selfplay("little", "little");
    little.share_ppm = 10'000;
    given.say(little);
    for (int n = 0; n < 300; ++n) {
        auto much = selfplay("m" + std::to_string(n), "much");
        much.share_ppm = 990'000;
        given.say(much);
    }
    CHECK(shares_of(given, 200).at("little") == 1);
}

TEST_CASE("a config that could not be served does not starve the others when it can be") {
    Given given({node("n1")});
    given.say(training("gpu0", "stuck"));
    for (int n = 0; n < 3000; ++n) {
        const std::string work = "w" + std::to_string(n);
        given.say(selfplay(work, "busy")).say(claimed(work, "n1"));
        given.say(of_claim<bus::WorkCompleted>(given, work));
    }
    for (int n = 0; n < 1200; ++n) given.say(selfplay("s" + std::to_string(n), "stuck"));
    for (int n = 0; n < 1200; ++n) given.say(selfplay("b" + std::to_string(n), "busy"));
    CHECK(shares_of(given, 1010).at("busy") > 0);
}

TEST_CASE("work is not given out before its time") {
    auto order = selfplay("w1");
    order.not_before_at = start + 1h;
    Given given({node("n1"), order});
    given.when(claim("n1"), start + 59min).then_refused(Kind::nothing_waits);
    given.when(claim("n1"), start + 1h).then({claimed("w1", "n1")});
}

TEST_CASE("work that failed is given out again after its back-off, in a quiet cluster too") {
    Given given({node("n1"), selfplay("w1")});
    fail_on(given, "w1", "n1");
    given.when(claim("n1"), start + 9s).then_refused(Kind::nothing_waits);
    given.when(claim("n1"), start + 10s).then({claimed("w1", "n1")});
}

TEST_CASE("work that failed on a node is tried elsewhere, if there is an elsewhere") {
    Given given({node("n1"), selfplay("w1")});
    fail_on(given, "w1", "n1");
    given.when(claim("n1"), start + 1min).then({claimed("w1", "n1")});
    given.say(node("n2"));
    given.when(claim("n1"), start + 1min).then_refused(Kind::nothing_waits);
    given.when(claim("n2"), start + 1min).then({claimed("w1", "n2")});
    given.say(bus::NodeDraining{.node = {"n2"}});
    given.when(claim("n1"), start + 1min).then({claimed("w1", "n1")});
}

TEST_CASE("work is not given out before what it depends on is completed") {
    auto order = selfplay("w2");
    order.depends_on = {{"w1"}};
    Given given({node("n1"), selfplay("w1"), order, claimed("w1", "n1")});
    given.when(claim("n1")).then_refused(Kind::nothing_waits);
    given.say(of_claim<bus::WorkCompleted>(given, "w1"));
    given.when(claim("n1")).then({claimed("w2", "n1")});
}

// ---- many nodes ask at once --------------------------------------------------------------------

TEST_CASE("nodes that ask in the same round take turns") {
    Given({node("n1", 4), node("n2", 4), selfplay("w1"), selfplay("w2"), selfplay("w3")})
        .when(ShareOutWork{{claim("n1", 4), claim("n2", 4)}})
        .then({claimed("w1", "n1"), claimed("w2", "n2"), claimed("w3", "n1")});
}

TEST_CASE("in a round each node gets no more than it asked for and has room for") {
    Given({node("n1", 1), node("n2", 4), selfplay("w1"), selfplay("w2"), selfplay("w3"),
           selfplay("w4"), selfplay("w5")})
        .when(ShareOutWork{{claim("n1", 4), claim("n2", 2)}})
        .then({claimed("w1", "n1"), claimed("w2", "n2"), claimed("w3", "n2")});
}

TEST_CASE("the shares of the configs hold over all nodes of a round") {
    Given given({node("n1", 8), node("n2", 8)});
    for (int n = 0; n < 16; ++n) given.say(selfplay("a" + std::to_string(n), "a"));
    for (int n = 0; n < 16; ++n) given.say(selfplay("b" + std::to_string(n), "b"));
    given.when(ShareOutWork{{claim("n1", 8), claim("n2", 8)}}).and_said();
    CHECK(given.view().work.by_status.at(WorkStatus::claimed) == 16);
    CHECK(given.view().work.pass.at({"a"}) == given.view().work.pass.at({"b"}));
}

TEST_CASE(
    "in a round, work goes to a node on which it has not failed, the rest of its line past it") {
    Given given({node("n1", 4), node("n2", 4), selfplay("w1"), selfplay("w2"), selfplay("w3")});
    fail_on(given, "w1", "n1");
    given.when(ShareOutWork{{claim("n1", 4), claim("n2", 4)}}, start + 1min)
        .then({claimed("w2", "n1"), claimed("w1", "n2"), claimed("w3", "n1")});
}

TEST_CASE("a round in which only some nodes can be given work is no refusal") {
    Given given(
        {node("n1"), selfplay("w1"), node("resting"), bus::NodeDraining{.node = {"resting"}}});
    given.when(ShareOutWork{{claim("stranger"), claim("resting"), claim("n1")}})
        .then({claimed("w1", "n1")});
    given.when(ShareOutWork{{claim("stranger"), claim("resting")}}).then_refused(Kind::unknown);
}

TEST_CASE("which node is kept free for large work is judged by what the round has given already") {
    auto with_gpu = gpu_node("n2");
    with_gpu.capacity.slots = 4;
    auto urgent = training("urgent");
    urgent.priority = 60;
    Given given({node("n1", 4), with_gpu, selfplay("s1"), selfplay("s2"), selfplay("s3"),
                 claimed("s1", "n1"), claimed("s2", "n1"), claimed("s3", "n2"), large("large", 4),
                 urgent, selfplay("w1"), selfplay("w2"), selfplay("w3")});
    given.when(ShareOutWork{{claim("n1", 4), claim("n2", 4)}}, start + 2min)
        .then({claimed("w1", "n1"), claimed("urgent", "n2"), claimed("w2", "n1")});
}

// ---- room is kept for large work ----------------------------------------------------------------

TEST_CASE("large work that waits too long keeps a node free of smaller work") {
    Given given({node("n1", 4), selfplay("small1"), claimed("small1", "n1"), large("large", 4),
                 selfplay("small2")});
    given.when(claim("n1"), start + 1min).then({claimed("small2", "n1")});
    given.when(claim("n1"), start + 61s).then_refused(Kind::held_back);
    given.say(of_claim<bus::WorkCompleted>(given, "small1"));
    given.when(claim("n1"), start + 62s).then({claimed("large", "n1")});
}

TEST_CASE("large work keeps one node free, not all of them") {
    Given given({node("n1", 4), node("n2", 4), selfplay("s1"), selfplay("s2"), selfplay("s3"),
                 claimed("s1", "n1"), claimed("s2", "n1"), claimed("s3", "n2"), large("large", 4),
                 selfplay("s4")});
    given.when(claim("n2"), start + 2min).then_refused(Kind::held_back);
    given.when(claim("n1"), start + 2min).then({claimed("s4", "n1")});
}

TEST_CASE("large work keeps a node free that will be given it, not one on which it has failed") {
    Given given({node("n1", 4), node("n2", 4), large("large", 4)});
    fail_on(given, "large", "n1");
    for (const auto* small : {"s1", "s2", "s3"}) given.say(selfplay(small));
    given.say(claimed("s1", "n2"));  // n1 is free, and nearer to having room.
    given.when(claim("n1"), start + 2min).then({claimed("s2", "n1")});
    given.when(claim("n2"), start + 2min).then_refused(Kind::held_back);
}

TEST_CASE("work that is too large for every node holds nothing back") {
    Given({node("n1", 4), large("huge", 5), selfplay("small")})
        .when(claim("n1"), start + 1h)
        .then({claimed("small", "n1")});
}

// ---- reports ------------------------------------------------------------------------------------

TEST_CASE("a node reports that its claim runs, once") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    const auto started = of_claim<bus::WorkStarted>(given, "w1");
    given.when(ReportStarted{.work = started.work, .node = started.node, .fence = started.fence})
        .then({started});
    given.and_said();
    given.when(ReportStarted{.work = started.work, .node = started.node, .fence = started.fence})
        .then_refused(Kind::duplicate);
}

TEST_CASE("selfplay ends with a fact for its games and one for its work") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    given.when(ReportCompleted{played(given, "w1")})
        .then({games_of("w1", "n1"), played(given, "w1")});
    CHECK(given.drafts().at(0).id == bus::EventId{"digest:recorded"});
    CHECK(given.drafts().at(1).causation == given.item("w1").last_event);
}

TEST_CASE("a result carries the type and config that were ordered, whatever the reporter says") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    auto odd = played(given, "w1");
    odd.type = bus::WorkType::training;
    odd.config = {"other"};
    given.when(ReportCompleted{odd}).then({games_of("w1", "n1"), played(given, "w1")});
}

TEST_CASE("a report of completion without evidence is a failure") {
    const auto fails = [](bus::WorkQueued order, bus::WorkResult result) {
        Given given({gpu_node("n1"), order, claimed("w1", "n1")});
        auto done = of_claim<bus::WorkCompleted>(given, "w1");
        done.result = std::move(result);
        given.when(ReportCompleted{done});
        REQUIRE(given.drafts().size() == 1);
        CHECK(std::get<bus::WorkFailed>(given.drafts().at(0).fact).kind ==
              bus::FailureKind::bad_result);
    };
    const auto of_type = [](bus::WorkType type) {
        auto order = training("w1");
        order.type = type;
        return order;
    };
    const bus::FileMade file = {.file = {"digest"}, .bytes = 1, .games = 1};
    fails(selfplay("w1"), {.games = 0, .files = {file}});
    fails(selfplay("w1"), {.games = 1});
    fails(selfplay("w1"), {.games = -1, .files = {file}});
    fails(of_type(bus::WorkType::export_), {.samples = 0, .files = {file}});
    fails(of_type(bus::WorkType::export_), {.samples = 1});
    fails(of_type(bus::WorkType::training), {.steps = 9});
    fails(of_type(bus::WorkType::training),
          {.steps = 9, .files = {{.file = {"digest"}, .bytes = 0}}});
    fails(of_type(bus::WorkType::evaluation), {.games = 0, .wins = 1});
    fails(of_type(bus::WorkType::tournament), {.games = 2});
}

TEST_CASE("late games are recorded even when the claim is gone, late conclusions are refused") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    const auto late = played(given, "w1");
    given.say(of_claim<bus::WorkLeaseExpired>(given, "w1"));
    given.when(ReportCompleted{late}).then({games_of("w1", "n1")}).and_said();
    given.when(ReportCompleted{late}).then_refused(Kind::not_held);

    Given other({gpu_node("n1"), training("w1"), claimed("w1", "n1")});
    auto model = played(other, "w1");
    model.type = bus::WorkType::training;
    other.say(of_claim<bus::WorkLeaseExpired>(other, "w1"));
    const auto trained = other.view().training;
    // Said, so that everybody sees it, and refused by the fold.
    other.when(ReportCompleted{model}).then({model}).and_said();
    other.when(ReportCompleted{model}).then_refused(Kind::not_held);  // Once is enough.
    CHECK(other.item("w1").status == projections::WorkStatus::pending);
    CHECK(other.view().work.counts.at("late_results") == 1);
    CHECK(other.view().training == trained);
    auto nothing = model;
    nothing.result = {};
    other.when(ReportCompleted{nothing}).then_refused(Kind::not_held);
}

TEST_CASE("late games are kept even when nobody remembers the work") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    auto late = played(given, "w1");
    late.work = {"forgotten"};
    given.when(ReportCompleted{late}).then({games_of("forgotten", "n1")});
}

TEST_CASE("a failure is reported with the end of its standard error, cut at a character") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    auto failed = of_claim<bus::WorkFailed>(given, "w1");
    for (int n = 0; n < 4096; ++n) failed.stderr_tail += "é";
    failed.stderr_tail += "!";
    given.when(ReportFailed{failed});
    const auto& tail = std::get<bus::WorkFailed>(given.drafts().at(0).fact).stderr_tail;
    CHECK(tail.size() == 4095);
    CHECK(tail.starts_with("é"));
}

TEST_CASE("whoever reports for a claim that is gone is told who holds it") {
    Given given({node("n1"), node("n2"), selfplay("w1"), claimed("w1", "n1")});
    const auto former = of_claim<bus::WorkFailed>(given, "w1");
    given.say(of_claim<bus::WorkLeaseExpired>(given, "w1")).say(claimed("w1", "n2"));
    given.when(ReportFailed{former}).then_refused(Kind::not_held);
    CHECK(given.refusal_sentence().find("held by n2") != std::string::npos);
    given.when(ReleaseWork{.work = former.work, .node = former.node, .fence = former.fence})
        .then_refused(Kind::not_held);
}

TEST_CASE("the leader expires a lease by its fence only") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    auto expired = of_claim<bus::WorkLeaseExpired>(given, "w1");
    expired.reason = "silent";
    given.when(ExpireLease{.work = {"w1"}, .fence = expired.fence, .reason = "silent"})
        .then({expired});
    given.when(ExpireLease{.work = {"w1"}, .fence = expired.fence + 1})
        .then_refused(Kind::not_held);
}

TEST_CASE("a timeout says how long it took, from the start if it has started") {
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1")});
    given.say_at(start + 5min, of_claim<bus::WorkStarted>(given, "w1"));
    given.when(TimeOutWork{.work = {"w1"}, .fence = given.item("w1").lease->fence}, start + 20min);
    CHECK(std::get<bus::WorkTimeout>(given.drafts().at(0).fact).age_ms == 15min);
}

// ---- setting aside ------------------------------------------------------------------------------

TEST_CASE("work that used up its chances is parked with its last standard error") {
    auto order = selfplay("w1");
    order.attempts_max = 1;
    Given given({node("n1"), order});
    fail_on(given, "w1", "n1");
    const auto due = to_be_parked(given.view().work, 10);
    REQUIRE(due.size() == 1);
    given.when(due.at(0));
    const auto& parked = std::get<bus::WorkParked>(given.drafts().at(0).fact);
    CHECK(parked.evidence == "out of luck");
    CHECK(parked.reason == "all 1 attempts went wrong; the last: exit code 1");
    given.and_said().when(due.at(0)).then_refused(Kind::duplicate);
    CHECK(to_be_parked(given.view().work, 10).empty());
}

TEST_CASE("held work is not parked") {
    Given({node("n1"), selfplay("w1"), claimed("w1", "n1")})
        .when(ParkWork{.work = {"w1"}})
        .then_refused(Kind::invalid);
}

TEST_CASE("work can be parked, unparked and parked again") {
    Given given({selfplay("w1")});
    given.when(ParkWork{.work = {"w1"}, .reason = "later"});
    const auto first = given.drafts().at(0).id;
    given.and_said().when(UnparkWork{.work = {"w1"}}).and_said();
    CHECK(given.item("w1").status == WorkStatus::pending);
    given.when(ParkWork{.work = {"w1"}, .reason = "later"});
    CHECK(given.drafts().at(0).id != first);
}

TEST_CASE("what has ended is neither cancelled nor parked") {
    Given given({selfplay("w1"), bus::WorkCancelled{.work = {"w1"}}});
    given.when(CancelWork{.work = {"w1"}}).then_refused(Kind::not_open);
    given.when(ParkWork{.work = {"w1"}}).then_refused(Kind::not_open);
}

TEST_CASE("work whose dependency was cancelled is hopeless, whose dependency failed is not") {
    auto order = selfplay("w2");
    order.depends_on = {{"w1"}};
    auto once = selfplay("w1");
    once.attempts_max = 1;
    Given given({node("n1"), once, order});
    fail_on(given, "w1", "n1");
    CHECK(hopeless(given.view().work, 10).empty());
    given.say(bus::WorkCancelled{.work = {"w1"}});
    REQUIRE(hopeless(given.view().work, 10).size() == 1);
    given.when(hopeless(given.view().work, 10).at(0))
        .then({bus::WorkCancelled{.work = {"w2"},
                                  .reason = "it depends on w1, which was cancelled"}});
}

// ---- causes -------------------------------------------------------------------------------------

TEST_CASE("every fact of an item leads back to the one that queued it") {
    Given given({node("n1"), selfplay("w1")});
    const auto queued = given.item("w1").last_event;
    given.when(claim("n1"));
    CHECK(given.drafts().at(0).causation == queued);
    CHECK(given.drafts().at(0).correlation == queued);
    given.and_said();
    const auto started = of_claim<bus::WorkStarted>(given, "w1");
    given.when(ReportStarted{.work = {"w1"}, .node = {"n1"}, .fence = started.fence});
    CHECK(given.drafts().at(0).causation == bus::EventId{"w1:claimed:1@1"});
    CHECK(given.drafts().at(0).id == bus::EventId{"w1:started:" + std::to_string(started.fence)});
}

TEST_CASE("a claim that was lost in the log is not mistaken for the next one") {
    Given given({node("n1"), selfplay("w1")});
    given.say(claimed("w1", "")).when(claim("n1"));
    CHECK(given.drafts().at(0).id == bus::EventId{"w1:claimed:2@1"});
}

TEST_CASE("an order that was dropped for its twin can be said again when the twin has ended") {
    auto first = selfplay("w1"), second = selfplay("w2");
    first.dedup_key = second.dedup_key = "export/hex4_2p";
    Given given({node("n1")});
    given.when(QueueWork{.work = second});
    const bus::EventId unheard = given.drafts().at(0).id;
    given.say(first).say_at(given.now(), second, unheard);  // the first could not be read then
    given.when(CancelWork{.work = {"w1"}, .reason = "done"}).and_said();
    given.when(QueueWork{.work = second}).then({second});
    CHECK(given.drafts().at(0).id != unheard);
    const bus::EventId id = given.drafts().at(0).id;
    CHECK(given.when(QueueWork{.work = second}).drafts().at(0).id == id);
}

// ---- why it waits -------------------------------------------------------------------------------

TEST_CASE("the queue says why an item waits") {
    const auto reason = [](const Given& given) {
        return why_waiting(given.sight(), {"w1"}).reason;
    };
    auto quarantined = bus::NodeQuarantined{.node = {"n1"}, .until_at = start + 1h};
    auto specialist = node("n1");
    specialist.capabilities = {"training"};
    auto later = selfplay("w1"), dependent = selfplay("w1");
    later.not_before_at = start + 1h;
    dependent.depends_on = {{"w0"}};

    CHECK(reason(Given({selfplay("w1")})) == WaitReason::no_nodes);
    CHECK(reason(Given({node("n1"), selfplay("w1")})) == WaitReason::ready);
    CHECK(reason(Given({node("n1"), training("w1")})) == WaitReason::too_large);
    CHECK(reason(Given({specialist, selfplay("w1")})) == WaitReason::capability);
    CHECK(reason(Given({node("n1"), quarantined, selfplay("w1")})) == WaitReason::nodes_rest);
    CHECK(reason(Given({node("n1", 1), selfplay("w0"), claimed("w0", "n1"), selfplay("w1")})) ==
          WaitReason::nodes_busy);
    CHECK(reason(Given({node("n1"), later})) == WaitReason::not_before);
    CHECK(reason(Given({node("n1"), selfplay("w0"), dependent})) == WaitReason::dependency);
    CHECK(reason(Given({node("n1"), selfplay("w1"), claimed("w1", "n1")})) ==
          WaitReason::not_waiting);
}

TEST_CASE("the sentence says what would have to change") {
    auto dependent = selfplay("w1");
    dependent.depends_on = {{"w0"}};
    Given given({node("n1"), selfplay("w0"), dependent});
    CHECK(why_waiting(given.sight(), {"w1"}).sentence == "it waits for w0, which is pending");
    Given small({node("n1"), training("w1")});
    CHECK(why_waiting(small.sight(), {"w1"}).sentence ==
          "no living node has 1 slots, 1 GPUs, even when empty");
}

TEST_CASE("the queue says how many items wait for which reason") {
    auto dependent = selfplay("w3"), later = selfplay("w4");
    dependent.depends_on = {{"w1"}};
    later.not_before_at = start + 1h;
    Given given({node("n1"), selfplay("w1"), training("w2"), dependent, later});
    const std::map<WaitReason, std::int64_t> expected = {{WaitReason::ready, 1},
                                                         {WaitReason::too_large, 1},
                                                         {WaitReason::dependency, 1},
                                                         {WaitReason::not_before, 1}};
    CHECK(waiting_reasons(given.sight()) == expected);
}
