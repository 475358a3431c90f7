#include "ops/jobs/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <tuple>

#include "ops/jobs/bounded_log.hpp"
#include "ops/jobs/durable_file.hpp"
#include "ops/jobs/exit_slip.hpp"
#include "ops/jobs/job_files.hpp"
#include "ops/jobs/job_limits.hpp"
#include "ops/jobs/job_program.hpp"
#include "ops/jobs/process_table.hpp"
#include "ops/jobs/progress_lines.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds measure_period(250);
constexpr milliseconds measure_period_near_limit(50);  // Memory grows fast, output as well.
constexpr milliseconds first_status_after(20);         // Most of what fails at once needs none.
constexpr milliseconds status_period(500);             // When there is progress,
constexpr milliseconds idle_status_period(5000);       // and when only the measures change.
constexpr std::size_t sentence_bytes_max = 1000;       // Leaves room in the exit slip when escaped.
constexpr int output_every_measures = 2;  // Walking a folder is dearer than reading /proc.
constexpr std::size_t read_bytes_max = 64 * 1024;
constexpr int reads_per_turn_max =
    16;  // So that a talkative program cannot keep us from stopping it.

// What the program has printed on one stream.
struct Stream {
    UniqueFd pipe;
    BoundedLog log;
    bool is_output = false;
};

// Where the daemon looks for it, and where a person does when there is no room for that.
SupervisorEnd broken(const std::filesystem::path& folder, const std::string& sentence) {
    std::fprintf(stderr, "%s: %s\n", folder.c_str(), sentence.c_str());
    std::ignore = write_whole(folder / "supervisor.log", sentence + "\n");
    return SupervisorEnd::broken;
}

class Supervision {
  public:
    Supervision(std::filesystem::path folder, LaunchOrder order, UniqueFd signals, ExitSlip slip);

    /// From before the start of the program until `exit` is written.
    SupervisorEnd run();

  private:
    struct Ending {
        EndCause cause = EndCause::ended;
        std::string sentence = {};
        SteadyClock::time_point kill_at = {};
    };

    bool start();
    void turn();
    milliseconds until_next_turn() const;
    void hear_signals();
    void reap();
    void measure();
    void end(EndCause cause, std::string sentence, milliseconds grace);
    void pump(Stream& stream);
    void tell_status();
    void send_all(int number);
    SupervisorEnd finish();

    const std::filesystem::path folder_;
    const LaunchOrder order_;
    UniqueFd signals_;
    ExitSlip slip_;
    std::array<Stream, 2> streams_;
    ProgressLines progress_;
    std::optional<Ending> ending_;
    JobStatus status_;
    JobStatus told_;
    JobExit exit_;
    JobUse use_;
    SteadyClock::time_point started_ = SteadyClock::now();
    SteadyClock::time_point measured_ = started_;
    SteadyClock::time_point told_at_ = started_;
    std::int64_t measures_ = 0;
    bool program_ended_ = false;
    bool none_left_ = false;  ///< No child, so no descendant, is left.
};

Supervision::Supervision(std::filesystem::path folder, LaunchOrder order, UniqueFd signals,
                         ExitSlip slip)
    : folder_(std::move(folder)),
      order_(std::move(order)),
      signals_(std::move(signals)),
      slip_(std::move(slip)),
      streams_{Stream{{}, BoundedLog(folder_, "stdout"), true},
               Stream{{}, BoundedLog(folder_, "stderr"), false}} {}

SupervisorEnd Supervision::run() {
    if (start()) {
        while (!none_left_) turn();
        for (Stream& stream : streams_) pump(stream);  // What they said with their last breath.
        if (exit_.cause == EndCause::ended && !ending_) {
            use_.output_bytes = bytes_below(folder_ / "output", order_.output_bytes_max);
            use_.disk_free_bytes = -1;
            if (const auto limit = exceeded(order_, use_)) {
                exit_.cause = limit->cause;
                exit_.sentence = limit->sentence;
            }
        }
    }
    return finish();
}

