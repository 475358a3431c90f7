// Files: what is counted, when games are synchronised, and what a node says about its disk.

#include "producers/data.hpp"

#include <limits>

#include "consumers/managers/sync_planner.hpp"
#include "tests/asked.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Kind = Refusal::Kind;

namespace {

const projections::ConfigData& data(const Given& given) {
    return given.view().data.configs.at(hex);
}
const projections::FileEntry& file(const Given& given, const std::string& name) {
    return given.view().data.files.at({name});
}

bus::FileReplicated copied(const std::string& name, const std::string& to) {
    return {
        .file = {name}, .node = {to}, .source = boss, .kind = bus::FileKind::games, .config = hex};
}

/// The node has looked at its disk when it had folded everything that `given` says now.
void scan(Given& given, const std::vector<std::string>& names) {
    given.host().files.clear();
    for (const std::string& name : names)
        given.host().files.push_back({.file = {name}, .bytes = 99});
    given.host().files_scanned = true;
    given.host().files_as_of = given.position();
}

bus::ManifestCollected manifest(const Given& given) {
    return std::get<bus::ManifestCollected>(given.drafts().at(0).fact);
}

/// A node that does not train, so needs no games.
bus::NodeJoined player(const std::string& name) {
    bus::NodeJoined joined = node(name);
    joined.capabilities = {"selfplay"};
    return joined;
}

using Files = std::vector<bus::FileDigest>;

}  // namespace

// ---- what is counted ----------------------------------------------------------------------------

TEST_CASE("the games of a file are counted once, however many copies it has") {
    Given given({games("f1"), copied("f1", "n2"), games("f1", 10, "n3"), games("f1")});
    CHECK(data(given).games == 10);
    CHECK(data(given).unsynced.size() == 1);
    CHECK(file(given, "f1").copies == projections::FlatSet<bus::NodeId>{boss, {"n2"}, {"n3"}});
}

TEST_CASE("a copy that is heard of before the recording does not hide the games") {
    Given given({copied("f1", "n2")});
    CHECK(given.view().data.configs.count(hex) == 0);
    given.say(games("f1"));
    CHECK(data(given).games == 10);
    CHECK(file(given, "f1").copies == projections::FlatSet<bus::NodeId>{boss, {"n2"}});
}

TEST_CASE("a job's games are recorded though a copy of the file was heard of before") {
    Given given({copied("f1", "n2"), selfplay("w1")});
    run_job(given, "w1",
            {.games = 10, .files = {{.file = {"f1"}, .name = "g", .bytes = 9, .games = 10}}});
    CHECK(data(given).games == 10);
}

TEST_CASE("no games, no digest or no config is nothing to count") {
    auto nameless = games("f3");
    nameless.config = {};
    Given given({games("f1", 0), games("f2", -5), nameless, games("")});
    CHECK(given.view().data.files.empty());
    CHECK(given.view().data.configs.empty());
}

TEST_CASE("a file of more games than anybody can play is not counted") {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    CHECK(data(Given({games("f1"), games("endless", most)})).games == 10);
}

TEST_CASE("what a training leaves is a model file, even when its claim is gone") {
    Given given;
    given.say(
        bus::WorkCompleted{.work = {"w1"},
                           .node = {"n1"},
                           .type = bus::WorkType::training,
                           .config = hex,
                           .result = files({{.file = {"m1"}, .name = "model.bin", .bytes = 5}})});
    CHECK(file(given, "m1").kind == bus::FileKind::model);
    CHECK(file(given, "m1").copies.contains({"n1"}));
}

TEST_CASE("a damaged copy is no copy until a verified one takes its place") {
    Given given({games("f1")});
    given.when(QuarantineFile{.file = {"f1"}, .node = boss, .reason = "digest"});
    given.then({bus::FileQuarantined{.file = {"f1"}, .node = boss, .reason = "digest"}}).and_said();
    CHECK_FALSE(has_copy(given.view().data, {"f1"}, boss));
    given.when(QuarantineFile{.file = {"f1"}, .node = boss}).then_refused(Kind::duplicate);
    given.say(copied("f1", "boss"));
    CHECK(has_copy(given.view().data, {"f1"}, boss));
}

// ---- synchronised -------------------------------------------------------------------------------

