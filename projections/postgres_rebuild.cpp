#include "projections/postgres_rebuild.hpp"

#include "projections/migrations.hpp"

namespace ringrift::projections {
namespace {

using Why = PostgresTrouble::Why;

std::string former_of(const PostgresAddress& live) {
    return live.schema + "_former";
}

void drop(PostgresWork& work, const std::string& schema) {
    work.script("drop schema if exists " + schema + " cascade");
}

PostgresResult<bus::Done> start_anew(const PostgresAddress& next, std::string_view program) {
    auto postgres = Postgres::open(next);
    if (!postgres) return postgres.error();
    const auto dropped = (*postgres)->transact([&](PostgresWork& work) {
        drop(work, next.schema);
        return PostgresResult<bus::Done>(bus::Done{});
    });
    if (!dropped) return dropped;
    const auto made = migrate(**postgres, next, program, MigrateHow::apply);
    if (!made) return made.error();
    return bus::Done{};
}

/// Tables that a rebuild of this format left half filled.
PostgresResult<std::unique_ptr<PostgresStore>> open_half_filled(const PostgresAddress& next) {
    auto store = PostgresStore::open(next);
    if (!store) return store;
    const auto stored = (*store)->load();
    if (!stored) return stored.error();
    if (stored->format.empty() || stored->format == tables_format()) return store;
    return PostgresTrouble{Why::unfit, "the half filled tables are of another format"};
}

}  // namespace

PostgresAddress next_to(const PostgresAddress& live) {
    return {.url = live.url, .schema = live.schema + "_next"};
}

PostgresResult<std::unique_ptr<PostgresStore>> open_next(const PostgresAddress& live,
                                                         std::string_view program) {
    const PostgresAddress next = next_to(live);
    auto half_filled = open_half_filled(next);
    const bool is_of_no_use = !half_filled && half_filled.error().why == Why::unfit;
    if (!is_of_no_use) return half_filled;
    if (auto made = start_anew(next, program); !made) return made.error();
    return PostgresStore::open(next);
}

PostgresResult<bus::Done> drop_next(const PostgresAddress& live) {
    auto postgres = Postgres::open(live);
    if (!postgres) return postgres.error();
    return (*postgres)->transact([&](PostgresWork& work) {
        drop(work, next_to(live).schema);
        return PostgresResult<bus::Done>(bus::Done{});
    });
}

PostgresResult<bus::Done> swap_in_next(const PostgresAddress& live) {
    auto postgres = Postgres::open(live);
    if (!postgres) return postgres.error();
    const std::string former = former_of(live);
    const PostgresWork::Value names[] = {live.schema.c_str()};
    auto swapped = (*postgres)->transact([&](PostgresWork& work) {
        drop(work, former);
        if (work.run("select to_regnamespace($1)", names).rows[0][0]) {
            work.script("alter schema " + live.schema + " rename to " + former);
        }
        work.script("alter schema " + next_to(live).schema + " rename to " + live.schema);
        return PostgresResult<bus::Done>(bus::Done{});
    });
    if (!swapped) return swapped;
    // Apart, since it waits for readers of the old tables, and nobody should wait for the new ones.
    return (*postgres)->transact([&](PostgresWork& work) {
        drop(work, former);
        return PostgresResult<bus::Done>(bus::Done{});
    });
}

}  // namespace ringrift::projections
