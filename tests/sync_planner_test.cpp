// Where copies are made, and in which order; and that carrying plans out reaches the goal from
// anywhere.

#include "consumers/managers/sync_planner.hpp"

#include <map>
#include <random>

#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using namespace ringrift::consumers;

namespace {

constexpr std::int64_t large = 1'000'000;

bus::NodeJoined disk(const std::string& name, std::int64_t bytes = large) {
    bus::NodeJoined joined = node(name);
    joined.capacity.disk_bytes = bytes;
    joined.transfer_port = 8771;
    joined.capabilities = {"selfplay"};
    return joined;
}
bus::NodeJoined trainer(const std::string& name) {
    bus::NodeJoined joined = disk(name);
    joined.capabilities = {};
    joined.capacity.gpus = 1;
    return joined;
}
bus::FileReplicated copied(const std::string& file, const std::string& to) {
    return {
        .file = {file}, .node = {to}, .source = boss, .kind = bus::FileKind::games, .config = hex};
}

SyncPlanner planner() {
    SyncPlanner planner;
    planner.disk_reserve_bytes = 0;
    return planner;
}

/// `f1: a -> b` for each move, in order.
std::vector<std::string> moves(const Given& given) {
    std::vector<std::string> lines;
    for (const auto& move : planner().plan_moves(given.sight())) {
        CHECK_FALSE(move.why.empty());
        lines.push_back(move.file.value + ": " + move.source.value + " -> " + move.target.value);
    }
    return lines;
}
using Moves = std::vector<std::string>;

void plan(Given& given) {
    carry_out(given, planner().step(given.sight()));
}

}  // namespace

TEST_CASE("a training node gets every game, from whoever is alive and has it") {
    Given given({disk("a"), disk("b"), trainer("gpu"), games("f1", 10, "a"), games("f2", 10, "b")});
    CHECK(moves(given) == Moves{"f1: a -> gpu", "f2: b -> gpu"});
    given.say(copied("f1", "gpu")).say(copied("f2", "gpu"));
    CHECK(moves(given).empty());
}

TEST_CASE("every games file has two copies, the second where there is most room") {
    Given given({disk("a"), disk("b", 500), disk("c", 700), games("f1", 10, "a")});
    CHECK(moves(given) == Moves{"f1: a -> c"});
}

TEST_CASE("a copy that is needed anyway is the second copy") {
    Given given({disk("a"), disk("b"), trainer("gpu"), games("f1", 10, "a")});
    CHECK(moves(given) == Moves{"f1: a -> gpu"});
}

TEST_CASE("what lies only on a node that is about to go is copied first") {
    Given given({disk("a"), disk("b"), disk("c"), games("f1", 10, "a"), games("f2", 10, "b"),
                 bus::NodeDraining{.node = {"b"}}});
    CHECK(moves(given) == Moves{"f2: b -> c", "f1: a -> c", "f2: b -> a"});
}

TEST_CASE("nothing is copied to a node that is not well, and nothing from one that is gone") {
    Given given({disk("a"), disk("b"), disk("c"), games("f1", 10, "a"), games("f2", 10, "c")});
    given.say(bus::NodeQuarantined{.node = {"b"}, .until_at = given.now() + 1h});
    given.say(bus::HostOffline{.node = {"c"}, .incarnation = 1});
    CHECK(moves(given).empty());  // Only a is well: one copy is all there can be.
    given.say(bus::NodeReleased{.node = {"b"}});
    CHECK(moves(given) == Moves{"f1: a -> b"});
}

TEST_CASE("a damaged copy counts for nothing and is the source of nothing") {
    Given given({disk("a"), disk("b"), disk("c"), games("f1", 10, "a"), copied("f1", "b")});
    CHECK(moves(given).empty());
    given.say(bus::FileQuarantined{.file = {"f1"}, .node = {"a"}});
    const auto planned = moves(given);
    REQUIRE(planned.size() == 1);
    CHECK(planned[0].starts_with("f1: b -> "));
}

TEST_CASE("what a claim reads is brought to the node that holds it, before what merely trains") {
    Given given({disk("a"), trainer("gpu"), disk("c"), games("f1", 10, "a"), games("f2", 10, "a")});
    bus::WorkQueued reading = order(bus::WorkType::export_, "e1");
    reading.inputs = {{"f2"}};
    given.say(reading).say(claimed("e1", "c"));
    CHECK(moves(given) == Moves{"f2: a -> c", "f1: a -> gpu", "f2: a -> gpu"});
}

