// The projector against a real PostgreSQL that comes and goes, and as a process that is killed.

#include <random>

#include "ops/projector.hpp"
#include "projections/postgres_rebuild.hpp"
#include "tests/api_world.hpp"
#include "tests/process/postgres_tables.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::projections;
using ops::Projector;
using ops::ProjectorSettings;

namespace {

void append(bus::Log& log, const bus::Batch& batch) {
    std::vector<bus::Event> events;
    for (const bus::Recorded& recorded : batch) events.push_back(recorded.event);
    REQUIRE(log.append(events).ok());
}

ProjectorSettings quick(const PostgresAddress& address) {
    return {.address = address,
            .program = "test",
            .portion_events_max = 40,
            .back_off_first = 20ms,
            .back_off_max = 100ms,
            .look_every = 5ms,
            .stand_by = 50ms,
            .gather = 1ms};
}

bool catches_up(Projector& projector, bus::Log& log) {
    return projector.wait_until_caught_up(*log.last(), 120s);
}

std::string log_folder(const TemporaryFolder& folder, std::uint64_t seed, int events) {
    write_log(folder.path().string(), seed, events);
    return folder.path().string();
}

/// `ringrift project` on the folder, once or following.
std::vector<std::string> project(const std::string& folder, const std::string& url,
                                 std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"project", "--data", folder, "--postgres", url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

int run(const std::vector<std::string>& arguments, const std::string& output) {
    return Daemon(arguments, output).exit_code(120s).value_or(-1);
}

}  // namespace

TEST_CASE("a projector follows the log, and each row is what the views say") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(21);
    SharedLog log;
    Projector projector(quick(address), log);
    projector.start();
    for (int n = 0; n < 30; ++n) append(log, historian.next(1 + historian.below(120)));
    REQUIRE(catches_up(projector, log));
    const ops::ProjectorPulse pulse = projector.pulse();
    CHECK(pulse.connected);
    CHECK(pulse.trouble.empty());
    CHECK(pulse.events == std::int64_t(*log.last()));
    CHECK(pulse.address.find("se") == std::string::npos);
    projector.stop();
    check_everything(address.url, log);
}

TEST_CASE("PostgreSQL killed at any moment: every event is there once, every row is right") {
    PostgresServer server;
    const PostgresAddress address = migrated(server.new_database());
    Historian historian(22);
    SharedLog log;
    Projector projector(quick(address), log);
    projector.start();
    std::mt19937 dice(22);
    for (int kill = 0; kill < 4; ++kill) {
        append(log, historian.next(600));
        const auto some = std::uniform_int_distribution<bus::Position>(1, 500)(dice);
        REQUIRE(projector.wait_until_caught_up(*log.last() - some, 120s));
        server.kill();
        server.start();
    }
    REQUIRE(catches_up(projector, log));
    CHECK(projector.pulse().troubles > 0);
    projector.stop();
    check_everything(address.url, log);
}

TEST_CASE("while PostgreSQL is away the lag grows and is told; when it is back, all is caught up") {
    PostgresServer server;
    const PostgresAddress address = migrated(server.new_database());
    Historian historian(23);
    SharedLog log;
    Projector projector(quick(address), log);
    projector.start();
    append(log, historian.next(50));
    REQUIRE(catches_up(projector, log));
    server.stop();
    append(log, historian.next(70));
    REQUIRE(await(
        [&] {
            const auto pulse = projector.pulse();
            return !pulse.connected && pulse.log_last - pulse.position == 70 &&
                   pulse.trouble.find("does not answer") != std::string::npos;
        },
        60s));
    CHECK_FALSE(projector.pulse().needs_a_person);
    server.start();
    REQUIRE(catches_up(projector, log));
    CHECK(await([&] { return projector.pulse().trouble.empty(); }, 10s));
    projector.stop();
    check_everything(address.url, log);
}

