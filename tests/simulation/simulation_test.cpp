#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/number_from.hpp"

// How many seeds: RINGRIFT_SIMULATION_SEEDS, else fewer where a sanitizer makes each ten times
// slower. With RINGRIFT_SIMULATION_STOP the first that fails is the last: see the script `bite`.
// RINGRIFT_FLEET_SEEDS, _FIRST, _NODES and _HOURS say the same of several nodes.

using ringrift::tests::number_from;

namespace {

using namespace ringrift::simulation;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds_default = 20;
constexpr std::uint64_t fleet_seeds_default = 3;
#else
constexpr std::uint64_t seeds_default = 200;
constexpr std::uint64_t fleet_seeds_default = 25;  // Four times: see tests/CMakeLists.txt.
#endif
/// The last 2.5 are without faults.
constexpr int fleet_hours_default = 4;

std::uint64_t seeds_wanted() {
    return number_from("RINGRIFT_SIMULATION_SEEDS", seeds_default);
}

}  // namespace

TEST_CASE("whatever befalls the cluster, what must be true of its log is true") {
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    const std::uint64_t seeds = seeds_wanted();
    std::int64_t events = 0, starts = 0, completed = 0, promotions = 0, rejections = 0, failed = 0;
    std::int64_t claims = 0, turns = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const SimulationResult result = simulate({.seed = seed}, nullptr);
        if (!result.passed) {
            ++failed;
            FAIL_CHECK(result.report);
            if (std::getenv("RINGRIFT_SIMULATION_STOP") != nullptr) return;
        }
        events += result.events;
        starts += result.starts;
        completed += result.completed;
        claims += result.claims;
        turns += result.turns_judged;
        promotions += result.promotions;
        rejections += result.rejections;
    }
    const auto took = std::chrono::duration<double>(clock::now() - begun).count();
    std::cout << seeds << " seeds in " << took << " s (" << double(seeds) / took << " per second), "
              << failed << " failed; for each seed " << events / std::int64_t(seeds) << " events, "
              << starts / std::int64_t(seeds) << " starts, " << completed / std::int64_t(seeds)
              << " items completed; in all " << promotions << " promotions and " << rejections
              << " rejections; of " << claims << " claims the turn of " << turns << " was judged\n";
    CHECK(turns > claims / 2);
}

TEST_CASE("whatever befalls a cluster of several nodes, what must be true of its log is true") {
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    const std::uint64_t first = number_from("RINGRIFT_FLEET_FIRST", 1);
    const std::uint64_t seeds = number_from("RINGRIFT_FLEET_SEEDS", fleet_seeds_default);
    const int nodes = static_cast<int>(number_from("RINGRIFT_FLEET_NODES", 3));
    const int hours = static_cast<int>(number_from("RINGRIFT_FLEET_HOURS", fleet_hours_default));
    std::int64_t events = 0, starts = 0, reigns = 0, completed = 0, decisions = 0, failed = 0;
    std::int64_t deletions = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const SimulationResult result =
            simulate({.seed = seed, .nodes = nodes, .hours = hours}, nullptr);
        if (!result.passed) {
            ++failed;
            FAIL_CHECK(result.report);
            if (std::getenv("RINGRIFT_SIMULATION_STOP") != nullptr) return;
        }
        events += result.events;
        starts += result.starts;
        reigns += result.reigns;
        completed += result.completed;
        decisions += result.promotions + result.rejections;
        deletions += result.deletions;
        if (hours > fleet_hours_default && seed % 10 == 9)
            std::cout << "seeds " << first << " to " << seed << ": " << failed << " failed"
                      << std::endl;
    }
    const auto took = std::chrono::duration<double>(clock::now() - begun).count();
    const auto each = [&](std::int64_t sum) { return sum / std::int64_t(seeds); };
    std::cout << seeds << " seeds of " << hours << " h with " << nodes << " nodes in " << took
              << " s, " << failed << " failed; for each seed " << each(events) << " events, "
              << each(starts) << " starts, " << each(reigns) << " reigns, " << each(completed)
              << " items completed, " << each(decisions) << " candidates decided upon, "
              << each(deletions) << " files deleted\n";
    CHECK(reigns >= std::int64_t(seeds));
}

TEST_CASE("the same seed gives the same bytes with several nodes") {
    for (const std::uint64_t seed : {1U, 7U}) {
        const SimulationOptions options = {.seed = seed, .nodes = 3, .hours = 3};
        const SimulationResult first = simulate(options, nullptr);
        std::ostringstream trace;
        const SimulationResult second = simulate(options, &trace);
        CHECK(first.digest == second.digest);
        CHECK(first.rounds == second.rounds);
        CHECK_FALSE(trace.str().empty());
    }
}

TEST_CASE("the same seed gives the same bytes") {
    for (const std::uint64_t seed : {0U, 7U, 23U}) {
        const SimulationResult first = simulate({.seed = seed, .hours = 4}, nullptr);
        std::ostringstream trace;
        const SimulationResult second = simulate({.seed = seed, .hours = 4}, &trace);
        CHECK(first.digest == second.digest);
        CHECK(first.events == second.events);
        CHECK_FALSE(trace.str().empty());
    }
    CHECK(simulate({.seed = 1, .hours = 3}, nullptr).digest !=
          simulate({.seed = 2, .hours = 3}, nullptr).digest);
}

TEST_CASE("the same seed is told in the same words") {
    const auto told = [](std::uint64_t seed) {
        std::ostringstream out;
        const int code = run_simulation({.seed = seed, .hours = 6, .trace = true}, out);
        CHECK(code == 0);
        return out.str();
    };
    const std::string first = told(180);
    CHECK(first == told(180));
    CHECK(first != told(181));
    CHECK(std::ranges::count(first, '\n') > 1'000);
}

TEST_CASE("what was over a day ago stays over, though the views have forgotten it") {
    const SimulationResult result = simulate({.seed = 3, .hours = 30}, nullptr);
    INFO(result.report);
    CHECK(result.passed);
    CHECK(result.completed > 1'000);
}

TEST_CASE("what cannot be simulated is refused with a sentence") {
    std::ostringstream out;
    CHECK(run_simulation({.seed = 1, .nodes = 2}, out) == 2);
    CHECK(run_simulation({.seed = 1, .nodes = 51}, out) == 2);
    CHECK(run_simulation({.seed = 1, .hours = 2}, out) == 2);
    CHECK(run_simulation({.seed = 1, .hours = 241}, out) == 2);
    CHECK(out.str().find("an election takes 3 voters") != std::string::npos);
}