TEST_CASE("the best model goes to every node that plays") {
    Given given({disk("a"), disk("b"), disk("c")});
    given.say(bus::WorkCompleted{.work = {"t1"},
                                 .node = {"a"},
                                 .type = bus::WorkType::training,
                                 .config = hex,
                                 .result = files({{.file = {"m1"}, .name = "m", .bytes = 5}})});
    given.say(rules({policy()}));
    decide_on(given, "m1", winning);
    CHECK(moves(given) == Moves{"m1: a -> b", "m1: a -> c"});
}

TEST_CASE("no disk is filled beyond what it holds") {
    Given given({disk("a"), disk("b", 150), games("f1", 10, "a"), games("f2", 10, "a")});
    CHECK(moves(given).size() == 1);  // Each file has 99 bytes.
    projections::Heartbeat heard = {.at = given.now()};
    heard.sample.disk_total_bytes = large;
    heard.sample.disk_free_bytes = 98;
    given.host().heartbeats[{"b"}] = heard;
    CHECK(moves(given).empty());
    given.host().heartbeats[{"b"}].sample.disk_free_bytes = 198;
    CHECK(moves(given).size() == 2);
}

TEST_CASE("what is under way is not planned again, until nothing was heard of it for too long") {
    Given given({disk("a"), disk("b"), games("f1", 10, "a"), games("f2", 10, "a")});
    plan(given);
    CHECK(given.view().data.syncs.size() == 1);
    CHECK(moves(given).empty());
    given.say(copied("f1", "b"));
    CHECK(moves(given).empty());
    given.say_at(given.now() + 31min,
                 bus::NodeUpdated{.node = {"a"}, .capacity = {.disk_bytes = large}});
    CHECK(moves(given) == Moves{"f2: a -> b"});
}

TEST_CASE("what failed is tried again after a while, from another source where there is one") {
    Given given({disk("a"), disk("b"), disk("c"), trainer("gpu"), games("f1", 10, "a")});
    given.say(copied("f1", "b"));
    plan(given);
    const std::string sync = std::prev(given.view().data.syncs.end())->first;
    REQUIRE(given.view().data.syncs.at(sync).moves.at(0).source == bus::NodeId{"a"});
    given.when(NoteSyncFailed{sync, {"gpu"}, "a is unreachable"}).and_said();
    CHECK(moves(given).empty());
    given.say_at(given.now() + 2min,
                 bus::NodeUpdated{.node = {"c"}, .capacity = {.disk_bytes = large}});
    CHECK(moves(given) == Moves{"f1: b -> gpu"});
}

TEST_CASE("what fails again and again is tried more and more rarely, up to half an hour") {
    Given given({disk("a"), disk("b"), games("f1", 10, "a")});
    const auto fail = [&] {
        plan(given);
        const auto open = std::ranges::find_if(
            given.view().data.syncs, [](const auto& sync) { return is_open(sync.second); });
        REQUIRE(open != given.view().data.syncs.end());
        given.when(NoteSyncFailed{open->first, {"b"}, "a is unreachable"}).and_said();
    };
    const auto waits_for = [&] {
        const bus::Time failed = given.now();
        while (moves(given).empty())
            given.say_at(given.now() + 5s, bus::NodeUpdated{.node = {"nobody"}});
        return given.now() - failed;
    };
    for (const bus::Duration least :
         std::initializer_list<bus::Duration>{1min, 2min, 4min, 8min, 16min, 30min, 30min}) {
        fail();
        const bus::Duration waited = waits_for();
        CHECK(waited >= least);
        CHECK(waited <= least * 5 / 4 + 5s);
    }
}

TEST_CASE("what a node cannot fetch from anybody goes to it by way of a third") {
    Given given({disk("a"), disk("b", 100), disk("c"), trainer("gpu"), games("f1", 10, "a")});
    plan(given);
    REQUIRE(given.view().data.syncs.size() == 1);
    const std::string sync = given.view().data.syncs.begin()->first;
    given.when(NoteSyncFailed{sync, {"gpu"}, "a is unreachable"}).and_said();
    const auto later = [&] {
        given.say_at(given.now() + 2min, bus::NodeUpdated{.node = {"nobody"}});
    };
    later();
    const auto planned = planner().plan_moves(given.sight());
    REQUIRE(planned.size() == 2);
    CHECK(moves(given) == Moves{"f1: a -> gpu", "f1: a -> c"});
    CHECK(planned[1].why == "a way round: gpu could not fetch it from a");
    given.say(copied("f1", "c"));
    CHECK(moves(given) == Moves{"f1: c -> gpu"});
}

