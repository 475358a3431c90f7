#include "projections/migrations.hpp"

#include <map>

namespace ringrift::projections {
namespace {

using Why = PostgresTrouble::Why;
using Applied = std::map<int, std::string>;  // Number -> checksum.

std::string place_of(const PostgresAddress& address) {
    return "schema " + address.schema + " of " + without_password(address.url);
}

/// What the database says was applied; empty without a schema.
Applied applied_in(PostgresWork& work) {
    Applied applied;
    if (!work.run("select to_regclass('migrations')").rows.front().front()) return applied;
    for (const auto& row : work.run("select number, checksum from migrations").rows) {
        applied.emplace(std::stoi(*row.at(0)), *row.at(1));
    }
    return applied;
}

/// Whether what was applied is what this program knows, as far as it goes.
PostgresResult<bus::Done> compare(const Applied& applied, const PostgresAddress& address) {
    const auto known = migrations();
    for (const auto& [number, checksum] : applied) {
        if (number > static_cast<int>(known.size())) {
            return PostgresTrouble{
                Why::unfit, place_of(address) + " was made by a newer ringrift (it has migration " +
                                std::to_string(number) + ", this program knows " +
                                std::to_string(known.size()) + "); use that one"};
        }
        const Migration& migration = known[static_cast<std::size_t>(number) - 1];
        if (migration.checksum == checksum) continue;
        return PostgresTrouble{
            Why::unfit, "migration " + std::string(migration.name) + " in " + place_of(address) +
                            " is not the one of this program (checksum " + checksum.substr(0, 12) +
                            "… there, " + std::string(migration.checksum.substr(0, 12)) +
                            "… here); use the ringrift that made it, or give another "
                            "--postgres-schema"};
    }
    return bus::Done{};
}

void apply(PostgresWork& work, const Migration& migration, std::string_view program) {
    work.script(std::string(migration.sql));
    const std::string number = std::to_string(migration.number);
    const std::string name(migration.name);
    const std::string checksum(migration.checksum);
    const std::string version(program);
    const PostgresWork::Value values[] = {number.c_str(), name.c_str(), checksum.c_str(),
                                          version.c_str()};
    work.run("insert into migrations (number, name, checksum, program) values ($1, $2, $3, $4)",
             values);
}

}  // namespace

PostgresResult<std::vector<MigrationState>> migrate(Postgres& postgres,
                                                    const PostgresAddress& address,
                                                    std::string_view program, MigrateHow how) {
    std::vector<MigrationState> states;
    const auto done = postgres.transact([&](PostgresWork& work) -> PostgresResult<bus::Done> {
        work.run("select pg_advisory_xact_lock(hashtext('ringrift migrate'))");
        const PostgresWork::Value schema[] = {address.schema.c_str()};
        const bool is_there = work.run("select to_regnamespace($1)", schema).rows[0][0].has_value();
        const Applied applied = is_there ? applied_in(work) : Applied();
        if (auto fits = compare(applied, address); !fits) return fits;
        if (!is_there && how == MigrateHow::apply) work.script("create schema " + address.schema);
        for (const Migration& migration : migrations()) {
            const bool was_applied = applied.contains(migration.number);
            states.push_back({.migration = &migration, .was_applied = was_applied});
            if (!was_applied && how == MigrateHow::apply) apply(work, migration, program);
        }
        return bus::Done{};
    });
    if (!done) return done.error();
    return states;
}

PostgresResult<bus::Done> check_migrations(PostgresWork& work, const PostgresAddress& address) {
    const Applied applied = applied_in(work);
    if (auto fits = compare(applied, address); !fits) return fits;
    if (applied.size() == migrations().size()) return bus::Done{};
    const std::string what = applied.empty() ? " has no tables of RingRift" : " has old tables";
    return PostgresTrouble{
        Why::unfit, place_of(address) + what + "; run 'ringrift migrate' with the same --postgres"};
}

}  // namespace ringrift::projections
