#pragma once

// Tells which of the watched processes have ended (epoll on their pidfds), however many there are.
//
// Keyed by the job that a process supervises. Belongs to one thread.

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

#include "consumers/hands.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

class EndWatch {
  public:
    EndWatch() : ends_(::epoll_create1(EPOLL_CLOEXEC)) {}

    /// Readable when one has ended.
    int descriptor() const { return ends_.get(); }

    /// False when the kernel has no room for it.
    [[nodiscard]] bool add(const consumers::JobId& job, const UniqueFd& process) {
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.fd = process.get();
        if (::epoll_ctl(ends_.get(), EPOLL_CTL_ADD, process.get(), &event) != 0) return false;
        jobs_[process.get()] = job;
        return true;
    }

    /// Before the descriptor is closed: its number may be another's soon.
    void remove(const UniqueFd& process) {
        if (jobs_.erase(process.get()) == 0) return;
        ::epoll_ctl(ends_.get(), EPOLL_CTL_DEL, process.get(), nullptr);
    }

    /// At most `at_once_max`, and again until they are removed.
    std::vector<consumers::JobId> ended() const {
        std::array<epoll_event, at_once_max> events;
        const auto count = static_cast<std::size_t>(
            std::max(::epoll_wait(ends_.get(), events.data(), at_once_max, 0), 0));
        std::vector<consumers::JobId> found;
        found.reserve(count);
        for (const epoll_event& event : std::span(events).first(count)) {
            found.push_back(jobs_.at(event.data.fd));
        }
        return found;
    }

  private:
    static constexpr int at_once_max = 64;

    UniqueFd ends_;
    std::map<int, consumers::JobId> jobs_;
};

}  // namespace ringrift::ops