TEST_CASE("all recorded games of a config that lie at the node are synchronised in one event") {
    Given given({games("f1"), games("f2", 7)});
    given.when(CompleteSync{.config = hex, .node = boss});
    given.then({bus::DataSyncCompleted{.sync = "sync-hex4_2p-" + std::to_string(first_position + 1),
                                       .config = hex,
                                       .node = boss,
                                       .files = {{"f1"}, {"f2"}},
                                       .games = 17}});
    CHECK(given.drafts().at(0).causation == file(given, "f2").event);
    given.and_said();
    CHECK(data(given).games_synced == 17);
    CHECK(data(given).unsynced.empty());
    CHECK(data(given).last_sync == given.position());
    given.when(CompleteSync{.config = hex, .node = boss}).then_refused(Kind::duplicate);
}

TEST_CASE("games that lie elsewhere, or only damaged, are not synchronised") {
    Given given(
        {games("f1", 10, "n2"), games("f2"), bus::FileQuarantined{.file = {"f2"}, .node = boss}});
    given.when(CompleteSync{.config = hex, .node = boss}).then_refused(Kind::duplicate);
    given.when(CompleteSync{.config = {"unheard"}, .node = boss}).then_refused(Kind::unknown);
}

TEST_CASE("saying a second time that games are synchronised adds none") {
    const bus::DataSyncCompleted sync = {
        .sync = "s1", .config = hex, .node = boss, .files = {{"f1"}, {"f1"}}, .games = 99};
    Given given({games("f1"), sync});
    const bus::Position first = data(given).last_sync;
    auto again = sync;
    again.sync = "s2";
    given.say(again);
    CHECK(data(given).games_synced == 10);
    CHECK(data(given).last_sync == first);
}

TEST_CASE("a sync of files that nobody recorded, or of another config, synchronises nothing") {
    auto foreign = games("f2");
    foreign.config = {"hex5_2p"};
    Given given({games("f1"), foreign});
    given.say(bus::DataSyncCompleted{
        .sync = "s1", .config = hex, .node = boss, .files = {{"f2"}, {"f9"}}, .games = 20});
    CHECK(data(given).games_synced == 0);
    CHECK(data(given).last_sync == 0);
    CHECK_FALSE(file(given, "f2").synced);
}

TEST_CASE("a sync holds a bounded number of files, and the next one the rest") {
    Given given;
    for (std::size_t n = 0; n <= files_per_sync_max; ++n)
        given.say(games("f" + std::to_string(n), 1));
    given.when(CompleteSync{.config = hex, .node = boss}).and_said();
    CHECK(data(given).games_synced == static_cast<std::int64_t>(files_per_sync_max));
    given.when(CompleteSync{.config = hex, .node = boss}).and_said();
    CHECK(data(given).unsynced.empty());
}

TEST_CASE("the planner asks for a sync only where games lie that none covers") {
    Given given({games("f1", 10, "n2")});
    CHECK(consumers::SyncPlanner{}.step(given.sight()).empty());
    given.say(games("f2"));
    const auto asked_for = consumers::SyncPlanner{}.step(given.sight());
    REQUIRE(asked<CompleteSync>(asked_for).size() == 1);
    carry_out(given, asked_for);
    CHECK(consumers::SyncPlanner{}.step(given.sight()).empty());
}

TEST_CASE("a sync is planned once and its last word is remembered") {
    const bus::SyncPlanned plan = {
        .sync = "s1", .config = hex, .moves = {{.file = {"f1"}}}, .why = "copies"};
    Given given;
    given.when(PlanSync{plan}).then({plan}).and_said();
    given.when(PlanSync{plan}).then_refused(Kind::duplicate);
    given.when(PlanSync{{.sync = "s2", .config = hex}}).then_refused(Kind::duplicate);
    given.say(bus::DataSyncFailed{.sync = "s1", .config = hex, .node = boss, .reason = "no route"});
    CHECK(given.view().data.syncs.at("s1").state == "failed");
    CHECK(given.view().data.syncs.at("s1").why == "no route");
}

TEST_CASE("only the last syncs are kept") {
    Given given;
    for (std::size_t n = 0; n < projections::syncs_kept + 5; ++n) {
        given.say(
            bus::DataSyncStarted{.sync = "s" + std::to_string(n), .config = hex, .node = boss});
    }
    CHECK(given.view().data.syncs.size() == projections::syncs_kept);
    CHECK(given.view().data.syncs.begin()->first == "s5");
    CHECK_FALSE(given.view().data.syncs.contains("s4"));
}

