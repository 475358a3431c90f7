// NATS under the log dies, freezes and comes back: whatever happens, what was acknowledged stays,
// nothing stands twice, the order is kept, and the state says what is the matter.

#include <sched.h>
#include <sys/mount.h>

#include "tests/process/nats_world.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace ringrift::tests;

namespace {

NatsLogSettings of_cluster(const std::string& cluster, int replicas = 1) {
    return {.stream = {.cluster = cluster, .replicas = replicas}, .limits = {.read_wait = 20s}};
}

bool becomes(const NatsLog& log, NatsState state, std::chrono::milliseconds within = 30s) {
    const bool became = await([&] { return log.health().state == state; }, within);
    const NatsHealth health = log.health();
    UNSCOPED_INFO("state " << name_of(health.state) << ": " << health.sentence);
    return became;
}

/// What the log holds, as a node sees it that starts anew.
Batch seen_anew(const std::vector<std::string>& servers, const std::string& cluster, int replicas) {
    ConnectedLog log(quick_settings(servers), of_cluster(cluster, replicas));
    REQUIRE(log.log.wait_ready(60s));
    return read_all(log);
}

std::chrono::milliseconds time_of(const std::function<void()>& body) {
    const auto begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
}

/// Which server of the cluster leads the stream.
std::size_t leader_of(NatsCluster& cluster, const std::string& stream, std::size_t asked) {
    Operator person(cluster[asked].url());
    std::string leader;
    REQUIRE(await([&] { return !(leader = person.leader(stream)).empty(); }, 30s));
    return static_cast<std::size_t>(leader.back() - '1');
}

/// A file system of few bytes, seen by this process and its children only, and gone with them.
class SmallDisk {
  public:
    explicit SmallDisk(const std::string& size) {
        good_ = ::unshare(CLONE_NEWNS) == 0 &&
                ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    }
    ~SmallDisk() {
        if (good_) ::umount2(folder_.path().c_str(), MNT_DETACH);
    }
    bool good() const { return good_; }
    std::string operator/(const std::string& name) const { return folder_ / name; }
    bool grow(const std::string& size) const {
        return ::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT,
                       ("size=" + size).c_str()) == 0;
    }

  private:
    TemporaryFolder folder_;
    bool good_ = false;
};

/// Says events of 50 KB, from 1 on, until one is not taken. The positions of those that were.
std::map<std::string, Position> fill(Log& log, std::optional<AppendError>& error) {
    std::map<std::string, Position> positions;
    for (std::int64_t number = 1; !error && number < 10'000; ++number) {
        const Event event = numbered(number, 50'000);
        const auto appended = log.append(std::vector{event});
        if (appended)
            positions[event.id.value] = appended->positions.front();
        else
            error = appended.error();
    }
    return positions;
}

}  // namespace

TEST_CASE("a server that is killed and started again has lost nothing") {
    NatsServer server;
    ConnectedLog log(quick_settings({server.url()}), of_cluster("main"));
    REQUIRE(log.log.wait_ready(30s));
    Writer writer(log, 20);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(writer.goes_on(500));
        server.kill();
        CHECK(becomes(log.log, NatsState::reconnecting));
        server.start();
        REQUIRE(writer.goes_on(500));
    }
    const auto positions = writer.stop();
    CHECK(log.connection.lines() >= 4);
    check_nothing_lost_or_twice(seen_anew({server.url()}, "main", 1), positions);
    check_nothing_lost_or_twice(read_all(log), positions);
}

TEST_CASE(
    "while the server is away an append is answered at once, and reading serves what is at hand") {
    NatsServer server;
    ConnectedLog log(quick_settings({server.url()}), of_cluster("main"));
    REQUIRE(log.log.wait_ready(30s));
    REQUIRE(log.append(std::vector{numbered(1), numbered(2)}).ok());
    REQUIRE(log.read(0, 1).value().size() == 1);
    std::atomic<int> wakes = 0;
    log.on_news([&] { ++wakes; });
    REQUIRE(await([&] { return wakes > 0; }, 30s));  // The second is at hand.
    server.kill();
    REQUIRE(becomes(log.log, NatsState::reconnecting));
    CHECK(time_of([&] {
              CHECK(log.append(std::vector{numbered(3)}).error() == AppendError::unavailable);
          }) < 100ms);
    CHECK(log.trouble().find("tried again") != std::string::npos);
    CHECK(log.read(1, 9).value().size() == 1);
    CHECK(log.read(2, 9).error() == ReadError::unavailable);
    CHECK(log.last().error() == ReadError::unavailable);
}