bool Supervision::start() {
    using std::chrono::system_clock;
    const auto now = std::chrono::time_point_cast<milliseconds>(system_clock::now());
    exit_.started_at_ms = now.time_since_epoch().count();
    started_ = SteadyClock::now();
    auto program = start_program(order_);
    if (!program) {
        exit_.cause = EndCause::spawn_failed;
        exit_.sentence = program.error().sentence;
        return false;
    }
    status_.program_pid = program->pid;
    exit_.program_pid = program->pid;
    streams_[0].pipe = std::move(program->standard_output);
    streams_[1].pipe = std::move(program->standard_error);
    return true;
}

void Supervision::turn() {
    std::array<pollfd, 3> watched = {{{signals_.get(), POLLIN, 0},
                                      {streams_[0].pipe.get(), POLLIN, 0},
                                      {streams_[1].pipe.get(), POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), static_cast<int>(until_next_turn().count()));
    if (watched[1].revents != 0) pump(streams_[0]);
    if (watched[2].revents != 0) pump(streams_[1]);
    if (watched[0].revents != 0) hear_signals();
    const auto now = SteadyClock::now();
    if (!program_ended_ && !ending_) measure();
    if (ending_ && !program_ended_ && now >= ending_->kill_at) send_all(SIGKILL);
    // Whoever is left over is ended again at each turn: one may have forked meanwhile.
    if (program_ended_ && !none_left_) send_all(SIGKILL);
    if (program_ended_) reap();
    const auto pause = told_.program_pid == 0       ? first_status_after
                       : status_.said != told_.said ? status_period
                                                    : idle_status_period;
    if (status_ != told_ && now - told_at_ >= pause) tell_status();
}

milliseconds Supervision::until_next_turn() const {
    const bool near_limit =
        (order_.memory_bytes_max > 0 && use_.memory_bytes > order_.memory_bytes_max / 2) ||
        (order_.output_bytes_max > 0 && use_.output_bytes > order_.output_bytes_max / 2);
    const bool killing = program_ended_ || (ending_ && SteadyClock::now() >= ending_->kill_at);
    if (near_limit || killing || ending_) return measure_period_near_limit;
    return told_.program_pid == 0 ? first_status_after : measure_period;
}

void Supervision::hear_signals() {
    signalfd_siginfo heard = {};
    while (::read(signals_.get(), &heard, sizeof heard) == sizeof heard) {
        if (heard.ssi_signo == SIGTERM && !program_ended_) {
            end(EndCause::stopped, "it was asked to stop", order_.stop_grace);
        }
    }
    reap();
}

void Supervision::reap() {
    int how = 0;
    ::pid_t pid = 0;
    while ((pid = ::waitpid(-1, &how, WNOHANG)) > 0) {
        if (pid != status_.program_pid) continue;
        program_ended_ = true;
        exit_.run_ms =
            std::chrono::duration_cast<milliseconds>(SteadyClock::now() - started_).count();
        if (WIFEXITED(how)) exit_.exit_code = WEXITSTATUS(how);
        if (WIFSIGNALED(how)) exit_.signal = WTERMSIG(how);
        if (ending_) exit_.cause = ending_->cause;
        if (ending_) exit_.sentence = ending_->sentence;
    }
    none_left_ = pid < 0 && errno == ECHILD;
}

void Supervision::measure() {
    const auto now = SteadyClock::now();
    use_.run = std::chrono::duration_cast<milliseconds>(now - started_);
    use_.printed_bytes = status_.printed_bytes;
    if (now - measured_ >= until_next_turn()) {
        measured_ = now;
        use_.memory_bytes = memory_of_descendants(::getpid(), order_.memory_bytes_max);
        exit_.memory_peak_bytes = std::max(exit_.memory_peak_bytes, use_.memory_bytes);
        status_.memory_bytes = use_.memory_bytes;
        if (measures_++ % output_every_measures == 0) {
            use_.output_bytes = bytes_below(folder_ / "output", order_.output_bytes_max);
            use_.disk_free_bytes = disk_free_bytes(folder_);
        }
    }
    const auto limit = exceeded(order_, use_);
    if (!limit) return;
    // Who fills memory or disk harms its neighbours while it tidies up; who is late does not.
    const bool in_time = limit->cause == EndCause::timeout;
    end(limit->cause, limit->sentence, in_time ? order_.stop_grace : milliseconds(0));
}

void Supervision::end(EndCause cause, std::string sentence, milliseconds grace) {
    if (ending_) return;
    ending_ = Ending{cause, std::move(sentence), SteadyClock::now() + grace};
    send_all(grace.count() > 0 ? SIGTERM : SIGKILL);
}

void Supervision::pump(Stream& stream) {
    std::array<char, read_bytes_max> buffer;
    for (int reads = 0; stream.pipe && reads < reads_per_turn_max; ++reads) {
        const ssize_t got = ::read(stream.pipe.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return stream.pipe.reset();
        const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
        status_.printed_bytes += got;
        stream.log.write(text);
        if (!stream.is_output) continue;
        progress_.feed(text);
        if (status_.said != progress_.said()) status_.said = progress_.said();
    }
}

void Supervision::tell_status() {
    told_at_ = SteadyClock::now();
    // A full disk must not end a job that does not need it; the next turn tries again.
    if (write_whole(folder_ / "status", to_text(status_))) told_ = status_;
}

void Supervision::send_all(int number) {
    // A group dies as one; but a SIGTERM that comes twice may mean "do not tidy up".
    if (number == SIGKILL && !program_ended_) {
        ::kill(-static_cast<::pid_t>(status_.program_pid), SIGKILL);
    }
    for (const std::int64_t pid : descendants_of(::getpid())) {
        ::kill(static_cast<::pid_t>(pid), number);
    }
}

SupervisorEnd Supervision::finish() {
    exit_.printed_bytes = status_.printed_bytes;
    exit_.sentence.resize(std::min(exit_.sentence.size(), sentence_bytes_max));
    const auto written = slip_.hand_in(to_text(exit_));
    if (written) return SupervisorEnd::done;
    return broken(folder_, written.error().sentence);
}

// Locked, and still the lock of this folder: it may have been put away while we came.
bool holds_lock(const std::filesystem::path& folder, int lock) {
    struct stat held = {};
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0 || ::fstat(lock, &held) != 0) return false;
    return std::ranges::any_of(lock_names, [&](const char* name) {
        struct stat named = {};
        return ::stat((folder / name).c_str(), &named) == 0 && held.st_ino == named.st_ino &&
               held.st_dev == named.st_dev;
    });
}

bool supervised_before(const std::filesystem::path& folder) {
    std::error_code ignored;
    return std::filesystem::exists(folder / "supervisor", ignored) ||
           std::filesystem::exists(folder / "exit", ignored);
}

UniqueFd blocked_signals() {
    sigset_t ours;
    ::sigemptyset(&ours);
    ::sigaddset(&ours, SIGTERM);
    ::sigaddset(&ours, SIGCHLD);
    ::sigprocmask(SIG_SETMASK, &ours, nullptr);
    for (const int ignored : {SIGHUP, SIGINT, SIGPIPE, SIGXFSZ}) ::signal(ignored, SIG_IGN);
    return UniqueFd(::signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC));
}

}  // namespace

SupervisorEnd supervise(const std::filesystem::path& folder, int lock) {
    UniqueFd signals = blocked_signals();
    const UniqueFd held(lock >= 0 ? lock : ::open((folder / "order").c_str(), O_RDWR | O_CLOEXEC));
    if (!held || !holds_lock(folder, held.get()) || supervised_before(folder)) {
        return SupervisorEnd::held;
    }
    ::fcntl(held.get(), F_SETFD, FD_CLOEXEC);  // The lock is ours, not the program's.
    auto order = read_order(folder);
    if (!order) return SupervisorEnd::no_folder;
    ::setsid();
    if (!signals || ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        return broken(folder, "cannot become a subreaper with a signalfd");
    }
    const auto self = identity_of(::getpid());
    if (!self) return broken(folder, "cannot read /proc/self/stat");
    auto slip = ExitSlip::reserve(folder, *self);
    if (!slip) return broken(folder, slip.error().sentence);
    return Supervision(folder, std::move(*order), std::move(signals), std::move(*slip)).run();
}

}  // namespace ringrift::ops
