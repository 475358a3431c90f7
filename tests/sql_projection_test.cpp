// What the projector would write, against what the views say: no database, random histories.

#include "projections/sql_projection.hpp"
#include "projections/migrations.hpp"
#include "projections/sql_tables.hpp"
#include "tests/any_history.hpp"
#include "tests/catch.hpp"
#include "tests/number_from.hpp"
#include "tests/sql_model.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::projections;

namespace {

std::uint64_t histories() {
    return number_from("RINGRIFT_SEEDS", 40);
}

/// Reads a history in portions of any size, and restarts now and then.
void follow(std::uint64_t seed, int portions, SqlModel& model, SqlProjection& projection,
            Historian& historian) {
    for (int n = 0; n < portions; ++n) {
        model.write(projection.fold(historian.next(1 + historian.below(60))));
    }
    INFO("seed " << seed);
    REQUIRE(model.problem(projection.view()) == "");
}

}  // namespace

TEST_CASE("after every random history each row of each table is what the view says") {
    for (std::uint64_t seed = 0; seed < histories(); ++seed) {
        Historian historian(seed);
        SqlModel model;
        SqlProjection projection;
        for (int n = 0; n < 20; ++n) follow(seed, 4, model, projection, historian);
        REQUIRE(projection.view() == historian.view());
    }
}

TEST_CASE("a projection that is made anew from the view goes on as if it had never ended") {
    for (std::uint64_t seed = 100; seed < 100 + histories(); ++seed) {
        Historian historian(seed);
        SqlModel model;
        auto projection = std::make_unique<SqlProjection>();
        bus::Batch log;
        for (int n = 0; n < 30; ++n) {
            const bus::Batch events = historian.next(1 + historian.below(100));
            log.insert(log.end(), events.begin(), events.end());
            model.write(projection->fold(events));
            projection = std::make_unique<SqlProjection>();
            projection->skip(log);
            INFO("seed " << seed << ", restart " << n);
            REQUIRE(model.problem(projection->view()) == "");
        }
    }
}

TEST_CASE("items that leave the view stay as history, and are told apart") {
    Historian historian(7);
    SqlModel model;
    SqlProjection projection;
    for (int n = 0; n < 240; ++n) follow(7, 1, model, projection, historian);
    std::size_t former = 0;
    for (const auto& [key, row] : model.rows(sql::work_items)) {
        if (row.cells.back() == "f") ++former;
    }
    CHECK(former > 0);
    CHECK(model.rows(sql::work_items).size() >= projection.view().work.items.size());
}

TEST_CASE("every claim is a job with its end, and every reign too") {
    Historian historian(11);
    SqlModel model;
    SqlProjection projection;
    for (int n = 0; n < 40; ++n) follow(11, 1, model, projection, historian);
    std::size_t open = 0;
    for (const auto& [key, row] : model.rows(sql::jobs)) {
        if (!row.cells[7]) ++open;
        CHECK(row.cells[7].has_value() == row.cells[8].has_value());
    }
    std::size_t leased = 0;
    for (const auto& [node, works] : projection.view().work.leased_by_node) leased += works.size();
    CHECK(open == leased);
    CHECK(model.rows(sql::jobs).size() == std::size_t(projection.view().work.counts.at("claimed")));
    CHECK(model.rows(sql::leaders).size() == std::size_t(projection.view().leadership.elections));
}

TEST_CASE("what waits for finished work, and whom a match is for, change without being named") {
    SqlProjection projection;
    SqlModel model;
    bus::Position said = 0;
    const auto say = [&](bus::Fact fact) {
        ++said;
        const bus::Epoch epoch = said == 1 ? 0 : 1;
        model.write(projection.fold({{.position = said,
                                      .event = {.id = {"e" + std::to_string(said)},
                                                .source = {"boss"},
                                                .epoch = epoch,
                                                .fact = std::move(fact)}}}));
        REQUIRE(model.problem(projection.view()) == "");
        return said;
    };
    say(bus::LeaderElected{.epoch = 1, .leader = {"boss"}, .votes = {{"boss"}}});
    say(bus::TrainingCompleted{.config = {"c"}, .model = {"m"}});
    say(bus::EvaluationStarted{.config = {"c"}, .model = {"m"}, .baseline = {"init"}});
    say(bus::WorkQueued{.work = {"match"},
                        .type = bus::WorkType::evaluation,
                        .config = {"c"},
                        .model = {"m"},
                        .baseline = {"init"}});
    say(bus::WorkQueued{.work = {"waits"}, .depends_on = {{"match"}}});
    const bus::Position fence = say(bus::WorkClaimed{.work = {"match"}, .node = {"n"}});
    say(bus::WorkCompleted{.work = {"match"},
                           .node = {"n"},
                           .fence = fence,
                           .result = {.pentanomial = {1, 0, 2, 0, 3}}});
    const auto* item = find(projection.view().work, {"waits"});
    REQUIRE(item != nullptr);
    CHECK(item->blockers.empty());
    CHECK(projection.view().training.configs.at({"c"}).candidates.at({"m"}).matches.size() == 1);
}

TEST_CASE("a row whose key PostgreSQL cannot hold is left out and counted, the rest is written") {
    SqlProjection projection;
    bus::Batch events;
    for (const std::string& node :
         {std::string("good"), std::string("n\0ul", 4), std::string(2000, 'x')}) {
        events.push_back(
            {.position = events.size() + 1,
             .event = {.id = {node}, .fact = bus::NodeJoined{.node = {node}, .incarnation = 1}}});
    }
    const Portion portion = projection.fold(events);
    SqlModel model;
    model.write(portion);
    CHECK(model.rows(sql::nodes).size() == 1);
    CHECK(projection.refused() == 2);
}

TEST_CASE("text is made fit for PostgreSQL: no NUL, no broken UTF-8, all else as it was") {
    CHECK(sql_text("plain 'quoted' \\ %") == "plain 'quoted' \\ %");
    CHECK(sql_text("ü棋🎲") == "ü棋🎲");
    CHECK(sql_text(std::string("a\0b", 3)) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(sql_text("\xC3") == "\xEF\xBF\xBD");
    CHECK(sql_text("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(sql_time(bus::Time(bus::Duration(INT64_MIN))) == "0001-01-01T00:00:00.000Z");
    CHECK(sql_time(bus::Time(bus::Duration(INT64_MAX))) == "9999-12-31T23:59:59.999Z");
    CHECK(cell_of(bus::Position(-1)) == std::to_string(INT64_MAX));
}

TEST_CASE("migrations are numbered from 1 without gaps, and each names one table that it makes") {
    int expected = 0;
    for (const Migration& migration : migrations()) {
        INFO(migration.name);
        CHECK(migration.number == ++expected);
        CHECK(migration.checksum.size() == 64);
        const std::string table(migration.name.substr(5));
        CHECK(migration.sql.find("create table " + table + " (") != std::string_view::npos);
    }
    CHECK(expected >= 23);
}
