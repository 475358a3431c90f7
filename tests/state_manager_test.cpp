// StateManager: how a node comes to believe again what it believed, and what it does not trust.

#include "consumers/managers/state_manager.hpp"

#include <fstream>

#include "bus/memory_log.hpp"
#include "projections/snapshot.hpp"
#include "projections/sqlite_store.hpp"
#include "tests/learning.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using consumers::StateManager;
using projections::SqliteStore;

namespace {

class MapStore final : public projections::Store {
  public:
    bus::Result<std::optional<std::string>, projections::StoreError> get(
        std::string_view name) override {
        if (unreadable.contains(std::string(name))) return projections::StoreError::unavailable;
        const auto at = values.find(std::string(name));
        return at == values.end() ? std::optional<std::string>() : std::optional(at->second);
    }
    bus::Result<bus::Done, projections::StoreError> put(std::string_view name,
                                                        std::string_view value) override {
        if (full) return projections::StoreError::unavailable;
        values[std::string(name)] = value;
        return bus::Done{};
    }
    std::string trouble() const override { return "the disk is full"; }

    std::map<std::string, std::string> values;
    std::set<std::string> unreadable;
    bool full = false;
};

/// A log of a small cluster that has learnt a little.
void fill(bus::MemoryLog& log, std::size_t more = 0) {
    std::vector<bus::Fact> facts = {
        bus::LeaderElected{.epoch = 1, .leader = boss, .votes = {boss}},
        rules({policy()}),
        node("n1"),
        selfplay("w1"),
        claimed("w1", "n1"),
        games("f1"),
        trained("m1"),
        bus::MatchPlayed{.match = "r1",
                         .config = hex,
                         .games = 1,
                         .scores = {{.first = {"m1"}, .second = bus::init_model, .wins = 1}}}};
    for (std::size_t n = 0; n < more; ++n) facts.push_back(games("more-" + std::to_string(n)));
    std::vector<bus::Event> events;
    for (bus::Fact& fact : facts) {
        events.push_back({.id = {"e" + std::to_string(events.size())},
                          .source = boss,
                          .time = start,
                          .epoch = 1,
                          .fact = fact});
    }
    REQUIRE(log.append(events).ok());
}

/// How many events had to be folded to be up to date.
std::size_t fold_rest(StateManager& state, bus::MemoryLog& log) {
    return projections::catch_up(state.folded(), log, 1'000'000).value();
}

/// A store with a snapshot of `log` as it stands.
void save(projections::Store& store, bus::MemoryLog& log) {
    StateManager state(store);
    REQUIRE(state.load_state(log.last().value()).ok());
    fold_rest(state, log);
    REQUIRE(state.save_state(start, true));
}

}  // namespace

TEST_CASE("a restart folds only what came after the snapshot, and believes the same") {
    MapStore store;
    bus::MemoryLog log;
    fill(log);
    save(store, log);
    const std::vector<bus::Event> news = {
        {.id = {"late"}, .source = boss, .time = start, .fact = games("late")}};
    REQUIRE(log.append(news).ok());
    StateManager restarted(store), from_the_start(store);
    const auto loaded = restarted.load_state(log.last().value());
    REQUIRE(loaded);
    CHECK(loaded->snapshot == 8);
    CHECK(loaded->remark.empty());
    CHECK(fold_rest(restarted, log) == 1);
    CHECK(fold_rest(from_the_start, log) == 9);
    CHECK(restarted.folded() == from_the_start.folded());
}

TEST_CASE("each start counts as an incarnation, the first as number one") {
    MapStore store;
    for (std::int64_t n = 1; n <= 3; ++n)
        CHECK(StateManager(store).load_state(0)->incarnation == n);
}

TEST_CASE("a node that cannot count its starts does not start") {
    MapStore full, unreadable;
    full.full = true;
    REQUIRE_FALSE(StateManager(full).load_state(0));
    CHECK(StateManager(full).load_state(0).error() == "the disk is full");
    unreadable.unreadable = {"incarnation"};
    CHECK_FALSE(StateManager(unreadable).load_state(0));
}

TEST_CASE("a damaged snapshot is not believed: the log is folded from the start") {
    bus::MemoryLog log;
    fill(log);
    MapStore whole;
    save(whole, log);
    const std::string text = whole.values.at("snapshot");
    auto mangled = text;
    mangled[mangled.size() / 2] ^= 1;
    for (const std::string& damaged :
         {std::string(" "), std::string("{}"), text.substr(0, text.size() - 1), mangled,
          text.substr(text.find('\n')), "x" + text}) {
        MapStore store = whole;
        store.values["snapshot"] = damaged;
        StateManager state(store);
        const auto loaded = state.load_state(log.last().value());
        REQUIRE(loaded);
        CHECK(loaded->snapshot == 0);
        CHECK(loaded->remark.find("damaged; folding the log from the start") != std::string::npos);
        CHECK(fold_rest(state, log) == 8);
    }
}