TEST_CASE("two projectors at once write each event once") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(24);
    SharedLog log;
    append(log, historian.next(1500));
    Projector one(quick(address), log);
    Projector other(quick(address), log);
    one.start();
    other.start();
    REQUIRE(catches_up(one, log));
    REQUIRE(catches_up(other, log));
    one.stop();
    other.stop();
    check_everything(address.url, log);
}

TEST_CASE("one of two projectors stands by without a word, and takes over when the other ends") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(25);
    SharedLog log;
    std::vector<std::unique_ptr<Projector>> both;
    for (int n = 0; n < 2; ++n) both.push_back(std::make_unique<Projector>(quick(address), log));
    for (const auto& projector : both) projector->start();
    const auto stands_by = [](const auto& projector) {
        return projector->pulse().state == "standing_by";
    };
    REQUIRE(await(
        [&] {
            append(log, historian.next(10));
            return std::ranges::count_if(both, stands_by) == 1;
        },
        60s));
    if (stands_by(both.front())) std::swap(both.front(), both.back());
    both.front()->stop();
    append(log, historian.next(100));
    REQUIRE(catches_up(*both.back(), log));
    CHECK(both.back()->pulse().trouble.empty());
    CHECK(both.back()->pulse().troubles == 0);
    both.back()->stop();
    check_everything(address.url, log);
}

TEST_CASE("tables of an older format are filled anew beside the live ones, and swapped in") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(25);
    SharedLog log;
    append(log, historian.next(800));
    {
        Projector projector(quick(address), log);
        projector.start();
        REQUIRE(catches_up(projector, log));
    }
    query(address.url, "update positions set format = '0/0'");
    query(address.url, "update nodes set reason = 'wrong'");
    query(address.url, "create table kept_by_nobody (x int)");
    Projector projector(quick(address), log);
    projector.start();
    REQUIRE(await([&] { return projector.pulse().rebuilds == 1; }, 60s));
    append(log, historian.next(100));
    REQUIRE(catches_up(projector, log));
    projector.stop();
    check_everything(address.url, log);
    CHECK(number(address.url,
                 "select count(*) from pg_namespace where nspname like "
                 "'ringrift%'") == 1);
}

TEST_CASE("tables that a newer ringrift filled are left alone") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(29);
    SharedLog log;
    append(log, historian.next(20));
    query(address.url, "update positions set format = '1/999'");
    Projector projector(quick(address), log);
    projector.start();
    CHECK(await([&] { return projector.pulse().needs_a_person; }, 60s));
    CHECK(projector.pulse().trouble.find("newer") != std::string::npos);
    CHECK(number(address.url, "select count(*) from events") == 0);
}

TEST_CASE("while tables are filled anew, readers see the old ones whole, then the new ones whole") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(26);
    SharedLog log;
    append(log, historian.next(2000));
    {
        Projector projector(quick(address), log);
        projector.start();
        REQUIRE(catches_up(projector, log));
    }
    ProjectorSettings settings = quick(address);
    settings.rebuild = true;
    settings.until_caught_up = true;
    Projector projector(settings, log);
    projector.start();
    int looks = 0;
    while (!projector.wait_for_end(0ms)) {
        REQUIRE(number(address.url, "select count(*) from events") == 2000);
        ++looks;
    }
    CHECK(looks > 0);
    CHECK(projector.pulse().rebuilds == 1);
    check_everything(address.url, log);
}

