#include "ops/jobs/job_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "ops/argument_pointers.hpp"

namespace ringrift::ops {
namespace {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Pipe make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// When memory runs out, the kernel should end a job before the daemon.
void offer_to_out_of_memory_killer() {
    const UniqueFd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (file && ::write(file.get(), "500", 3) != 3) return;
}

// What the child must say when it fails: errno and at what.
struct LastWords {
    int reason = 0;
    enum Deed { working_folder, execute } deed = execute;
};

// In the child, until exec. Returns only when something failed.
LastWords become(const LaunchOrder& order, char* const* argv, char** environment, int output,
                 int errors, ::pid_t supervisor) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != supervisor) ::_exit(127);  // It died before we asked to die with it.
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(output, 1);
    ::dup2(errors, 2);
    const struct rlimit none = {0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    offer_to_out_of_memory_killer();
    reset_signals();
    if (::chdir(order.working_folder.c_str()) != 0) return {errno, LastWords::working_folder};
    environ = environment;
    ::execvp(argv[0], argv);
    return {errno, LastWords::execute};
}

SpawnProblem problem(const LaunchOrder& order, const LastWords& words) {
    const std::string reason = std::strerror(words.reason);
    if (words.deed == LastWords::working_folder) {
        return {"cannot change to the working folder " + order.working_folder + ": " + reason};
    }
    return {"cannot start the program " + order.argv[0] + ": " + reason};
}

}  // namespace

bus::Result<JobProgram, SpawnProblem> start_program(const LaunchOrder& order) {
    std::vector<std::string> arguments = order.argv;
    std::vector<std::string> assignments;
    for (const auto& [name, value] : order.environment) assignments.push_back(name + "=" + value);
    const std::vector<char*> argv = pointers_to(arguments);
    std::vector<char*> environment = pointers_to(assignments);
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    Pipe words = make_pipe();  // Closed by a successful exec, so that we know.
    if (!output.read || !errors.read || !words.read) return problem(order, {.reason = errno});

    const ::pid_t supervisor = ::getpid();
    const ::pid_t pid = ::fork();
    if (pid < 0) return problem(order, {.reason = errno});
    if (pid == 0) {
        const LastWords last = become(order, argv.data(), environment.data(), output.write.get(),
                                      errors.write.get(), supervisor);
        ::_exit(::write(words.write.get(), &last, sizeof last) == sizeof last ? 127 : 126);
    }
    ::setpgid(pid, pid);  // Both do it, so that it is done for whoever comes first.
    words.write.reset();
    LastWords last;
    const ssize_t heard = ::read(words.read.get(), &last, sizeof last);
    if (heard == sizeof last) {
        ::waitpid(pid, nullptr, 0);
        return problem(order, last);
    }
    ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);
    return JobProgram{pid, std::move(output.read), std::move(errors.read)};
}

}  // namespace ringrift::ops