TEST_CASE("nodes without a file server give nothing and get nothing") {
    bus::NodeJoined old = disk("a");
    old.transfer_port = 0;
    Given given({old, disk("b"), disk("c"), games("f1", 10, "a"), games("f2", 10, "b")});
    CHECK(moves(given) == Moves{"f2: b -> c"});
}

TEST_CASE("where files do not move, games count as synchronised where they are") {
    Given given({node("a"), games("f1", 10, "a"), games("f2", 10, "a")});
    const auto syncs = asked<CompleteSync>(planner().step(given.sight()));
    REQUIRE(syncs.size() == 1);
    CHECK(syncs[0].node == bus::NodeId{"a"});
}

TEST_CASE("the operator says how many copies there are") {
    Given given({disk("a"), disk("b"), disk("c"), disk("d"), games("f1", 10, "a")});
    SyncPlanner more = planner();
    more.copies = 3;
    CHECK(more.plan_moves(given.sight()).size() == 2);
    more.copies = 1;
    CHECK(more.plan_moves(given.sight()).empty());
    more.copies = 5;
    CHECK(more.plan_moves(given.sight()).size() == 3);  // There are no more nodes.
}

TEST_CASE("a plan names its moves and says why, a sync for each target") {
    Given given(
        {disk("a"), trainer("g1"), trainer("g2"), games("f1", 10, "a"), games("f2", 10, "a")});
    const auto plans = asked<PlanSync>(planner().step(given.sight()));
    REQUIRE(plans.size() == 2);
    CHECK(plans[0].plan.config == hex);
    CHECK(plans[0].plan.moves.size() == 2);
    CHECK(plans[0].plan.why ==
          "2 files to g1: a training node has every game (1), there is only one copy of it (1)");
    CHECK(plans[0].plan.sync != plans[1].plan.sync);
}

TEST_CASE("only so many syncs are open at a time") {
    Given given;
    given.say(disk("a"));
    for (int n = 0; n < 9; ++n) {
        auto recorded = games("f" + std::to_string(n), 10, "a");
        recorded.config = {"c" + std::to_string(n)};
        given.say(recorded);
    }
    given.say(disk("b"));
    SyncPlanner few = planner();
    few.syncs_open_max = 4;
    carry_out(given, few.step(given.sight()));
    CHECK(given.view().data.syncs.size() == 4);
    CHECK(asked<PlanSync>(few.step(given.sight())).empty());
}

TEST_CASE("games count as synchronised when they lie at a training node") {
    Given given({disk("a"), trainer("gpu"), games("f1", 10, "a")});
    CHECK(asked<CompleteSync>(planner().step(given.sight())).empty());
    given.say(copied("f1", "gpu"));
    const auto syncs = asked<CompleteSync>(planner().step(given.sight()));
    REQUIRE(syncs.size() == 1);
    CHECK(syncs[0].node == bus::NodeId{"gpu"});
}

TEST_CASE("a node whose disk is low gives up the oldest of what others hold, and only that") {
    Given given({disk("boss"), disk("a"), disk("b")});
    for (const char* name : {"f1", "f2", "f3"}) given.say(games(name));
    for (const char* name : {"f3", "f1"}) given.say(copied(name, "a")).say(copied(name, "b"));
    given.host().files_scanned = true;
    CHECK(asked<DeleteFile>(planner().collect_manifest(given.sight())).empty());
    given.host().disk = {.state = projections::DiskState::low, .reason = "5 % free"};
    const auto deletes = asked<DeleteFile>(planner().collect_manifest(given.sight()));
    REQUIRE(deletes.size() == 2);
    CHECK(deletes[0].file == bus::FileDigest{"f1"});
    CHECK(deletes[1].file == bus::FileDigest{"f3"});
    CHECK(deletes[0].reason == "5 % free");
}

// ---- from anywhere ------------------------------------------------------------------------------

namespace {

/// A random cluster that carries out its plans, some of them badly.
class World {
  public:
    explicit World(unsigned seed) : random_(seed) {
        const int nodes = 1 + below(6);
        for (int n = 0; n < nodes; ++n) {
            auto joined = below(3) == 0 ? trainer(name(n)) : disk(name(n));
            joined.capacity.disk_bytes = below(4) == 0 ? 200 + below(600) : large;
            given.say(joined);
        }
        const int files = below(30);
        for (int n = 0; n < files; ++n) {
            bus::GamesRecorded recorded = games("f" + std::to_string(n), 1, place(nodes));
            recorded.bytes = 10 + below(90);
            recorded.config = {"c" + std::to_string(below(3))};
            if (used(recorded.node) + recorded.bytes > capacity(recorded.node)) continue;
            given.say(recorded);
            if (below(3) == 0) arrive({.file = recorded.file, .target = {place(nodes)}});
        }
        if (below(3) == 0) given.say(bus::NodeDraining{.node = {place(nodes)}});
        if (below(3) == 0) given.say(bus::HostOffline{.node = {place(nodes)}, .incarnation = 1});
    }

