#pragma once

// Real hands on a folder of their own, and small programs to give them.
//
// Waits on the hands' wake-up, never on a guess of how long something takes.

#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "ops/jobs/posix_hands.hpp"
#include "tests/catch.hpp"
#include "tests/process/processes.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift::tests {

/// Long enough for a busy machine; a test that reaches it has failed.
inline constexpr auto patience = std::chrono::seconds(180);

/// Told by other threads that something may have changed.
class Bell {
  public:
    void ring() {
        const std::lock_guard lock(mutex_);
        rung_ = true;
        changed_.notify_all();
    }
    /// Asks `condition` again after each ring; at least 20 times a second, for what rings no bell.
    template <class Condition>
    bool wait_until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, std::chrono::milliseconds(50), [this] { return rung_; });
            rung_ = false;
        }
        return true;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false;
};

class HandsBench {
  public:
    HandsBench();
    ~HandsBench();

    void open();
    void close() { hands.reset(); }

    /// `script` for bash, with functions of `script_start` at hand.
    consumers::JobOrder order(const std::string& script, const std::string& work = "w-1") const;

    void await(std::function<bool()> condition);
    consumers::JobRunning await_running(const consumers::JobId& job);
    consumers::JobEnded await_end(const consumers::JobId& job);
    consumers::JobEnded run(const consumers::JobOrder& order);

    /// Reports of one kind about one job, so far.
    template <class Report>
    std::vector<Report> reports_of(const consumers::JobId& job) {
        for (auto& report : hands->drain()) reports.push_back(std::move(report));
        std::vector<Report> found;
        for (const auto& report : reports) {
            const auto* of_kind = std::get_if<Report>(&report);
            if (of_kind != nullptr && of_kind->job == job) found.push_back(*of_kind);
        }
        return found;
    }

    std::filesystem::path folder(const consumers::JobId& job) const;

    TemporaryFolder data;
    TemporaryFolder scratch;  ///< RINGRIFT_TEST_SCRATCH in the scripts.
    ops::PosixHandsOptions options;
    Bell bell;
    std::unique_ptr<ops::PosixHands> hands;
    std::vector<consumers::JobReport> reports;
};

/// Checks that the job failed, and yields how.
consumers::JobFailure failure_of(const consumers::JobEnded& ended);

// keep NAME GAMES: lists a file of the output folder. succeed GAMES: writes result.json.
inline constexpr const char* script_start = R"(
cd "$RINGRIFT_OUTPUT_DIR"
entries=""
keep() {
    entries="$entries${entries:+,}{\"name\":\"$1\",\"sha256\":\"$(sha256sum < "$1" | cut -c1-64)\","
    entries="$entries\"bytes\":$(stat -Lc %s "$1"),\"games\":$2}"
}
succeed() { echo "{\"type\":\"selfplay\",\"games\":$1,\"files\":[$entries]}" > result.json; }
)";

inline std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline HandsBench::HandsBench() {
    options.data_folder = data.path();
    options.supervisor_program = RINGRIFT_BINARY_DIR "/ringrift-job";
    options.working_folder = scratch.path();
    options.environment = {{"PATH", "/usr/bin:/bin"}, {"RINGRIFT_TEST_SCRATCH", scratch.path()}};
    options.with_channel = false;
    options.disk_free_bytes_min = 0;
    open();
}

inline HandsBench::~HandsBench() {
    hands.reset();
    for (const std::int64_t pid : processes_below(data.path())) {
        ::kill(static_cast<::pid_t>(pid), SIGKILL);
    }
}

inline void HandsBench::open() {
    auto opened = ops::PosixHands::open(options, [this] { bell.ring(); });
    if (!opened) FAIL(opened.error().sentence);
    hands = std::move(*opened);
}

inline consumers::JobOrder HandsBench::order(const std::string& script,
                                             const std::string& work) const {
    return {.job = {{work}, 7},
            .type = bus::WorkType::selfplay,
            .config = {"hex5_2p"},
            .argv = {"bash", "-c", script_start + script}};
}

inline void HandsBench::await(std::function<bool()> condition) {
    REQUIRE(bell.wait_until(condition));
}

inline consumers::JobRunning HandsBench::await_running(const consumers::JobId& job) {
    await([&] { return !reports_of<consumers::JobRunning>(job).empty(); });
    return reports_of<consumers::JobRunning>(job).front();
}

inline consumers::JobEnded HandsBench::await_end(const consumers::JobId& job) {
    await([&] { return !reports_of<consumers::JobEnded>(job).empty(); });
    return reports_of<consumers::JobEnded>(job).front();
}

inline consumers::JobEnded HandsBench::run(const consumers::JobOrder& order) {
    hands->start(order);
    return await_end(order.job);
}

inline std::filesystem::path HandsBench::folder(const consumers::JobId& job) const {
    return ops::JobFolders{data.path()}.running(job);
}

inline bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

inline consumers::JobFailure failure_of(const consumers::JobEnded& ended) {
    REQUIRE(std::holds_alternative<consumers::JobFailure>(ended.outcome));
    return std::get<consumers::JobFailure>(ended.outcome);
}

}  // namespace ringrift::tests
