// FileMover: what the log plans for this node is fetched, what it gave up is removed, and what came
// of it is said until the log has it.

#include "consumers/file_mover.hpp"

#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using namespace ringrift::consumers;

namespace {

/// Notes what is asked of it and tells what the test gives it to tell.
class NotingTransfers final : public Transfers {
  public:
    bool fetch(const TransferOrder& order) override {
        if (is_full) return false;
        fetched.push_back(order.file.value);
        return true;
    }
    void remove(const bus::FileDigest& file) override { removed.push_back(file.value); }
    std::vector<TransferReport> drain() override { return std::exchange(news, {}); }

    bool is_full = false;
    std::vector<std::string> fetched, removed;
    std::vector<TransferReport> news;
};

using Names = std::vector<std::string>;

bus::PlannedMove wanted(const std::string& file, const std::string& to = "boss") {
    return {.file = {file}, .source = {"a"}, .target = {to}, .why = "needed"};
}

/// Node `boss`, for which files of node `a` are planned.
struct Machine {
    Given given{{node("boss"), node("a"), node("b"), games("f1", 10, "a"), games("f2", 10, "a")}};
    NotingTransfers transfers;
    FileMover mover{transfers};

    Machine() { given.host().files_scanned = true; }
    void planned(const std::string& sync, std::vector<bus::PlannedMove> moves) {
        given.when(PlanSync{{.sync = sync, .config = hex, .moves = std::move(moves)}}).and_said();
    }
    std::size_t carry_out() { return mover.carry_out(given.sight()); }
    void hear(TransferReport report) {
        transfers.news.push_back(std::move(report));
        mover.sense(given.now());
    }
    Commands reports() const { return mover.reports(given.sight()); }
    /// As the node does: each is handled and its answer told.
    void say() {
        for (const Command& report : reports()) {
            tests::carry_out(given, {report});
            mover.answered(report, given.position());
        }
        settle();
    }
    std::size_t settle() { return mover.settle(given.sight(), given.position()); }
    const projections::SyncEntry& sync(const std::string& name) const {
        return given.view().data.syncs.at(name);
    }
};

}  // namespace

TEST_CASE("planned files that are not here are fetched, once, from the planned source and others") {
    Machine machine;
    machine.given.say(bus::FileReplicated{.file = {"f1"}, .node = {"b"}});
    machine.planned("s1", {wanted("f1"), wanted("f2"), wanted("f1", "b")});
    const auto orders = plan_transfers(machine.given.sight());
    REQUIRE(orders.size() == 2);
    CHECK(orders[0] == TransferOrder{.file = {"f1"}, .bytes = 99, .sources = {{"a"}, {"b"}}});
    CHECK(machine.carry_out() == 2);
    CHECK(machine.carry_out() == 0);
    CHECK(machine.transfers.fetched == Names{"f1", "f2"});
}

TEST_CASE("what is planned for others, is here, or was planned in vain is not fetched") {
    Machine machine;
    machine.given.say(games("f3"));
    machine.planned("s1", {wanted("f1", "b"), wanted("f3")});
    machine.planned("s2", {wanted("f2")});
    machine.given.when(NoteSyncFailed{"s2", boss, "no route"}).and_said();
    CHECK(plan_transfers(machine.given.sight()).empty());
}

TEST_CASE("only a few files are fetched at a time, and none when there is no room") {
    Machine machine;
    std::vector<bus::PlannedMove> moves;
    for (int n = 0; n < 9; ++n) {
        machine.given.say(games("g" + std::to_string(n), 10, "a"));
        moves.push_back(wanted("g" + std::to_string(n)));
    }
    machine.planned("s1", moves);
    machine.transfers.is_full = true;
    CHECK(machine.carry_out() == 0);
    machine.transfers.is_full = false;
    CHECK(machine.carry_out() == transfers_max);
    machine.hear(TransferDone{{"g0"}, {"a"}, 99});
    CHECK(machine.carry_out() == 1);
}