    /// One round: plan, carry out, and now and then somebody wants to delete. True when something
    /// was planned.
    bool round() {
        const auto commands = planner().step(given.sight());
        carry_out(given, commands);
        std::vector<std::pair<std::string, bus::PlannedMove>> due;
        for (const auto& [sync, entry] : given.view().data.syncs) {
            if (!is_open(entry)) continue;
            for (const auto& move : entry.moves) due.emplace_back(sync, move);
        }
        for (const auto& [sync, move] : due) {
            CHECK(has_copy(given.view().data, move.file, move.source));
            CHECK_FALSE(has_copy(given.view().data, move.file, move.target));
            if (faults_ > 0 && below(8) == 0) {
                --faults_;
                given.when(NoteSyncFailed{sync, move.target, "bad luck"}).and_said();
            } else {
                arrive(move);
                CHECK(used(move.target) <= capacity(move.target));
            }
        }
        if (faults_ > 0) want_to_delete();
        given.say_at(given.now() + 2min, bus::NodeUpdated{.node = {"nobody"}});
        return !due.empty();
    }

    void check_goal() {
        const FileNeeds needs = file_needs(given.sight());
        for (const auto& [digest, file] : given.view().data.files) {
            if (!is_held(file)) continue;
            INFO(digest);
            const auto has = [&](const bus::NodeId& node) {
                return has_copy(given.view().data, digest, node);
            };
            const auto fits = [&, bytes = file.bytes](const bus::NodeId& node) {
                return used(node) + bytes <= capacity(node);
            };
            const auto well = std::ranges::count_if(needs.well, has);
            const bool could_more = std::ranges::any_of(
                needs.well, [&](const bus::NodeId& node) { return !has(node) && fits(node); });
            CHECK((well >= static_cast<std::ptrdiff_t>(copies_default) || !could_more));
            for (const bus::NodeId& node : needs.training)
                CHECK((!needs.for_training.contains(digest) || has(node) || !fits(node)));
        }
    }

    Given given;

  private:
    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
    static std::string name(int n) { return "n" + std::to_string(n); }
    std::string place(int nodes) { return name(below(nodes)); }
    std::int64_t capacity(const bus::NodeId& node) const {
        return given.view().nodes.nodes.at(node).joined.capacity.disk_bytes;
    }
    std::int64_t used(const bus::NodeId& node) const {
        std::int64_t bytes = 0;
        for (const auto& [digest, file] : given.view().data.files)
            bytes += file.copies.contains(node) ? file.bytes : 0;
        return bytes;
    }
    bool is_held(const projections::FileEntry& file) const {
        return std::ranges::any_of(file.copies, [&](const bus::NodeId& node) {
            return is_alive(given.view().nodes.nodes.at(node));
        });
    }
    void arrive(const bus::PlannedMove& move) {
        const auto& file = given.view().data.files.at(move.file);
        if (used(move.target) + file.bytes > capacity(move.target) && move.source.empty()) return;
        given.when(NoteReplicated{move.file, move.target, move.source}).and_said();
    }
    void want_to_delete() {
        const auto before = given.view().data.files;
        for (const auto& [digest, file] : before) {
            if (file.copies.empty() || below(6) != 0) continue;
            given.when(DeleteFile{.file = digest, .node = *file.copies.begin()}).and_said();
            std::size_t well = 0;
            for (const bus::NodeId& node : given.view().data.files.at(digest).copies)
                well += is_well(given.sight(), node) ? 1 : 0;
            const bool is_deleted = given.view().data.files.at(digest).copies != file.copies;
            CHECK((!is_deleted || well >= copies_default));
        }
    }

    std::mt19937 random_;
    int faults_ = 6;
};

}  // namespace

TEST_CASE(
    "from any placement, plans carried out until there is none reach the goal, within the disks "
    "and without losing a file") {
    for (unsigned seed = 0; seed < 400; ++seed) {
        INFO("seed " << seed);
        World world(seed);
        int rounds = 0;
        int quiet = 0;
        while (quiet < 3 && rounds < 200) {
            ++rounds;
            quiet = world.round() ? 0 : quiet + 1;
        }
        CHECK(rounds < 200);
        world.check_goal();
    }
}