TEST_CASE("a sync that is under way is not forgotten for those that are done") {
    Given given({bus::DataSyncStarted{.sync = "open", .config = hex, .node = boss}});
    for (std::size_t n = 0; n < projections::syncs_kept + 5; ++n)
        given.say(bus::DataSyncFailed{.sync = "s" + std::to_string(n), .config = hex});
    CHECK(given.view().data.syncs.size() == projections::syncs_kept);
    CHECK(given.view().data.syncs.contains("open"));
    CHECK_FALSE(given.view().data.syncs.contains("s5"));
}

// ---- deletion -----------------------------------------------------------------------------------

TEST_CASE("a copy is deleted only when enough others that are well have one, and they are named") {
    Given given({player("a"), player("b"), player("c"), games("f1", 10, "a"), copied("f1", "b")});
    given.when(DeleteFile{.file = {"f1"}, .node = {"a"}}).then_refused(Kind::invalid);
    given.say(copied("f1", "c"));
    given.when(DeleteFile{.file = {"f1"}, .node = {"a"}, .reason = "the disk is low"});
    given.then({bus::FileDeleted{
        .file = {"f1"}, .node = {"a"}, .reason = "the disk is low", .proof = {{"b"}, {"c"}}}});
    given.say(bus::NodeDraining{.node = {"c"}});
    given.when(DeleteFile{.file = {"f1"}, .node = {"a"}}).then_refused(Kind::invalid);
    given.when(DeleteFile{.file = {"f1"}, .node = {"x"}}).then_refused(Kind::duplicate);
}

TEST_CASE("of two nodes that rely on each other's copy, only the first in the log may delete") {
    Given given({player("a"), player("b"), player("c"), games("f1", 10, "a")});
    given.say(copied("f1", "b")).say(copied("f1", "c"));
    const auto deleted = [](const std::string& by, std::vector<bus::NodeId> proof) {
        return bus::FileDeleted{.file = {"f1"}, .node = {by}, .proof = std::move(proof)};
    };
    given.say(deleted("a", {{"b"}, {"c"}}));
    CHECK(file(given, "f1").deleted == projections::FlatSet<bus::NodeId>{{"a"}});
    given.say(deleted("b", {{"a"}, {"c"}}));
    CHECK(file(given, "f1").copies == projections::FlatSet<bus::NodeId>{{"b"}, {"c"}});
    given.say(deleted("b", {})).say(deleted("b", {{"b"}})).say(deleted("x", {{"b"}}));
    CHECK(file(given, "f1").copies == projections::FlatSet<bus::NodeId>{{"b"}, {"c"}});
}

TEST_CASE("bytes that still lie where a file was deleted are no copy; a new copy is one") {
    Given given({player("a"), player("b"), player("c"), games("f1")});
    for (const char* name : {"a", "b"}) given.say(copied("f1", name));
    given.say(bus::FileDeleted{.file = {"f1"}, .node = boss, .proof = {{"a"}, {"b"}}});
    scan(given, {"f1"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).added.empty());
    given.say(bus::ManifestCollected{.node = boss, .digest = "x", .added = {{"f1"}}});
    CHECK_FALSE(has_copy(given.view().data, {"f1"}, boss));
    given.say(copied("f1", "boss"));
    CHECK(has_copy(given.view().data, {"f1"}, boss));
    CHECK(file(given, "f1").deleted.empty());
}

TEST_CASE("what live work reads, and the best model, are not deleted anywhere") {
    Given given({player("a"), player("b"), player("c"), games("f1", 10, "a")});
    given.say(copied("f1", "b")).say(copied("f1", "c"));
    bus::WorkQueued reading = order(bus::WorkType::export_, "e1");
    reading.inputs = {{"f1"}};
    given.say(reading);
    given.when(DeleteFile{.file = {"f1"}, .node = {"a"}}).then_refused(Kind::invalid);
    given.say(bus::WorkCancelled{.work = {"e1"}});
    given.when(DeleteFile{.file = {"f1"}, .node = {"a"}}).and_said();
    CHECK_FALSE(has_copy(given.view().data, {"f1"}, {"a"}));
    given.say(rules({policy()}));
    decide_on(given, "m1", winning);
    given.say(bus::FileReplicated{.file = {"m1"}, .node = {"a"}, .kind = bus::FileKind::model});
    for (const char* name : {"b", "c"})
        given.say(bus::FileReplicated{.file = {"m1"}, .node = {name}});
    given.when(DeleteFile{.file = {"m1"}, .node = {"a"}}).then_refused(Kind::invalid);
}

// ---- syncs on their way -------------------------------------------------------------------------

