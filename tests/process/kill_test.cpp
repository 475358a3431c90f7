#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "bus/sqlite_log.hpp"
#include "ops/jobs/file_digest.hpp"
#include "ops/jobs/file_store.hpp"
#include "projections/snapshot.hpp"
#include "projections/sqlite_store.hpp"
#include "tests/catch.hpp"
#include "tests/number_from.hpp"
#include "tests/process/daemon.hpp"
#include "tests/process/processes.hpp"
#include "tests/temporary_folder.hpp"

// `kill -9` of a running `ringrift up` at random moments: RINGRIFT_KILLS times, 15 unless said
// otherwise. What the log says afterwards is compared with what the jobs themselves wrote down.

namespace ringrift::tests {
namespace {

using projections::ClusterView;
using projections::Folded;

bus::Batch everything_in(bus::Log& log) {
    bus::Batch all;
    while (true) {
        auto batch = log.read(all.size(), 10'000);
        REQUIRE(batch);
        if (batch->empty()) return all;
        all.insert(all.end(), batch->begin(), batch->end());
    }
}

/// At most one accepted result for each item, and no result said twice.
void check_results(const bus::Batch& log) {
    Folded<ClusterView> folded;
    std::map<bus::WorkId, int> accepted;
    std::set<std::pair<bus::WorkId, bus::Position>> said;
    for (const bus::Recorded& recorded : log) {
        if (const auto* done = std::get_if<bus::WorkCompleted>(&recorded.event.fact)) {
            CHECK(said.emplace(done->work, done->fence).second);
            if (held(folded.view.work, done->work, done->node, done->fence) != nullptr)
                ++accepted[done->work];
        }
        folded.advance(recorded);
    }
    for (const auto& [work, times] : accepted) {
        INFO(work);
        CHECK(times == 1);
    }
}

/// Every games file that was recorded lies in the data folder, with the bytes that its name says.
void check_games(const bus::Batch& log, const std::filesystem::path& data) {
    const ops::FileStore files(data);
    ops::VerifiedFiles verified;
    int recorded_files = 0;
    for (const bus::Recorded& recorded : log) {
        const auto* games = std::get_if<bus::GamesRecorded>(&recorded.event.fact);
        if (games == nullptr) continue;
        ++recorded_files;
        const auto path = files.find(games->file);
        INFO(games->name);
        REQUIRE(path);
        CHECK(std::filesystem::file_size(*path) == static_cast<std::uintmax_t>(games->bytes));
        CHECK(verified.verify(*path, games->file));
    }
    CHECK(recorded_files > 0);
}

/// Each attempt's program ran at most once, however often the daemon died.
void check_starts(const std::string& starts) {
    std::istringstream lines(text_of(starts));
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(seen.insert(line).second);
    }
    CHECK_FALSE(seen.empty());
}

/// No two attempts at an item of work run at a time. (That one attempt does not run twice, the jobs
/// themselves write down: a supervisor that is just starting its program looks like two.)
void check_side_by_side(const std::string& data) {
    std::map<std::string, std::string> attempts;
    for (const std::string& job : supervised_below(data)) {
        const auto at = attempts.emplace(job.substr(0, job.rfind('@')), job).first;
        CHECK(at->second == job);
    }
}

/// Reservations never exceed the node, at any prefix of the log.
void check_reservations(const bus::Batch& log) {
    Folded<ClusterView> folded;
    for (const bus::Recorded& recorded : log) {
        folded.advance(recorded);
        for (const auto& [node, reserved] : folded.view.work.reserved) {
            const auto entry = folded.view.nodes.nodes.find(node);
            if (entry == folded.view.nodes.nodes.end()) continue;
            INFO(recorded.position);
            CHECK(reserved.slots <= entry->second.joined.capacity.slots);
        }
    }
}

/// The snapshot and the rest of the log give the view that the whole log gives.
void check_snapshot(const bus::Batch& log, const std::string& state) {
    const auto store = projections::SqliteStore::open(state);
    REQUIRE(store);
    const auto text = (*store)->get("snapshot");
    REQUIRE(text);
    Folded<ClusterView> rebuilt;
    for (const bus::Recorded& recorded : log) rebuilt.advance(recorded);
    if (!*text) return;
    auto live = projections::from_snapshot(**text);
    REQUIRE(live);
    for (const bus::Recorded& recorded : log) live->advance(recorded);
    CHECK(*live == rebuilt);
}

/// Every event but the first of a chain names one that stands before it.
void check_causes(const bus::Batch& log) {
    std::set<bus::EventId> before;
    for (const bus::Recorded& recorded : log) {
        INFO(recorded);
        CHECK((recorded.event.causation.empty() || before.contains(recorded.event.causation)));
        CHECK(before.insert(recorded.event.id).second);
    }
}

}  // namespace

TEST_CASE(
    "a node that is killed at any moment loses nothing, repeats nothing and goes on learning") {
    const TemporaryFolder folder;
    const std::string workload = write_fast_workload(folder.path().string());
    const std::string data = folder / "data";
    const std::string output = folder / "output";
    std::mt19937 chance(static_cast<std::uint32_t>(Catch::rngSeed()));
    const std::vector<std::string> up = {"up",         "--port", "0",       "--data", data,
                                         "--workload", workload, "--slots", "2"};

    const int kills_wanted = int(number_from("RINGRIFT_KILLS", 15));
    for (int kills = 0; kills < kills_wanted; ++kills) {
        Daemon daemon(up, output);
        poll(nullptr, 0, std::uniform_int_distribution(20, 1500)(chance));  // the random moment
        INFO(daemon.output());
        REQUIRE(daemon.running());
        daemon.send(SIGKILL);
        REQUIRE(daemon.exit_code(180s) == 128 + SIGKILL);
        check_side_by_side(data);
    }
    auto last_run = up;
    const std::int64_t reached = [&] {
        auto log = bus::SqliteLog::open(data + "/events.db");
        REQUIRE(log);
        Folded<ClusterView> folded;
        for (const bus::Recorded& recorded : everything_in(**log)) folded.advance(recorded);
        return projections::evaluated(folded.view.training);
    }();
    last_run.insert(last_run.end(),
                    {"--until-generation", std::to_string(reached + 2), "--for", "10m"});
    Daemon daemon(last_run, output);
    const auto code = daemon.exit_code(620s);
    INFO(daemon.output().substr(daemon.output().size() -
                                std::min<std::size_t>(4000, daemon.output().size())));
    REQUIRE(code == 0);
    CHECK(processes_below(data).empty());

    auto log = bus::SqliteLog::open(data + "/events.db");
    REQUIRE(log);
    const bus::Batch all = everything_in(**log);
    check_results(all);
    check_games(all, data);
    check_starts(folder / "starts");
    check_reservations(all);
    check_causes(all);
    check_snapshot(all, data + "/state.db");
}

}  // namespace ringrift::tests
