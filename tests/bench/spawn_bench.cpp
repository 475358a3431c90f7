// How many jobs a second the hands can run, beside a bare posix_spawn of the same program.
//
// A job costs a supervisor and a folder beside its program; jobs run for minutes, so what matters
// is that a node with many slots is not held up. `/dev/shm` shows the cost without a disk. Half of
// the bare rate is asked: that is measured before and after, since others may use the machine as
// well.

#include <spawn.h>
#include <sys/wait.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "ops/jobs/posix_hands.hpp"
#include "tests/bench/measure.hpp"
#include "tests/temporary_folder.hpp"

namespace ringrift {
namespace {

class Jobs {
  public:
    explicit Jobs(const std::filesystem::path& folder) {
        ops::PosixHandsOptions options{.data_folder = folder,
                                       .supervisor_program = RINGRIFT_BINARY_DIR "/ringrift-job",
                                       .environment = {{"PATH", "/usr/bin:/bin"}},
                                       .with_channel = false,
                                       .disk_free_bytes_min = 0};
        auto opened = ops::PosixHands::open(options, [this] { ring(); });
        RINGRIFT_CHECK(opened.ok());
        hands_ = std::move(*opened);
    }

    /// Starts `count` jobs, all at once, and waits until each has ended and is forgotten.
    void run(std::size_t count) {
        for (std::size_t number = 0; number < count; ++number) {
            next_ += 1;
            hands_->start({.job = {{"w-" + std::to_string(next_)}, next_}, .argv = {"/bin/true"}});
        }
        for (std::size_t ended = 0; ended < count;) {
            for (const auto& report : hands_->drain()) {
                if (const auto* end = std::get_if<consumers::JobEnded>(&report)) {
                    hands_->forget(end->job);
                    ++ended;
                }
            }
            std::unique_lock lock(mutex_);
            rung_.wait_for(lock, std::chrono::milliseconds(50));
        }
    }

  private:
    void ring() {
        const std::lock_guard lock(mutex_);
        rung_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable rung_;
    std::unique_ptr<ops::PosixHands> hands_;
    std::uint64_t next_ = 0;
};

void spawn_and_wait(std::size_t count) {
    for (std::size_t number = 0; number < count; ++number) {
        std::string program = "/bin/true";
        char* arguments[] = {program.data(), nullptr};
        ::pid_t pid = 0;
        RINGRIFT_CHECK(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ) ==
                       0);
        ::waitpid(pid, nullptr, 0);
    }
}

}  // namespace
}  // namespace ringrift

int main() {
    using namespace ringrift;
    const std::size_t count = bench::size(200, 5);
    bench::Table table("jobs of /bin/true");
    const double before =
        table.add("posix_spawn, one after the other", count, [&] { spawn_and_wait(count); });
    const tests::TemporaryFolder on_disk;
    {
        Jobs jobs(on_disk.path());
        table.add(
            "hands, on the disk", count, [&] { jobs.run(count); }, before / 2);
    }
    const double between = table.add("posix_spawn, again", count, [&] { spawn_and_wait(count); });
    const std::filesystem::path memory =
        "/dev/shm/ringrift-spawn-bench-" + std::to_string(::getpid());
    {
        Jobs jobs(memory);
        table.add(
            "hands, in memory", count, [&] { jobs.run(count); }, between / 2);
    }
    std::filesystem::remove_all(memory);
}
