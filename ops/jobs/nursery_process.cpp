#include "ops/jobs/nursery_process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ops/jobs/descriptor_letters.hpp"
#include "ops/jobs/process_table.hpp"
#include "ops/jobs/supervisor.hpp"

namespace ringrift::ops {
namespace {

class NurseryLoop {
  public:
    NurseryLoop(UniqueFd socket, UniqueFd signals, ProcessTitle& title)
        : socket_(std::move(socket)), signals_(std::move(signals)), title_(title) {}

    void run() {
        while (!is_over_) {
            std::array<pollfd, 2> watched = {
                {{signals_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
            ::poll(watched.data(), watched.size(), -1);
            if (watched[0].revents != 0) hear_signals();
            if (watched[1].revents != 0) hear_daemon();
        }
    }

  private:
    void hear_signals() {
        signalfd_siginfo heard = {};
        while (::read(signals_.get(), &heard, sizeof heard) == sizeof heard) {
            if (heard.ssi_signo == SIGTERM) is_over_ = true;
        }
        while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    }

    void hear_daemon() {
        const auto letter = receive_letter(socket_.get());
        if (!letter) return;
        if (letter->text.empty()) {
            is_over_ = true;
            return;
        }
        const ::pid_t pid = ::fork();
        if (pid == 0) be_supervisor(letter->text, letter->descriptor.get());
        answer(pid);
    }

    [[noreturn]] void be_supervisor(const std::string& folder, int lock) {
        socket_.reset();
        signals_.reset();
        title_.set(folder);
        ::_exit(static_cast<int>(supervise(folder, lock)));
    }

    // Only we reap it, so until then the pid is its own.
    void answer(::pid_t pid) {
        const int reason = errno;
        const UniqueFd handle(pid < 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        const std::string text = pid < 0 ? std::string("cannot fork: ") + std::strerror(reason)
                                         : std::string(born_word) + std::to_string(pid);
        // The daemon takes no more than it has asked for, so there is room unless it has ended.
        if (!send_letter(socket_.get(), text, handle.get())) is_over_ = true;
    }

    UniqueFd socket_;
    UniqueFd signals_;
    ProcessTitle& title_;
    bool is_over_ = false;
};

}  // namespace

int run_nursery(int socket, ProcessTitle& title) {
    ::setsid();  // So that Ctrl-C reaches the daemon only.
    sigset_t ours;
    ::sigemptyset(&ours);
    ::sigaddset(&ours, SIGTERM);
    ::sigaddset(&ours, SIGCHLD);
    ::sigprocmask(SIG_SETMASK, &ours, nullptr);
    for (const int ignored : {SIGHUP, SIGINT, SIGPIPE}) ::signal(ignored, SIG_IGN);
    title.set("nursery");
    std::ignore = boot_name();  // Read once for all supervisors.
    UniqueFd signals(::signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!signals) return static_cast<int>(SupervisorEnd::broken);
    NurseryLoop(UniqueFd(socket), std::move(signals), title).run();
    return 0;
}

}  // namespace ringrift::ops
