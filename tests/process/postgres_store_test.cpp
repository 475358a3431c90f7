// The tables in a real PostgreSQL: what is written, what is refused, and that no name is SQL.

#include "tests/process/postgres_tables.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::projections;
using Why = PostgresTrouble::Why;

namespace {

/// Who leads in these logs.
const bus::NodeId leader = {"';--"};

bus::Recorded event_at(bus::Position position, bus::Fact fact, bus::Epoch epoch = 0) {
    return {.position = position,
            .event = {.id = {"e" + std::to_string(position)},
                      .source = leader,
                      .epoch = epoch,
                      .fact = fact}};
}

/// An address, its store and a projection, all empty.
struct Tables {
    PostgresAddress address = migrated(postgres().new_database());
    std::unique_ptr<PostgresStore> store = store_of(address);
    SqlProjection projection;

    void write(const bus::Batch& events) {
        const auto written = store->write(projection.fold(events), "main");
        INFO((written ? "" : written.error().sentence));
        REQUIRE(written.ok());
    }
};

}  // namespace

TEST_CASE("what random histories leave in PostgreSQL is row by row what the views say") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        INFO("seed " << seed);
        Historian historian(seed);
        Tables tables;
        for (int n = 0; n < 25; ++n) tables.write(historian.next(1 + historian.below(150)));
        REQUIRE(model_of(tables.address.url).problem(historian.view()) == "");
        REQUIRE(number(tables.address.url, "select count(*) from events") ==
                std::int64_t(tables.projection.position()));
    }
}

TEST_CASE("the columns that the program knows are those that the migrations make") {
    const std::string url = migrated(postgres().new_database()).url;
    for (const SqlTable* table : sql_tables()) {
        const auto columns =
            query(url, "select column_name from information_schema.columns where table_name = '" +
                           std::string(table->name) + "' order by ordinal_position");
        REQUIRE(std::size_t(columns.size()) == table->columns.size());
        for (std::size_t i = 0; i < table->columns.size(); ++i) {
            CHECK(columns[int(i)][0].c_str() == std::string(table->columns[i].name));
        }
    }
}

TEST_CASE("no name is taken for SQL: each stands in the tables as it was said") {
    Tables tables;
    const std::string& url = tables.address.url;
    const auto tables_before = number(url, "select count(*) from pg_tables");
    bus::Batch events = {
        event_at(1, bus::LeaderElected{.epoch = 1, .leader = leader, .votes = {leader}})};
    for (const std::string& name : hard_texts()) {
        const auto at = [&] { return bus::Position(events.size() + 1); };
        events.push_back(event_at(
            at(), bus::NodeJoined{
                      .node = {name}, .incarnation = 1, .host = name, .capabilities = {name}}));
        events.push_back(
            event_at(at(), bus::WorkQueued{.work = {name}, .config = {name}, .model = {name}}, 1));
        events.push_back(event_at(at(), bus::WorkClaimed{.work = {name}, .node = {name}}, 1));
        events.push_back(
            event_at(at(), bus::ResourceAlert{.alert = name, .node = {name}, .message = name}));
        events.push_back(event_at(
            at(), bus::GamesRecorded{
                      .file = {name}, .name = name, .node = {name}, .config = {name}, .games = 1}));
        events.push_back(event_at(at(), bus::AdminAction{.action = name, .actor = name}));
        events.back().event.id = {name};
        events.back().event.source = {name};
    }
    tables.write(events);
    CHECK(number(url, "select count(*) from pg_tables") == tables_before + 1);  // A partition.
    for (const auto& [table, column] : {std::pair("nodes", "node"),
                                        {"nodes", "host"},
                                        {"work_items", "work"},
                                        {"jobs", "node"},
                                        {"alerts", "message"},
                                        {"files", "name"},
                                        {"replicas", "node"},
                                        {"configs", "config"},
                                        {"events", "id"},
                                        {"events", "about"},
                                        {"events", "source"}}) {
        std::set<std::string> found;
        for (const auto& row : query(url, std::string("select ") + column + " from " + table)) {
            found.insert(row[0].c_str());
        }
        for (const std::string& name : hard_texts()) {
            INFO(table << "." << column << " of " << name);
            CHECK(found.contains(name));
        }
    }
    REQUIRE(model_of(url).problem(tables.projection.view()) == "");
}

