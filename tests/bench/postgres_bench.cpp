// How fast the log comes into PostgreSQL, beside what psql's \copy does with the same rows.
//
// One server for all, on this machine, with fsync on, and tables that the same migrations made. A
// checkpoint before each run leaves it the files of its log to write again, as in a server that has
// run for a while; a new one makes them, with fsync, 16 MiB at a time.

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "bus/memory_log.hpp"
#include "bus/sqlite_log.hpp"
#include "ops/projector.hpp"
#include "projections/migrations.hpp"
#include "projections/sql_tables.hpp"
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
        event.source = i % 4 < 2 ? NodeId{"boss"} : node;
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

/// Of the server with all its processes, those that have ended too.
double processor_seconds_of(pid_t postmaster) {
    double ticks = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        if (std::isdigit(entry.path().filename().string().front()) == 0) continue;
        std::ifstream file(entry.path() / "stat");
        std::string text;
        if (!std::getline(file, text)) continue;  // It has ended meanwhile.
        const auto name_end = text.rfind(')');
        if (name_end == std::string::npos) continue;
        std::istringstream fields(text.substr(name_end + 2));
        std::string state;
        std::vector<double> numbers;
        fields >> state;
        for (double number = 0; numbers.size() < 14 && fields >> number;) numbers.push_back(number);
        if (numbers.size() < 14) continue;
        const bool is_postmaster = entry.path().filename() == std::to_string(postmaster);
        if (!is_postmaster && numbers[0] != postmaster) continue;  // ppid
        ticks += numbers[10] + numbers[11];                        // utime, stime
        if (is_postmaster) ticks += numbers[12] + numbers[13];     // of children that ended
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// One way of filling the tables, measured once in each round.
struct Contender {
    std::string name = {};
    std::function<void(const projections::PostgresAddress&)> fill = {};
    std::vector<double> rates = {};      ///< Events a second.
    std::vector<double> cpu_rates = {};  ///< Per second of processor, ours and the server's.
    std::vector<double> ratios = {};     ///< To the first, in the same round.
    std::vector<double> cpu_ratios = {};
};

void run_round(std::vector<Contender>& contenders, tests::PostgresServer& server,
               std::size_t events) {
    for (Contender& contender : contenders) {
        const auto address = fresh_tables(server);
        shell(server.psql() + " -q '" + address.url + "' -c checkpoint");
        const double server_before = processor_seconds_of(server.pid());
        const auto taken = bench::measure([&] { contender.fill(address); });
        const double server_seconds = processor_seconds_of(server.pid()) - server_before;
        const auto count = static_cast<double>(events);
        contender.rates.push_back(count / taken.seconds);
        contender.cpu_rates.push_back(count /
                                      std::max(0.001, taken.processor_seconds + server_seconds));
        contender.ratios.push_back(contender.rates.back() / contenders.front().rates.back());
        contender.cpu_ratios.push_back(contender.cpu_rates.back() /
                                       contenders.front().cpu_rates.back());
    }
}

void print(const std::vector<Contender>& contenders, std::size_t events) {
    std::printf("%zu events into PostgreSQL, one server (%s%s; median of %d rounds)\n", events,
                bench::machine().c_str(), bench::is_smoke() ? "; smoke size" : "", bench::runs);
    std::printf("| %-40s | %10s | %10s | %8s | %10s | %8s |\n", "", "per second", "fastest",
                "ratio", "per CPU s", "ratio");
    std::printf("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (const Contender& it : contenders) {
        std::printf("| %-40s | %10.0f | %10.0f | %8.2f | %10.0f | %8.2f |\n", it.name.c_str(),
                    bench::median(it.rates), *std::max_element(it.rates.begin(), it.rates.end()),
                    bench::median(it.ratios), bench::median(it.cpu_rates),
                    bench::median(it.cpu_ratios));
    }
    std::printf(
        "goals: 80,000 per second, ratio 0.5. `per CPU s` counts the server's processors "
        "too (not psql's own), and is what others on this machine disturb least.\n");
}

}  // namespace

int main() {
    const auto events = events_of_a_day(bench::size(200'000, 4'000));
    MemoryLog memory;
    if (!memory.append(events).ok()) std::abort();
    const tests::TemporaryFolder folder;
    auto sqlite = std::move(SqliteLog::open(folder / "events.db")).value();
    for (std::size_t at = 0; at < events.size(); at += 1000) {
        const std::size_t size = std::min<std::size_t>(1000, events.size() - at);
        if (!sqlite->append(std::span(events).subspan(at, size)).ok()) std::abort();
    }
    const auto reader = std::move(sqlite->reader()).value();
    tests::PostgresServer server(
        "checkpoint_timeout = 15min\nmax_wal_size = 8GB\nmin_wal_size = 2GB\n");
    const std::string psql = server.psql() + " -q -v ON_ERROR_STOP=1 '";
    const auto source = fresh_tables(server);
    project(memory, source);
    // psql's commands that write and read the rows of a table.
    const auto file_of = [&](std::string_view table) { return folder / std::string(table); };
    const auto copy_out = [&](std::string_view table) {
        return " -c \"\\copy (select * from " + std::string(table) + ") to '" + file_of(table) +
               "'\"";
    };
    const auto copy_in = [&](std::string_view table) {
        return " -c \"\\copy " + std::string(table) + " from '" + file_of(table) + "'\"";
    };
    std::string all_out = copy_out("events");
    std::string all_in = copy_in("events");
    for (const projections::SqlTable* table : projections::sql_tables()) {
        all_out += copy_out(table->name);
        all_in += copy_in(table->name);
    }
    const std::string in_schema = "' -c 'set search_path=ringrift'";
    const std::string make_room =
        " -c 'select events_make_room(1, " + std::to_string(events.size()) + ")'";
    shell(psql + source.url + in_schema + all_out);

    std::vector<Contender> contenders(4);
    contenders[0].name = "psql \\copy of the same rows";
    contenders[0].fill = [&](const projections::PostgresAddress& address) {
        shell(psql + address.url + in_schema + make_room + all_in + " > /dev/null");
    };
    contenders[3].name = "psql \\copy of the rows of events alone";
    contenders[3].fill = [&](const projections::PostgresAddress& address) {
        shell(psql + address.url + in_schema + make_room + copy_in("events") + " > /dev/null");
    };
    contenders[1].name = "projector, log in memory";
    contenders[1].fill = [&](const auto& address) { project(memory, address); };
    contenders[2].name = "projector, embedded log";
    contenders[2].fill = [&](const auto& address) { project(*reader, address); };
    for (int round = 0; round < bench::runs; ++round) {
        run_round(contenders, server, events.size());
    }
    print(contenders, events.size());
}
