#pragma once

// What stands in PostgreSQL, read back for tests, and logs to fill it from.

#include <pqxx/pqxx>

#include "bus/codec.hpp"
#include "bus/facts.hpp"
#include "bus/sqlite_log.hpp"
#include "projections/migrations.hpp"
#include "projections/postgres_store.hpp"
#include "projections/sql_statements.hpp"
#include "tests/any_history.hpp"
#include "tests/catch.hpp"
#include "tests/process/postgres_server.hpp"
#include "tests/sql_model.hpp"

namespace ringrift::tests {

inline pqxx::result query(const std::string& url, const std::string& sql,
                          const std::string& schema = "ringrift") {
    pqxx::connection connection(url + "?options=-csearch_path%3D" + schema);
    return pqxx::nontransaction(connection).exec(sql);
}

inline std::int64_t number(const std::string& url, const std::string& sql) {
    return query(url, sql)[0][0].as<std::int64_t>();
}

inline SqlModel model_of(const std::string& url) {
    SqlModel model;
    pqxx::connection connection(url + "?options=-csearch_path%3Dringrift");
    pqxx::work work(connection);
    for (const projections::SqlTable* table : projections::sql_tables()) {
        for (const auto& row : work.exec(projections::select_statement(*table))) {
            projections::SqlRow read;
            for (const auto& field : row) {
                read.cells.push_back(field.is_null() ? projections::SqlCell()
                                                     : projections::SqlCell(field.c_str()));
            }
            model.put(*table, std::move(read));
        }
    }
    return model;
}

/// Tables of this program in the database; fails the test if they cannot be made.
inline projections::PostgresAddress migrated(const std::string& url) {
    const projections::PostgresAddress address = {.url = url};
    auto postgres = projections::Postgres::open(address);
    REQUIRE(postgres.ok());
    const auto states =
        projections::migrate(**postgres, address, "test", projections::MigrateHow::apply);
    INFO((states ? "" : states.error().sentence));
    REQUIRE(states.ok());
    return address;
}

inline std::unique_ptr<projections::PostgresStore> store_of(
    const projections::PostgresAddress& address) {
    auto store = projections::PostgresStore::open(address);
    INFO((store ? "" : store.error().sentence));
    REQUIRE(store.ok());
    return *std::move(store);
}

/// The whole log, folded by the test itself.
inline projections::Folded<projections::ClusterView> folded(bus::Log& log) {
    projections::Folded<projections::ClusterView> view;
    while (*projections::catch_up(view, log, 10'000) > 0) {
    }
    return view;
}

/// Every event of the log once in the archive, as it is, and every row as the views say.
inline void check_everything(const std::string& url, bus::Log& log) {
    const auto view = folded(log);
    REQUIRE(number(url, "select position from positions") == std::int64_t(view.position));
    REQUIRE(number(url, "select count(*) from events") == std::int64_t(view.position));
    REQUIRE(model_of(url).problem(view.view) == "");
    const auto rows = query(url,
                            "select position, id, type, payload::text from events "
                            "order by position");
    bus::Position position = 0;
    for (const auto& row : rows) {
        const auto batch = log.read(position, 1);
        REQUIRE(batch.ok());
        const bus::Recorded& recorded = batch->front();
        ++position;
        const bool is_same = row[0].as<std::int64_t>() == std::int64_t(position) &&
                             row[1].c_str() == recorded.event.id.value &&
                             row[2].c_str() == std::string(bus::type_of(recorded.event)) &&
                             row[3].c_str() == bus::encode_data(recorded.event.fact);
        INFO(recorded << " is archived as " << row[3].c_str());
        REQUIRE(is_same);
    }
}

/// A data folder with a log of so many random events.
inline void write_log(const std::string& folder, std::uint64_t seed, int events) {
    auto log = bus::SqliteLog::open(folder + "/events.db");
    REQUIRE(log.ok());
    Historian historian(seed);
    for (int n = 0; n < events; n += 500) {
        std::vector<bus::Event> said;
        for (const bus::Recorded& recorded : historian.next(std::min(500, events - n))) {
            said.push_back(recorded.event);
        }
        REQUIRE((*log)->append(said).ok());
    }
}

}  // namespace ringrift::tests