TEST_CASE("tables of another log or of another cluster are not written") {
    const PostgresAddress address = migrated(postgres().new_database());
    Historian historian(27);
    SharedLog log;
    append(log, historian.next(60));
    {
        Projector projector(quick(address), log);
        projector.start();
        REQUIRE(catches_up(projector, log));
    }
    const auto refusal = [&](bus::Log& asked, const std::string& cluster) {
        ProjectorSettings settings = quick(address);
        settings.cluster = cluster;
        settings.until_caught_up = true;
        settings.end_if_refused = true;
        Projector projector(settings, asked);
        projector.start();
        REQUIRE(projector.wait_for_end(60s));
        REQUIRE(projector.failure().has_value());
        CHECK(projector.failure()->why == PostgresTrouble::Why::unfit);
        return projector.failure()->sentence;
    };
    CHECK(refusal(log, "other").find("cluster 'main'") != std::string::npos);
    SharedLog shorter;
    append(shorter, Historian(27).next(30));
    CHECK(refusal(shorter, "main").find("another log") != std::string::npos);
    SharedLog other;
    bus::Batch renamed = Historian(1).next(80);
    for (bus::Recorded& recorded : renamed) recorded.event.id = {recorded.event.id.value + "x"};
    append(other, renamed);
    CHECK(refusal(other, "main").find("another log") != std::string::npos);
    CHECK(number(address.url, "select count(*) from events") == 60);
}

TEST_CASE(
    "`ringrift project` killed at any moment: every event is there once, every row is right") {
    const TemporaryFolder folder;
    const std::string data = log_folder(folder, 28, 30'000);
    const std::string url = migrated(postgres().new_database()).url;
    std::mt19937 dice(28);
    for (int kill = 0; kill < 6; ++kill) {
        const auto before = number(url, "select position from positions");
        Daemon daemon(project(data, url), folder / "output");
        REQUIRE(await(
            [&] {
                return number(url, "select position from positions") > before || !daemon.running();
            },
            60s));
        const auto pause = std::chrono::milliseconds(dice() % 60);
        await([] { return false; }, pause);
        daemon.send(SIGKILL);
        REQUIRE(daemon.exit_code(10s) == 128 + SIGKILL);
        if (number(url, "select position from positions") == 30'000) break;
    }
    REQUIRE(run(project(data, url, {"--once"}), folder / "output") == 0);
    // A rebuild that is killed goes on, and ends in the same.
    {
        Daemon daemon(project(data, url, {"--rebuild"}), folder / "output");
        REQUIRE(await(
            [&] {
                return number(url,
                              "select count(*) from pg_namespace where nspname = "
                              "'ringrift_next'") == 1;
            },
            60s));
        await([] { return false; }, 300ms);
        daemon.send(SIGKILL);
        daemon.exit_code(10s);
    }
    REQUIRE(run(project(data, url, {"--rebuild", "--once"}), folder / "output") == 0);
    auto log = bus::SqliteLog::open(data + "/events.db");
    REQUIRE(log.ok());
    check_everything(url, **log);
}

TEST_CASE("`ringrift up --postgres` leaves all that happened there, and tells how it goes") {
    const TemporaryFolder folder;
    const std::string url = migrated(postgres().new_database()).url;
    const std::string workload = write_fast_workload(folder.path().string());
    Daemon daemon({"up", "--data", folder / "data", "--port", "0", "--workload", workload,
                   "--postgres", url, "--stop-grace", "2s"},
                  folder / "output");
    REQUIRE(daemon.says("Node started", 60s));
    const std::string said = daemon.output();
    const std::string mark = "api=http://127.0.0.1:";
    const int port = std::stoi(said.substr(said.find(mark) + mark.size()));
    REQUIRE(await([&] { return number(url, "select count(*) from jobs") > 3; }, 120s));
    const auto status = boost::json::parse(body_of(get(port, "/status")));
    CHECK(status.at("postgres").at("connected") == true);
    CHECK(status.at("postgres").at("position").to_number<std::int64_t>() > 0);
    CHECK(get(port, "/status").find("cret") == std::string::npos);
    const std::string metrics = get(port, "/metrics");
    CHECK(metrics.find("ringrift_postgres_connected 1") != std::string::npos);
    CHECK(metrics.find("ringrift_postgres_lag_events") != std::string::npos);
    daemon.send(SIGTERM);
    REQUIRE(daemon.exit_code(60s) == 0);
    auto log = bus::SqliteLog::open(folder / "data/events.db");
    REQUIRE(log.ok());
    check_everything(url, **log);
    CHECK(number(url, "select count(*) from nodes where status = 'left'") == 1);
}
