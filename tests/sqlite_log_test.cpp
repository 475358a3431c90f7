// The embedded log where it touches the world: other processes, full disks, kill -9, damage.

#include "bus/sqlite_log.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

using namespace ringrift;
using namespace ringrift::bus;

namespace {

Event event_of(std::int64_t number, Fact fact) {
    Event event;
    event.id = {"e" + std::to_string(number)};
    event.source = {"gpu-7"};
    event.fact = std::move(fact);
    return event;
}

Event claimed(std::int64_t number) {
    return event_of(number,
                    WorkClaimed{.work = {"w-" + std::to_string(number % 10)}, .node = {"gpu-1"}});
}

Event large(std::int64_t number) {
    return event_of(number, WorkCancelled{.work = {"w"}, .reason = std::string(10'000, 'x')});
}

std::unique_ptr<SqliteLog> open_log(const std::string& path) {
    auto log = SqliteLog::open(path);
    if (!log) throw std::runtime_error(log.error().sentence);
    return std::move(log).value();
}

OpenError open_error(const std::string& path) {
    const auto log = SqliteLog::open(path);
    return log ? OpenError{.sentence = "opened"} : log.error();
}

void execute(const std::string& path, const char* sql) {
    SqliteConnection connection;
    REQUIRE(connection.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 1000) == SQLITE_OK);
    REQUIRE(connection.execute(sql) == SQLITE_OK);
}

/// No file of this process may grow beyond `bytes` while this lives: a disk that is full.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit = {.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_ = {};
};

/// Runs `body` in a child that dies with it, never returning into Catch.
pid_t in_child(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    body();
    ::_exit(0);
}

/// A child appends pairs of events from `first` on and says the last of each once acknowledged; it
/// is killed after `count` of them. The last one that it said.
std::int64_t kill_writer_after(int count, const std::string& path, std::int64_t first) {
    int said[2] = {};
    if (::pipe(said) != 0) return -1;
    const pid_t child = in_child([&] {
        const auto log = SqliteLog::open(path);
        for (std::int64_t i = first; log; i += 2) {
            const std::int64_t last = i + 1;
            const bool sound = (*log)->append(std::vector{claimed(i), claimed(last)}).ok();
            if (!sound || ::write(said[1], &last, sizeof last) != sizeof last) return;
        }
    });
    ::close(said[1]);
    std::int64_t heard = 0;
    std::int64_t last = 0;
    for (int i = 0; ::read(said[0], &heard, sizeof heard) == sizeof heard; last = heard) {
        if (++i == count) ::kill(child, SIGKILL);
    }
    ::close(said[0]);
    ::waitpid(child, nullptr, 0);
    return last;
}

}  // namespace

TEST_CASE("a log that is closed and opened again goes on where it was") {
    const tests::TemporaryFolder folder;
    REQUIRE(open_log(folder / "log")->append(std::vector{claimed(1), claimed(2)}).ok());
    const auto log = open_log(folder / "log");
    CHECK(log->last().value() == 2);
    CHECK(log->append(std::vector{claimed(2), claimed(3)}).value().positions ==
          std::vector<Position>{2, 3});
    CHECK(log->read(0, 9).value().size() == 3);
}

TEST_CASE("a second process is refused with the first one's pid until that one ends") {
    const tests::TemporaryFolder folder;
    int ready[2] = {};
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = in_child([&] {
        const auto log = SqliteLog::open(folder / "log");
        if (log && ::write(ready[1], "x", 1) == 1) ::pause();
    });
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    const OpenError error = open_error(folder / "log");
    CHECK(error.why == OpenError::Why::locked);
    CHECK(error.sentence == (folder / "log.lock") + " is held by process " + std::to_string(child) +
                                "; stop it, or choose another data directory");
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK(open_error(folder / "log").sentence == "opened");
}

TEST_CASE("a second log on the same file in one process is refused too") {
    const tests::TemporaryFolder folder;
    const auto log = open_log(folder / "log");
    CHECK(open_error(folder / "log").why == OpenError::Why::locked);
}

TEST_CASE("everything acknowledged before kill -9 is there, and the log goes on") {
    const tests::TemporaryFolder folder;
    std::int64_t written = 0;
    for (int round = 0; round < 5; ++round) {
        const std::int64_t heard = kill_writer_after(40 + 17 * round, folder / "log", written + 1);
        const auto log = open_log(folder / "log");
        const auto all = log->read(0, 1'000'000);
        REQUIRE(all.ok());
        written = static_cast<std::int64_t>(all->size());
        REQUIRE(heard > 0);
        REQUIRE(written >= heard);
        REQUIRE(written % 2 == 0);  // A batch is whole or not there.
        for (std::int64_t i = 1; i <= written; ++i) {
            REQUIRE((*all)[static_cast<std::size_t>(i - 1)].event == claimed(i));
        }
    }
}

TEST_CASE("a full disk writes nothing, says so, and the log goes on when there is room") {
    const tests::TemporaryFolder folder;
    const auto log = open_log(folder / "log");
    REQUIRE(log->append(std::vector{claimed(1)}).ok());
    Position last = 1;
    {
        const FullDisk disk(300'000);
        std::optional<AppendError> error;
        for (int i = 0; i < 100 && !error; ++i) {
            const auto appended = log->append(std::vector{large(2 * i + 10), large(2 * i + 11)});
            if (appended)
                last = appended->positions.back();
            else
                error = appended.error();
        }
        INFO(log->trouble());
        REQUIRE(error == AppendError::full);
        CHECK(log->trouble().find("File too large") != std::string::npos);
        CHECK(log->last().value() == last);
        CHECK(log->read(0, 1000).value().size() == last);
        CHECK(log->append(std::vector{large(500)}).error() == AppendError::full);
    }
    CHECK(log->append(std::vector{large(500)}).value().positions == std::vector{last + 1});
    CHECK(log->read(last, 9).value().front().event == large(500));
}

TEST_CASE("a folder that is not there is named") {
    const OpenError error = open_error("/nonexistent/log");
    CHECK(error.why == OpenError::Why::not_writable);
    CHECK(error.sentence == "cannot create /nonexistent/log.lock: No such file or directory");
}

TEST_CASE("a file that is no database, or another program's, is refused and left alone") {
    const tests::TemporaryFolder folder;
    const std::string text(5000, 'x');
    std::ofstream(folder / "log") << text;
    CHECK(open_error(folder / "log").why == OpenError::Why::damaged);
    CHECK(std::filesystem::file_size(folder / "log") == text.size());
    execute(folder / "other", "CREATE TABLE theirs (a)");
    const OpenError error = open_error(folder / "other");
    CHECK(error.why == OpenError::Why::damaged);
    CHECK(error.sentence ==
          (folder / "other") + " is another program's database; choose another data directory");
}

TEST_CASE("a log of a newer program is refused") {
    const tests::TemporaryFolder folder;
    open_log(folder / "log").reset();
    execute(folder / "log", "PRAGMA user_version = 2");
    CHECK(open_error(folder / "log").why == OpenError::Why::newer);
}

TEST_CASE("a missing event is damage that is named, not skipped") {
    const tests::TemporaryFolder folder;
    REQUIRE(open_log(folder / "log")->append(std::vector{claimed(1), claimed(2), claimed(3)}).ok());
    execute(folder / "log", "DELETE FROM events WHERE position = 2");
    const auto log = open_log(folder / "log");
    CHECK(log->read(0, 9).error() == ReadError::damaged);
    CHECK(log->trouble() == "event 2 is missing from the log");
}

TEST_CASE("broken bytes in the file are damage, and nothing is read from them") {
    const tests::TemporaryFolder folder;
    {
        const auto log = open_log(folder / "log");
        for (int i = 0; i < 50; ++i) REQUIRE(log->append(std::vector{large(i)}).ok());
    }
    {
        std::fstream file(folder / "log", std::ios::in | std::ios::out | std::ios::binary);
        const std::string noise(8192, '\xA5');
        for (int page = 10; page < 120; page += 2)
            file.seekp(page * 4096).write(noise.data(), 4096);
    }
    const auto log = SqliteLog::open(folder / "log");
    if (!log) {
        CHECK(log.error().why == OpenError::Why::damaged);
        return;
    }
    CHECK((*log)->read(0, 1000).error() == ReadError::damaged);
    CHECK_FALSE((*log)->trouble().empty());
}

TEST_CASE("a reader on another thread sees what is appended and is woken by it") {
    const tests::TemporaryFolder folder;
    const auto log = open_log(folder / "log");
    constexpr Position last = 500;
    Position seen = 0;
    std::thread api([&] {
        auto reader = std::move(log->reader()).value();
        std::atomic<bool> woken = false;
        reader->on_news([&] { woken = true; });
        for (auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
             seen < last && std::chrono::steady_clock::now() < end;) {
            const auto batch = reader->read(seen, 100);
            if (!batch) break;
            seen += batch->size();
            while (batch->empty() && !woken.exchange(false) &&
                   std::chrono::steady_clock::now() < end) {
                std::this_thread::yield();
            }
        }
    });
    for (Position i = 1; i <= last; ++i) {
        if (!log->append(std::vector{claimed(static_cast<std::int64_t>(i))}).ok()) break;
    }
    api.join();
    CHECK(seen == last);
    CHECK(log->reader().value()->append(std::vector{claimed(1)}).error() == AppendError::refused);
}

TEST_CASE(
    "events can be asked for by type, by noun, by the thing they are about, and all at once") {
    const tests::TemporaryFolder folder;
    const auto log = open_log(folder / "log");
    std::vector<Event> events;
    for (int i = 1; i <= 20; ++i) events.push_back(claimed(i));
    events.push_back(event_of(21, WorkStarted{.work = {"w-3"}, .node = {"gpu-1"}, .fence = 3}));
    events.push_back(event_of(22, NodeLeft{.node = {"w-3"}}));
    REQUIRE(log->append(events).ok());
    const auto reader = std::move(log->reader()).value();
    const auto ask = [&](const EventFilter& filter, Position after = 0,
                         std::size_t count_max = 100) {
        std::vector<Position> positions;
        for (const auto& recorded : reader->read_filtered(after, filter, count_max).value()) {
            positions.push_back(recorded.position);
        }
        return positions;
    };
    using Positions = std::vector<Position>;
    CHECK(ask({.about = "w-3"}) == Positions{3, 13, 21, 22});
    CHECK(ask({.type = "WORK_STARTED"}) == Positions{21});
    CHECK(ask({.noun = "nodes"}) == Positions{22});
    CHECK(ask({.noun = "work", .about = "w-3"}) == Positions{3, 13, 21});
    CHECK(ask({.type = "WORK_CLAIMED", .noun = "work", .about = "w-3"}) == Positions{3, 13});
    CHECK(ask({.type = "WORK_CLAIMED", .noun = "nodes"}) == Positions{});
    CHECK(ask({.about = "w-3"}, 3, 2) == Positions{13, 21});
    CHECK(ask({}, 20) == Positions{21, 22});
}
