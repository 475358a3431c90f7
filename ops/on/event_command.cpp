#include "ops/on/event_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "bus/unique_fd.hpp"
#include "ops/argument_pointers.hpp"
#include "ops/quantities.hpp"

namespace ringrift::ops::on {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto look_period = std::chrono::milliseconds(100);

std::string program_in_path(const std::string& word) {
    if (word.find('/') != std::string::npos) return access(word.c_str(), X_OK) == 0 ? word : "";
    const char* path = std::getenv("PATH");
    const std::string folders = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    for (std::size_t from = 0; from <= folders.size();) {
        const std::size_t to = std::min(folders.find(':', from), folders.size());
        const std::string program = folders.substr(from, to - from) + "/" + word;
        if (access(program.c_str(), X_OK) == 0) return program;
        from = to + 1;
    }
    return {};
}

/// A file in memory that holds the line, at its beginning: no command can block us by not reading.
bus::UniqueFd input_of(const std::string& line) {
    bus::UniqueFd file(memfd_create("ringrift-event", MFD_CLOEXEC));
    const std::string text = line + "\n";
    std::size_t written = 0;
    while (file && written < text.size()) {
        const ssize_t count = write(file.get(), text.data() + written, text.size() - written);
        if (count <= 0) return {};
        written += static_cast<std::size_t>(count);
    }
    if (file) lseek(file.get(), 0, SEEK_SET);
    return file;
}

struct Spawn {
    std::string program = {};
    std::vector<char*> arguments = {};
    std::vector<char*> environment = {};
    int input = -1;
    int errors = -1;  ///< Where its standard error goes.
    int report = -1;  ///< Where it says that it could not start: errno.
};

/// In the child: only what is safe after fork.
[[noreturn]] void become(const Spawn& spawn, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    dup2(spawn.input, STDIN_FILENO);
    dup2(spawn.errors, STDERR_FILENO);
    execve(spawn.program.c_str(), spawn.arguments.data(), spawn.environment.data());
    const int why = errno;
    static_cast<void>(!write(spawn.report, &why, sizeof why));
    _exit(127);
}

/// Passes on what came and keeps the end of it. False at its end.
bool pass_on(int from, std::string& kept) {
    char buffer[4096];
    const ssize_t count = read(from, buffer, sizeof buffer);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    static_cast<void>(!write(STDERR_FILENO, buffer, static_cast<std::size_t>(count)));
    kept.append(buffer, static_cast<std::size_t>(count));
    if (kept.size() > output_kept_max) kept.erase(0, kept.size() - output_kept_max);
    return true;
}

std::string ended_how(int status) {
    if (WIFSIGNALED(status)) {
        return std::string("it was ended by signal ") + strsignal(WTERMSIG(status));
    }
    return "it ended with code " + std::to_string(WEXITSTATUS(status));
}

/// Waits for the command, with its time and our being told to stop.
class Watch {
  public:
    Watch(pid_t pid, int errors, bus::Duration time_max)
        : pid_(pid), errors_(errors), time_max_(time_max) {}

    CommandOutcome wait(const std::function<bool()>& look) {
        const auto start = Clock::now();
        int status = 0;
        while (waitpid(pid_, &status, WNOHANG) != pid_) {
            pollfd source = {.fd = open_ ? errors_ : -1, .events = POLLIN, .revents = 0};
            poll(&source, 1, static_cast<int>(look_period.count()));
            if (source.revents != 0) open_ = pass_on(errors_, outcome_.output);
            const auto now = Clock::now();
            const bool told = look();
            if (!end_by_ && told) end(CommandOutcome::Kind::stopped, "it was stopped", now);
            if (!end_by_ && now - start >= time_max_) {
                end(CommandOutcome::Kind::failed,
                    "its time of " + to_text(time_max_) + " was up (--timeout)", now);
            }
            if (end_by_ && now >= *end_by_) kill(-pid_, SIGKILL);
        }
        kill(-pid_, SIGKILL);  // Whoever it left behind in its group.
        pollfd source = {.fd = errors_, .events = POLLIN, .revents = 0};
        while (open_ && poll(&source, 1, 0) > 0) open_ = pass_on(errors_, outcome_.output);
        const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (good && (!end_by_ || outcome_.kind == CommandOutcome::Kind::stopped)) {
            return {.kind = CommandOutcome::Kind::done, .output = std::move(outcome_.output)};
        }
        if (!end_by_) outcome_.why = ended_how(status);
        return std::move(outcome_);
    }

  private:
    void end(CommandOutcome::Kind kind, std::string why, Clock::time_point now) {
        outcome_.kind = kind;
        outcome_.why = std::move(why);
        end_by_ = now + end_grace;
        kill(-pid_, SIGTERM);
    }

    const pid_t pid_;
    const int errors_;
    const bus::Duration time_max_;
    bool open_ = true;
    std::optional<Clock::time_point> end_by_ = {};
    CommandOutcome outcome_ = {};
};

CommandOutcome cannot_start(const std::string& program, int error) {
    return {.kind = CommandOutcome::Kind::cannot_start,
            .why = program + " cannot be run: " + std::strerror(error)};
}

}  // namespace

std::string EventCommand::problem() const {
    if (words_.empty()) return "name the command behind --, e.g. -- ./announce.sh";
    if (!program_in_path(words_.front()).empty()) return {};
    return "the command '" + words_.front() + "' cannot be found or may not be run; see PATH";
}

CommandOutcome EventCommand::run(const std::string& line, const Environment& environment,
                                 const std::function<bool()>& look) const {
    const std::string program = program_in_path(words_.front());
    if (program.empty()) return cannot_start(words_.front(), ENOENT);
    std::vector<std::string> arguments = words_;
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    const bus::UniqueFd input = input_of(line);
    int errors[2] = {-1, -1};
    int report[2] = {-1, -1};
    if (!input || pipe2(errors, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        return {.kind = CommandOutcome::Kind::failed,
                .why = std::string("the system gives no pipe: ") + std::strerror(errno)};
    }
    const bus::UniqueFd errors_in(errors[0]), report_in(report[0]);
    bus::UniqueFd errors_out(errors[1]), report_out(report[1]);
    const Spawn spawn = {.program = program,
                         .arguments = pointers_to(arguments),
                         .environment = pointers_to(variables),
                         .input = input.get(),
                         .errors = errors_out.get(),
                         .report = report_out.get()};
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) become(spawn, parent);
    if (pid < 0) {
        return {.kind = CommandOutcome::Kind::failed,
                .why = std::string("the system starts no process: ") + std::strerror(errno)};
    }
    setpgid(pid, pid);
    errors_out.reset();
    report_out.reset();
    int why = 0;
    if (read(report_in.get(), &why, sizeof why) == static_cast<ssize_t>(sizeof why)) {
        waitpid(pid, nullptr, 0);
        return cannot_start(program, why);
    }
    fcntl(errors_in.get(), F_SETFL, O_NONBLOCK);
    return Watch(pid, errors_in.get(), time_max_).wait(look);
}

}  // namespace ringrift::ops::on
