#include "ops/stop_signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>

#include "bus/check.hpp"

namespace ringrift::ops {

StopSignals::StopSignals() {
    sigset_t set = {};
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    wakes_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    RINGRIFT_CHECK(signals_ >= 0 && wakes_ >= 0);
}

StopSignals::~StopSignals() {
    close(signals_);
    close(wakes_);
}

void StopSignals::wait(bus::Duration at_most) {
    std::array<pollfd, 2> sources = {{{.fd = signals_, .events = POLLIN, .revents = 0},
                                      {.fd = wakes_, .events = POLLIN, .revents = 0}}};
    poll(sources.data(), sources.size(), static_cast<int>(at_most.count()));
    signalfd_siginfo signal = {};
    while (read(signals_, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        if (signal.ssi_signo == SIGUSR2) {
            handing_over_ = true;
            continue;
        }
        ++count_;
        last_ = signal.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM";
    }
    std::uint64_t wakes = 0;
    while (read(wakes_, &wakes, sizeof wakes) > 0) continue;
}

void StopSignals::wake() const {
    const std::uint64_t one = 1;
    // A full counter means that the thread is already going to wake: nothing is lost.
    if (write(wakes_, &one, sizeof one) < 0) return;
}

}  // namespace ringrift::ops