TEST_CASE("a log begun while no server runs is there as soon as one does") {
    NatsServer server;
    server.kill();
    ConnectedLog log(quick_settings({server.url()}), of_cluster("main"));
    REQUIRE(becomes(log.log, NatsState::connecting));
    CHECK(log.append(std::vector{numbered(1)}).error() == AppendError::unavailable);
    server.start();
    CHECK(becomes(log.log, NatsState::connected));
    CHECK(log.append(std::vector{numbered(1)}).value().positions == std::vector<Position>{1});
}

TEST_CASE("a frozen server costs one append its wait, the next ones nothing, and no event") {
    NatsServer server;
    NatsLogSettings settings = of_cluster("main");
    settings.append_wait = 700ms;
    ConnectedLog log(quick_settings({server.url()}), settings);
    REQUIRE(log.log.wait_ready(30s));
    REQUIRE(log.append(std::vector{numbered(1)}).ok());
    server.pause();
    const std::vector<Event> events = {numbered(2), numbered(3)};
    CHECK(time_of([&] { CHECK(log.append(events).error() == AppendError::unavailable); }) < 2000ms);
    CHECK_FALSE(log.trouble().empty());
    CHECK(time_of([&] { CHECK(log.append(events).error() == AppendError::unavailable); }) < 100ms);
    CHECK(becomes(log.log, NatsState::reconnecting));
    server.resume();
    REQUIRE(becomes(log.log, NatsState::connected));
    CHECK(await([&] { return log.append(events).ok(); }, 10s));
    const auto positions = log.append(events).value().positions;
    check_nothing_lost_or_twice(read_all(log), {{"e2", positions[0]}, {"e3", positions[1]}});
}

TEST_CASE("the stream's leader is killed: the others go on, and nothing is lost") {
    NatsCluster cluster;
    ConnectedLog log(quick_settings(cluster.urls()), of_cluster("main", 3));
    REQUIRE(log.log.wait_ready(60s));
    Writer writer(log, 20);
    REQUIRE(writer.goes_on(500));
    const std::size_t leader = leader_of(cluster, "RINGRIFT_main", 0);
    cluster[leader].kill();
    const auto away = time_of([&] { REQUIRE(writer.goes_on(40)); });
    WARN("appends went on " << away.count() << " ms after the stream's leader was killed");
    REQUIRE(writer.goes_on(500));
    cluster[leader].start();
    REQUIRE(writer.goes_on(500));
    const auto positions = writer.stop();
    check_nothing_lost_or_twice(seen_anew(cluster.urls(), "main", 3), positions);
}

TEST_CASE("nodes that make the stream at once know it for the same log through every server") {
    NatsCluster cluster;
    const auto settings_of = [&](std::size_t i) { return quick_settings({cluster[i].url()}); };
    std::vector<std::unique_ptr<ConnectedLog>> logs;
    for (std::size_t i = 0; i < cluster.size(); ++i)
        logs.push_back(std::make_unique<ConnectedLog>(settings_of(i), of_cluster("main", 3)));
    for (const auto& log : logs) REQUIRE(log->log.wait_ready(60s));
    REQUIRE(await([&] { return logs.front()->append(std::vector{numbered(1)}).ok(); }, 60s));
    std::vector<LogMark> marks;
    for (const auto& log : logs) {
        REQUIRE(read_all(*log).size() == 1);
        marks.push_back(log->log.mark().value());
    }
    CHECK(marks[0] == marks[1]);
    CHECK(marks[0] == marks[2]);
    logs.clear();
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        cluster[i].kill();
        cluster[i].start();
        NatsLogSettings known = of_cluster("main", 3);
        known.mark = marks[0];
        ConnectedLog later(settings_of(i), known);
        REQUIRE(later.log.wait_ready(60s));
        CHECK(later.append(std::vector{numbered(static_cast<std::int64_t>(i) + 2)}).ok());
    }
}