TEST_CASE("who forgets its log folds it from the start, and is known by its starts as before") {
    bus::MemoryLog log;
    fill(log);
    MapStore store;
    save(store, log);
    store.values["ballot"] = R"({"epoch":9})";
    REQUIRE(StateManager::forget_log(store));
    CHECK(store.values["ballot"].find("\"epoch\":0") != std::string::npos);
    StateManager state(store);
    const auto loaded = state.load_state(log.last().value());
    REQUIRE(loaded);
    CHECK(loaded->snapshot == 0);
    CHECK(loaded->remark.empty());
    CHECK(loaded->incarnation == 2);
    CHECK(fold_rest(state, log) == 8);
}

TEST_CASE("a snapshot of another format is not believed") {
    bus::MemoryLog log;
    fill(log);
    MapStore store;
    save(store, log);
    std::string& text = store.values["snapshot"];
    const std::string format = "\"format\":" + std::to_string(projections::snapshot_format);
    REQUIRE(text.find(format) != std::string::npos);
    text.replace(text.find(format), format.size(),
                 "\"format\":" + std::to_string(projections::snapshot_format - 1));
    CHECK(StateManager(store).load_state(8)->snapshot == 0);
}

TEST_CASE("a snapshot ahead of the log is of another log and not believed") {
    bus::MemoryLog log, shorter;
    fill(log, 5);
    fill(shorter);
    MapStore store;
    save(store, log);
    StateManager state(store);
    const auto loaded = state.load_state(shorter.last().value());
    REQUIRE(loaded);
    CHECK(loaded->snapshot == 0);
    CHECK(loaded->remark == "the snapshot is ahead of the log; folding the log from the start");
    CHECK(fold_rest(state, shorter) == 8);
}

TEST_CASE("a snapshot that cannot be read is news, and no reason not to start") {
    MapStore store;
    store.unreadable = {"snapshot"};
    const auto loaded = StateManager(store).load_state(0);
    REQUIRE(loaded);
    CHECK(loaded->remark == "the disk is full; folding the log from the start");
}

TEST_CASE("a snapshot is written after so many events, or when asked for, and not twice") {
    MapStore store;
    bus::MemoryLog log;
    fill(log, StateManager::events_per_snapshot - 9);
    StateManager state(store);
    REQUIRE(state.load_state(0).ok());
    fold_rest(state, log);
    CHECK_FALSE(state.save_state(start, false));
    const std::vector<bus::Event> one_more = {
        {.id = {"one more"}, .source = boss, .fact = games("one more")}};
    REQUIRE(log.append(one_more).ok());
    fold_rest(state, log);
    CHECK(state.save_state(start, false));
    CHECK(state.snapshot_at() == start);
    CHECK(state.snapshot_bytes() == static_cast<std::int64_t>(store.values.at("snapshot").size()));
    CHECK_FALSE(state.save_state(start, false));
    CHECK_FALSE(state.save_state(start, true));
}

TEST_CASE("however fast events come, snapshots are a minute apart") {
    MapStore store;
    bus::MemoryLog log;
    fill(log, StateManager::events_per_snapshot);
    StateManager state(store);
    REQUIRE(state.load_state(0).ok());
    fold_rest(state, log);
    REQUIRE(state.save_state(start, false));
    std::vector<bus::Event> more;
    for (bus::Position n = 0; n < StateManager::events_per_snapshot; ++n)
        more.push_back({.id = {"more-" + std::to_string(n)},
                        .source = boss,
                        .fact = games("more-" + std::to_string(n))});
    REQUIRE(log.append(more).ok());
    fold_rest(state, log);
    CHECK_FALSE(state.save_state(start + 59s, false));
    CHECK(state.save_state(start + 60s, false));
}

TEST_CASE("a snapshot that cannot be written leaves a remark and the former one") {
    MapStore store;
    bus::MemoryLog log;
    fill(log);
    StateManager state(store);
    REQUIRE(state.load_state(0).ok());
    fold_rest(state, log);
    store.full = true;
    CHECK_FALSE(state.save_state(start, true));
    CHECK(state.remark() == "the disk is full");
    CHECK_FALSE(store.values.contains("snapshot"));
}

// ---- the file -----------------------------------------------------------------------------------

TEST_CASE("what was put into the file is there after a restart") {
    const TemporaryFolder folder;
    const std::string binary("a\0b\xff", 4);
    {
        const auto store = SqliteStore::open(folder / "state.db");
        REQUIRE(store);
        CHECK((*store)->get("name").value() == std::nullopt);
        REQUIRE((*store)->put("name", "first").ok());
        REQUIRE((*store)->put("name", binary).ok());
        REQUIRE((*store)->put("empty", "").ok());
    }
    const auto store = SqliteStore::open(folder / "state.db");
    REQUIRE(store);
    CHECK((*store)->get("name").value() == binary);
    CHECK((*store)->get("empty").value() == "");
    CHECK((*store)->trouble().empty());
}

TEST_CASE("a file that is no store is refused with what to do") {
    const TemporaryFolder folder;
    std::ofstream(folder / "state.db") << std::string(4096, 'x');
    const auto store = SqliteStore::open(folder / "state.db");
    REQUIRE_FALSE(store);
    CHECK(store.error().find("move it away: the log rebuilds what it held") != std::string::npos);
    const auto nowhere = SqliteStore::open(folder / "no/such/folder/state.db");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().find("check the folder's permissions") != std::string::npos);
}