TEST_CASE("NUL bytes, huge names, broken events: the archive takes whatever a log can hold") {
    Tables tables;
    const std::string& url = tables.address.url;
    const std::string nul("a\0b", 3);
    bus::Batch events = {
        event_at(1, bus::NodeLeft{.node = {nul}, .reason = nul}),
        event_at(2, bus::NodeJoined{.node = {nul}, .incarnation = 1}),
        event_at(3, bus::NodeJoined{.node = {std::string(500'000, 'x')}, .incarnation = 1}),
        event_at(4, bus::Unread{.why = bus::Unread::Why::parked,
                                .type = "WORK_QUEUED",
                                .subject = nul,
                                .text = "{\"not\": json" + nul + "\xFF"}),
        event_at(5, bus::LeaderElected{.epoch = bus::Epoch(-1), .leader = {"x"}}, bus::Epoch(-1))};
    events[1].event.time = bus::Time(bus::Duration(INT64_MIN));
    events[2].event.time = bus::Time(bus::Duration(INT64_MAX));
    tables.write(events);
    CHECK(number(url, "select count(*) from events") == 5);
    CHECK(number(url, "select count(*) from nodes") == 0);
    CHECK(tables.projection.refused() == 2);
    CHECK(query(url, "select payload::text from events where position = 1")[0][0].c_str() ==
          bus::encode_data(events[0].event.fact));
    CHECK(number(url, "select length(about) from events where position = 3") == 1000);
    CHECK(number(url,
                 "select count(*) from events where position = 4 and noun = 'unread' and "
                 "payload::text like '%not%json%'") == 1);
}

TEST_CASE("a portion that does not begin where the tables stand writes nothing") {
    Tables tables;
    Historian historian(3);
    const Portion first = tables.projection.fold(historian.next(50));
    const Portion second = tables.projection.fold(historian.next(50));
    REQUIRE(tables.store->write(first, "main").ok());
    const auto again = tables.store->write(first, "main");
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().why == Why::moved);
    CHECK(number(tables.address.url, "select count(*) from events") == 50);
    REQUIRE(store_of(tables.address)->write(second, "main").ok());
    const auto stored = store_of(tables.address)->load();
    REQUIRE(stored.ok());
    CHECK(stored->position == 100);
    CHECK(stored->event == "e100");
    CHECK(stored->cluster == "main");
    CHECK(stored->format == tables_format());
}

TEST_CASE("the archive has a partition for each million events, made when it is needed") {
    Tables tables;
    const std::string& url = tables.address.url;
    query(url, "update positions set position = 999998");
    SqlProjection late({.view = {}, .position = 999'998});
    bus::Batch events;
    for (bus::Position at = 999'999; at < 1'000'003; ++at) {
        events.push_back(event_at(at, bus::NodeDraining{.node = {"n"}}));
    }
    REQUIRE(tables.store->write(late.fold(events), "main").ok());
    CHECK(number(url, "select count(*) from events_000000") == 1);
    CHECK(number(url, "select count(*) from events_000001") == 3);
    CHECK(number(url, "select count(*) from pg_indexes where tablename = 'events_000001'") == 4);
}

TEST_CASE("what is wrong with a database is told apart: wait, look, or make its tables") {
    PostgresServer& server = postgres();
    const std::string url = server.new_database();
    const auto why = [](const std::string& asked) {
        const auto store = PostgresStore::open({.url = asked});
        REQUIRE_FALSE(store.ok());
        INFO(store.error().sentence);
        CHECK(store.error().sentence.find("se'cret%") == std::string::npos);
        CHECK(store.error().sentence.find('\n') == std::string::npos);
        return store.error().why;
    };
    CHECK(why(url) == Why::unfit);
    CHECK(why(server.url("postgres", "wrong")) == Why::refused);
    CHECK(why(server.url("no_such_database")) == Why::refused);
    CHECK(why("postgresql://ringrift@127.0.0.1:1/x") == Why::unavailable);
    CHECK(why("postgres//nonsense") == Why::refused);
    migrated(url);
    query(url, "insert into migrations values (999, '0999_future', 'x', '9.9')");
    CHECK(why(url) == Why::unfit);
    query(url, "delete from migrations where number = 999");
    query(url, "update migrations set checksum = 'changed' where number = 4");
    CHECK(why(url) == Why::unfit);
}

TEST_CASE("an address is shown without its password, however it is written") {
    CHECK(without_password("postgresql://me:top%20secret@db:5433/main") ==
          "postgresql://me@db:5433/main");
    CHECK(without_password("host=db user=me password='top secret' dbname=main") ==
          "postgresql://me@db/main");
    CHECK(without_password("postgresql://db/main?password=top") == "postgresql://db/main");
    CHECK(problem_of_url("postgresql://db/main").empty());
    CHECK_FALSE(problem_of_url("mysql://me:top@db/main").empty());
    CHECK(problem_of_url("mysql://me:top@db/main").find("top") == std::string::npos);
}