TEST_CASE("that it has begun and what has come is said until the log has it, then no more") {
    Machine machine;
    machine.planned("s1", {wanted("f1"), wanted("f2")});
    CHECK(machine.reports().empty());
    machine.carry_out();
    CHECK(asked<NoteSyncStarted>(machine.reports()).size() == 1);
    machine.say();
    CHECK(machine.sync("s1").state == "started");
    CHECK(machine.reports().empty());
    machine.hear(TransferDone{{"f1"}, {"a"}, 99});
    CHECK(asked<NoteReplicated>(machine.reports()).size() == 1);
    CHECK(asked<NoteReplicated>(machine.reports()).size() == 1);
    machine.say();
    CHECK(has_copy(machine.given.view().data, {"f1"}, boss));
    CHECK(machine.reports().empty());
    machine.hear(TransferDone{{"f2"}, {"a"}, 99});
    machine.say();
    CHECK(machine.sync("s1").state == "completed");
}

TEST_CASE("a file that does not come fails its sync when the others have come, and is free again") {
    Machine machine;
    machine.planned("s1", {wanted("f1"), wanted("f2")});
    machine.carry_out();
    machine.say();
    machine.hear(TransferFailed{{"f1"}, "unreachable", "a is unreachable"});
    CHECK(asked<NoteSyncFailed>(machine.reports()).empty());
    CHECK(machine.carry_out() == 0);  // Not again and again within the same plan.
    machine.hear(TransferDone{{"f2"}, {"a"}, 99});
    machine.say();
    machine.say();
    CHECK(machine.sync("s1").state == "failed");
    CHECK(machine.sync("s1").why == "a is unreachable");
    machine.settle();
    CHECK(machine.reports().empty());
    machine.planned("s2", {wanted("f1")});
    CHECK(machine.carry_out() == 1);
}

TEST_CASE("a restarted mover fetches what is still open, and says what lay here already") {
    Machine machine;
    machine.planned("s1", {wanted("f1")});
    machine.carry_out();
    machine.say();
    FileMover restarted(machine.transfers);
    CHECK(restarted.carry_out(machine.given.sight()) == 1);
    CHECK(restarted.reports(machine.given.sight()).empty());
}

TEST_CASE("our own copy that turns out to be damaged is said to be") {
    Machine machine;
    machine.given.say(games("f3"));
    machine.hear(CopyDamaged{{"f3"}, "other bytes"});
    machine.say();
    CHECK_FALSE(has_copy(machine.given.view().data, {"f3"}, boss));
    CHECK(machine.reports().empty());
}

TEST_CASE("a copy that came and was found damaged is said to have come, then to be damaged, once") {
    Machine machine;
    machine.planned("s1", {wanted("f1")});
    machine.carry_out();
    machine.hear(TransferDone{{"f1"}, {"a"}, 99});
    machine.hear(CopyDamaged{{"f1"}, "other bytes"});
    machine.hear(CopyDamaged{{"f1"}, "other bytes"});
    CHECK(asked<QuarantineFile>(machine.reports()).empty());
    machine.say();
    CHECK(has_copy(machine.given.view().data, {"f1"}, boss));
    machine.say();
    CHECK_FALSE(has_copy(machine.given.view().data, {"f1"}, boss));
    CHECK(machine.reports().empty());
}

TEST_CASE("a copy that came in place of a damaged one stays sound, though both are said late") {
    Machine machine;
    machine.given.say(games("f3"));
    machine.hear(CopyDamaged{{"f3"}, "other bytes"});
    machine.hear(TransferDone{{"f3"}, {"a"}, 99});
    machine.say();
    machine.say();
    CHECK(has_copy(machine.given.view().data, {"f3"}, boss));
    CHECK(machine.reports().empty());
}