TEST_CASE("a planned sync is done when all its files are there, and says so at each stage") {
    Given given({games("f1"), games("f2")});
    given.when(PlanSync{{.sync = "s1",
                         .config = hex,
                         .moves = {{.file = {"f1"}, .source = boss, .target = {"n2"}},
                                   {.file = {"f2"}, .source = boss, .target = {"n2"}}},
                         .why = "two files to n2"}});
    given.and_said();
    given.when(NoteSyncStarted{"s1", {"n2"}});
    given.then({bus::DataSyncStarted{.sync = "s1", .config = hex, .node = {"n2"}, .files = 2}});
    // It names a cause that stands in the log: the plan's own id depends on the reign.
    CHECK(given.drafts().at(0).causation == file(given, "f1").event);
    CHECK_FALSE(file(given, "f1").event.empty());
    given.and_said().when(NoteSyncStarted{"s1", {"n2"}}).then_refused(Kind::duplicate);
    given.when(NoteReplicated{{"f1"}, {"n2"}, boss}).and_said();
    CHECK(given.view().data.syncs.at("s1").moves.size() == 1);
    CHECK(given.view().data.syncs.at("s1").why == "two files to n2");
    given.when(NoteReplicated{{"f1"}, {"n2"}, boss}).then_refused(Kind::duplicate);
    given.when(NoteReplicated{{"f9"}, {"n2"}, boss}).then_refused(Kind::unknown);
    given.when(NoteReplicated{{"f2"}, {"n2"}, boss}).and_said();
    CHECK(given.view().data.syncs.at("s1").state == "completed");
    given.when(NoteSyncFailed{"s1", {"n2"}, "late"}).then_refused(Kind::duplicate);
    given.when(NoteSyncFailed{"s9", {"n2"}, "late"}).then_refused(Kind::unknown);
}

// ---- manifests ----------------------------------------------------------------------------------

TEST_CASE("a node says nothing of its files before it has looked") {
    Given given({games("f1")});
    CHECK(consumers::SyncPlanner{}.collect_manifest(given.sight()).empty());
    given.when(CollectManifest{boss}).then_refused(Kind::nothing_waits);
}

TEST_CASE("the first manifest is always said, further ones when something changed") {
    Given given({games("f1")});
    scan(given, {"f1"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).files == 1);
    CHECK(manifest(given).bytes == 99);
    CHECK(manifest(given).added.empty());
    CHECK(manifest(given).removed.empty());
    given.and_said();
    given.when(CollectManifest{boss}).then_refused(Kind::duplicate);
    scan(given, {"f1", "f9"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).files == 2);
}

TEST_CASE("a manifest takes back what is gone and adds what was not known to be here") {
    Given given({games("f1"), games("f2", 10, "n2")});
    scan(given, {"f2"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).removed == Files{{"f1"}});
    CHECK(manifest(given).added == Files{{"f2"}});
    given.and_said();
    CHECK_FALSE(has_copy(given.view().data, {"f1"}, boss));
    CHECK(has_copy(given.view().data, {"f2"}, boss));
    CHECK(has_copy(given.view().data, {"f2"}, {"n2"}));
}

TEST_CASE("a manifest takes back only what its scan could have seen") {
    Given given({games("f1")});
    scan(given, {"f1"});
    given.say(games("f2"));
    given.when(CollectManifest{boss});
    CHECK(manifest(given).removed.empty());
    scan(given, {"f1"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).removed == Files{{"f2"}});
}

TEST_CASE("a file that came and went between two equal manifests is still taken back") {
    Given given({games("f1")});
    scan(given, {"f1"});
    given.when(CollectManifest{boss}).and_said();
    given.say(games("f2"));
    scan(given, {"f1"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).removed == Files{{"f2"}});
    given.and_said();
    given.when(CollectManifest{boss}).then_refused(Kind::duplicate);
}

TEST_CASE("a manifest does not make a damaged copy whole, nor mention it again and again") {
    Given given({games("f1"), bus::FileQuarantined{.file = {"f1"}, .node = boss}});
    scan(given, {"f1"});
    given.when(CollectManifest{boss});
    CHECK(manifest(given).added.empty());
    given.and_said();
    given.say(bus::ManifestCollected{.node = boss, .digest = "x", .added = {{"f1"}}});
    CHECK_FALSE(file(given, "f1").copies.contains(boss));
    CHECK_FALSE(has_copy(given.view().data, {"f1"}, boss));
}