TEST_CASE("all three servers are killed at once: they come back with all that was acknowledged") {
    NatsCluster cluster;
    ConnectedLog log(quick_settings(cluster.urls()), of_cluster("main", 3));
    REQUIRE(log.log.wait_ready(60s));
    Writer writer(log, 20);
    REQUIRE(writer.goes_on(500));
    for (std::size_t i = 0; i < cluster.size(); ++i) cluster[i].kill();
    CHECK(becomes(log.log, NatsState::reconnecting));
    for (std::size_t i = 0; i < cluster.size(); ++i) cluster[i].start();
    const auto away = time_of([&] { REQUIRE(writer.goes_on(40, 120s)); });
    WARN("appends went on " << away.count() << " ms after all three were started again");
    REQUIRE(writer.goes_on(200));
    const auto positions = writer.stop();
    check_nothing_lost_or_twice(seen_anew(cluster.urls(), "main", 3), positions);
    check_nothing_lost_or_twice(read_all(log), positions);
}

TEST_CASE("two of three servers are lost: nothing is acknowledged until one is back") {
    NatsCluster cluster;
    ConnectedLog log(quick_settings(cluster.urls()), of_cluster("main", 3));
    REQUIRE(log.log.wait_ready(60s));
    Writer writer(log, 20);
    REQUIRE(writer.goes_on(200));
    cluster[0].kill();
    cluster[1].kill();
    CHECK(becomes(log.log, NatsState::silent));
    const std::int64_t before = writer.acknowledged();
    const std::int64_t failures = writer.failures();
    CHECK(await([&] { return writer.failures() > failures + 50; }, 30s));
    CHECK(writer.acknowledged() == before);
    cluster[0].start();
    REQUIRE(writer.goes_on(200));
    const auto positions = writer.stop();
    check_nothing_lost_or_twice(seen_anew(cluster.urls(), "main", 3), positions);
}

TEST_CASE("the server that we are connected to freezes: we go to another one") {
    NatsCluster cluster;
    // One address first, so that it is known which server freezes.
    ConnectedLog log(quick_settings(cluster.urls()), of_cluster("main", 3));
    REQUIRE(log.log.wait_ready(60s));
    Writer writer(log, 20);
    REQUIRE(writer.goes_on(200));
    const std::string sentence = log.connection.health().sentence;
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        if (sentence.find(cluster[i].url()) == std::string::npos) continue;
        cluster[i].pause();
        CHECK(await([&] { return log.connection.lines() >= 2; }, 30s));
        REQUIRE(writer.goes_on(200));
        cluster[i].resume();
    }
    REQUIRE(writer.goes_on(200));
    CHECK(log.connection.health().sentence != sentence);
    const auto positions = writer.stop();
    check_nothing_lost_or_twice(seen_anew(cluster.urls(), "main", 3), positions);
}

TEST_CASE("a store at the limit that the server was given is full, and nothing is lost") {
    NatsServer server(NatsServer::Options{.store_max = "10MB"});
    ConnectedLog log(quick_settings({server.url()}), of_cluster("main"));
    REQUIRE(log.log.wait_ready(30s));
    std::optional<AppendError> error;
    const auto positions = fill(log, error);
    INFO(log.trouble());
    CHECK(error == AppendError::full);
    CHECK(becomes(log.log, NatsState::stream_full));
    CHECK(positions.size() > 50);
    check_nothing_lost_or_twice(read_all(log), positions);
}

TEST_CASE(
    "a full disk silences a server of 2.9; with room and a restart nothing acknowledged is lost") {
    const SmallDisk disk("24m");
    if (!disk.good()) {
        WARN("SKIPPED: only root may mount the small file system that this test fills");
        return;
    }
    NatsServer server(NatsServer::Options{.store = disk / "store"});
    ConnectedLog log(quick_settings({server.url()}), of_cluster("main"));
    REQUIRE(log.log.wait_ready(30s));
    std::optional<AppendError> error;
    auto positions = fill(log, error);
    REQUIRE(error);
    WARN("24 MiB were full after " << positions.size() << " events of 50 KB: " << log.trouble());
    CHECK((error == AppendError::full || error == AppendError::unavailable));
    CHECK(positions.size() > 50);
    CHECK_FALSE(log.trouble().empty());
    REQUIRE(disk.grow("200m"));
    server.stop();
    server.start();
    REQUIRE(becomes(log.log, NatsState::connected));
    const auto last = static_cast<std::int64_t>(positions.size()) + 1;
    CHECK(await([&] { return log.append(std::vector{numbered(last, 50'000)}).ok(); }, 30s));
    check_nothing_lost_or_twice(read_all(log), positions);
}