TEST_CASE("what has come and was said still counts as here until it is folded") {
    Machine machine;
    machine.given.host().files = {{.file = {"f1"}, .bytes = 99}};
    machine.given.say(games("f1", 10, "boss"));
    machine.given.say(bus::FileDeleted{.file = {"f1"}, .node = boss, .proof = {{"a"}}});
    machine.planned("s1", {wanted("f1")});
    machine.carry_out();
    machine.hear(TransferDone{{"f1"}, {"a"}, 99});
    const auto reports = asked<NoteReplicated>(machine.reports());
    REQUIRE(reports.size() == 1);
    const bus::Position at = machine.given.position() + 1;
    machine.mover.answered(reports.front(), at);
    CHECK(asked<NoteReplicated>(machine.reports()).empty());
    CHECK(machine.settle() == 0);
    CHECK(machine.carry_out() == 0);
    CHECK(machine.transfers.removed.empty());
    CHECK(machine.mover.settle(machine.given.sight(), at) == 1);
}

TEST_CASE("what has come is not said again after its answer, whatever became of the file since") {
    Machine machine;
    machine.planned("s1", {wanted("f1")});
    machine.carry_out();
    machine.hear(TransferDone{{"f1"}, {"a"}, 99});
    machine.say();
    machine.given.say(bus::ManifestCollected{.node = boss, .removed = {{"f1"}}});
    CHECK_FALSE(has_copy(machine.given.view().data, {"f1"}, boss));
    CHECK(asked<NoteReplicated>(machine.reports()).empty());
}

TEST_CASE(
    "a file is removed only when our word that it goes holds, and once for each look at the "
    "directory") {
    Machine machine;
    auto& host = machine.given.host();
    machine.given.say(games("f3"));
    host.files = {{.file = {"f3"}, .bytes = 99}};
    const bus::FileDeleted deleted = {.file = {"f3"}, .node = boss, .proof = {{"a"}}};
    machine.given.say(deleted);
    CHECK(machine.carry_out() == 0);  // No proof: a has no copy.
    machine.given.say(bus::FileReplicated{.file = {"f3"}, .node = {"a"}}).say(deleted);
    CHECK(machine.carry_out() == 1);
    CHECK(machine.carry_out() == 0);
    CHECK(machine.transfers.removed == Names{"f3"});
    machine.planned("s1", {wanted("f3")});
    CHECK(machine.carry_out() == 0);  // Not while it may still lie here.
    host.files.clear();
    host.files_as_of += 1;
    CHECK(machine.carry_out() == 1);
    CHECK(machine.transfers.fetched == Names{"f3"});
}

TEST_CASE("what a job here has made again stays, and nothing goes while the view is behind") {
    Machine machine;
    machine.given.say(games("f3")).say(bus::FileReplicated{.file = {"f3"}, .node = {"a"}});
    machine.given.host().files = {{.file = {"f3"}, .bytes = 99}};
    CHECK(machine.carry_out() == 0);
    machine.given.say(bus::FileDeleted{.file = {"f3"}, .node = boss, .proof = {{"a"}}});
    machine.mover.keep({{"f3"}});
    CHECK(machine.carry_out() == 0);
    machine.mover.keep({});
    CHECK(machine.mover.carry_out(machine.given.sight(), false) == 0);
    CHECK(machine.transfers.removed.empty());
    CHECK(machine.carry_out() == 1);
    CHECK(machine.transfers.removed == Names{"f3"});
}

TEST_CASE("what was given up before the node came up is left for a while: it may have come back") {
    Machine machine;
    auto& host = machine.given.host();
    host.files_scanned = false;
    machine.given.say(games("f3")).say(bus::FileReplicated{.file = {"f3"}, .node = {"a"}});
    const bus::FileDeleted deleted = {.file = {"f3"}, .node = boss, .proof = {{"a"}}};
    machine.given.say(deleted);
    CHECK(machine.carry_out() == 0);
    host.files = {{.file = {"f3"}, .bytes = 99}};
    host.files_scanned = true;
    CHECK(machine.carry_out() == 0);

    SECTION("its return comes into the log, late: it stays") {
        machine.given.say(bus::FileReplicated{.file = {"f3"}, .node = boss});
        machine.given.say_at(start + leftovers_rest + 1min, games("f4"));
        CHECK(machine.carry_out() == 0);
    }
    SECTION("it has come back and goes again: at once") {
        machine.given.say(bus::FileReplicated{.file = {"f3"}, .node = boss});
        host.files_as_of += 1;
        CHECK(machine.carry_out() == 0);
        machine.given.say(deleted);
        CHECK(machine.carry_out() == 1);
    }
    SECTION("nothing more was on its way: it goes") {
        machine.given.say_at(start + leftovers_rest + 1min, games("f4"));
        CHECK(machine.carry_out() == 1);
    }
}

