// How fast the log comes into PostgreSQL, beside what psql's \copy does with the same rows.
//
// One server for all, on this machine, with fsync on. `\copy` writes the rows of `events` into a
// table that is made by the same migration; the projector writes these and the rows of the views.

#include <cstdio>

#include "bus/memory_log.hpp"
#include "bus/sqlite_log.hpp"
#include "ops/projector.hpp"
#include "projections/migrations.hpp"
#include "tests/bench/measure.hpp"
#include "tests/process/postgres_server.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

/// As a busy cluster says them: an item of work from the queue to its result.
std::vector<Event> events_of_a_day(std::size_t count) {
    std::vector<Event> events;
    const Time begin = *time_from_text("2025-12-28T10:00:00.123Z");
    Position fence = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const WorkId work = {"selfplay-hex5_2p-" + std::to_string(i / 4)};
        const NodeId node = {"gpu-" + std::to_string(i / 4 % 100)};
        Event event;
        event.id = {"0192f3a4-5b6c-7d8e-9f00-" + std::to_string(100'000'000'000 + i)};
        event.source = node;
        event.time = begin + Duration(i);
        event.epoch = i % 4 < 2 ? 1 : 0;
        event.correlation = {"0192f3a4-5b6c-7d8e-9f00-100000000000"};
        event.causation = {"0192f3a4-5b6c-7d8e-9f00-" + std::to_string(100'000'000'000 + i - 1)};
        if (i % 4 == 1) fence = i + 2;
        switch (i % 4) {
            case 0:
                event.fact = WorkQueued{.work = work, .config = {"hex5_2p"}, .games = 50};
                break;
            case 1: event.fact = WorkClaimed{.work = work, .node = node}; break;
            case 2: event.fact = WorkStarted{.work = work, .node = node, .fence = fence}; break;
            default:
                event.fact = WorkCompleted{.work = work,
                                           .node = node,
                                           .fence = fence,
                                           .config = {"hex5_2p"},
                                           .result = {.games = 50}};
        }
        if (i == 0) event.fact = LeaderElected{.epoch = 1, .leader = {"boss"}, .votes = {{"boss"}}};
        events.push_back(std::move(event));
    }
    return events;
}

projections::PostgresAddress fresh_tables(tests::PostgresServer& server) {
    const projections::PostgresAddress address = {.url = server.new_database()};
    const auto postgres = projections::Postgres::open(address);
    if (!postgres ||
        !projections::migrate(**postgres, address, "bench", projections::MigrateHow::apply)) {
        std::abort();
    }
    return address;
}

void shell(const std::string& command) {
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "failed: %s\n", command.c_str());
        std::exit(1);
    }
}

void project(Log& log, const projections::PostgresAddress& address) {
    ops::Projector projector(
        {.address = address, .program = "bench", .until_caught_up = true, .end_if_refused = true},
        log);
    projector.start();
    if (!projector.wait_for_end(std::chrono::minutes(10)) || projector.failure()) std::abort();
    if (projector.pulse().position != *log.last()) std::abort();
}

}  // namespace

int main() {
    const auto events = events_of_a_day(bench::size(300'000, 4'000));
    MemoryLog memory;
    if (!memory.append(events).ok()) std::abort();
    const tests::TemporaryFolder folder;
    auto sqlite = std::move(SqliteLog::open(folder / "events.db")).value();
    for (std::size_t at = 0; at < events.size(); at += 1000) {
        const auto part =
            std::span(events).subspan(at, std::min<std::size_t>(1000, events.size() - at));
        if (!sqlite->append(part).ok()) std::abort();
    }
    tests::PostgresServer server("checkpoint_timeout = 15min\nmax_wal_size = 8GB\n");
    const std::string psql = server.psql() + " -q -v ON_ERROR_STOP=1 ";
    const std::string path = "set search_path=ringrift; ";
    const auto source = fresh_tables(server);
    project(memory, source);
    const std::string file = folder / "rows";
    shell(psql + "'" + source.url +
          "' -c \"\\copy (select * from ringrift.events order by position) to '" + file + "'\"");

    bench::Table table("into PostgreSQL, one server");
    const double copied = table.add_prepared(
        "psql \\copy of the rows of events", events.size(),
        [&] {
            const auto address = fresh_tables(server);
            shell(psql + "'" + address.url + "' -c \"" + path + "select events_make_room(1, " +
                  std::to_string(events.size()) + ")\" > /dev/null");
            return address;
        },
        [&](const projections::PostgresAddress& address) {
            shell(psql + "'" + address.url + "' -c \"\\copy ringrift.events from '" + file + "'\"");
        });
    const auto fresh = [&] { return fresh_tables(server); };
    const double from_memory = table.add_prepared(
        "projector: events and views, log in memory", events.size(), fresh,
        [&](const projections::PostgresAddress& address) { project(memory, address); });
    const auto reader = std::move(sqlite->reader()).value();
    const double from_sqlite = table.add_prepared(
        "projector: events and views, embedded log", events.size(), fresh,
        [&](const projections::PostgresAddress& address) { project(*reader, address); });
    std::printf(
        "\nratio to \\copy: %.2f from memory, %.2f from the embedded log (goal 0.5; goal "
        "80,000 events/s)\n",
        from_memory / copied, from_sqlite / copied);
}