// ---- what claims need ---------------------------------------------------------------------------

TEST_CASE("what a claim waits for is fetched before what is planned, from whoever has it") {
    Machine machine;
    for (const char* name : {"x1", "x2", "x3", "x4"}) machine.given.say(games(name, 10, "b"));
    machine.planned("s1", {wanted("f1"), wanted("f2")});
    machine.mover.want({{"x1"}, {"x2"}, {"x3"}, {"x4"}});
    CHECK(machine.carry_out() == transfers_max);
    CHECK(machine.transfers.fetched == Names{"x1", "x2", "x3", "x4"});
    machine.hear(TransferDone{{"x1"}, {"b"}, 99});
    CHECK(machine.carry_out() == 1);
    CHECK(machine.transfers.fetched.back() == "f1");
    machine.say();
    CHECK(has_copy(machine.given.view().data, {"x1"}, boss));
}

TEST_CASE(
    "when one who has the file cannot give it, the others are tried before there is no hope") {
    Machine machine;
    machine.given.say(bus::FileReplicated{.file = {"f1"}, .node = {"b"}});
    machine.given.say(node("c")).say(bus::FileReplicated{.file = {"f1"}, .node = {"c"}});
    machine.given.say(node("d")).say(bus::FileReplicated{.file = {"f1"}, .node = {"d"}});
    machine.mover.want({{"f1"}});
    CHECK(machine.carry_out() == 1);
    CHECK_FALSE(machine.mover.hopeless(machine.given.sight(), {"f1"}));
    machine.hear(TransferFailed{{"f1"}, "unreachable", "a, b and c are unreachable"});
    CHECK_FALSE(machine.mover.hopeless(machine.given.sight(), {"f1"}));
    machine.settle();
    CHECK(machine.carry_out() == 1);
    machine.hear(TransferFailed{{"f1"}, "unreachable", "d is unreachable"});
    CHECK(machine.carry_out() == 0);
    CHECK(machine.mover.hopeless(machine.given.sight(), {"f1"}) == "d is unreachable");
    machine.mover.want({});
    machine.settle();
    machine.mover.want({{"f1"}});
    CHECK(machine.carry_out() == 1);  // The next claim tries anew.
}

TEST_CASE("a full disk here is not cured by asking another node") {
    Machine machine;
    machine.given.say(bus::FileReplicated{.file = {"f1"}, .node = {"b"}});
    machine.mover.want({{"f1"}});
    machine.carry_out();
    machine.hear(TransferFailed{{"f1"}, "disk_full", "no room"});
    CHECK(machine.carry_out() == 0);
    CHECK(machine.mover.hopeless(machine.given.sight(), {"f1"}) == "no room");
}

TEST_CASE("what no node that is alive has will not come, and the digest is named") {
    Machine machine;
    machine.given.say(bus::HostOffline{.node = {"a"}, .incarnation = 1, .reason = "silent"});
    for (const char* name : {"f1", "f9"}) {
        const auto why = machine.mover.hopeless(machine.given.sight(), {name});
        REQUIRE(why);
        CHECK(*why == std::string("no other node that is alive has a copy of ") + name);
    }
}

TEST_CASE("what a claim reads is not removed from under it") {
    Machine machine;
    machine.given.say(games("f3")).say(bus::FileReplicated{.file = {"f3"}, .node = {"a"}});
    machine.given.host().files = {{.file = {"f3"}, .bytes = 99}};
    machine.given.say(bus::FileDeleted{.file = {"f3"}, .node = boss, .proof = {{"a"}}});
    machine.mover.want({{"f3"}});
    machine.carry_out();
    CHECK(machine.transfers.removed.empty());
}
