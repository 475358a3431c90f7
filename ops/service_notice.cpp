#include "ops/service_notice.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace ringrift::ops {
namespace {

std::string value_of(const std::map<std::string, std::string>& environment, const char* name) {
    const auto set = environment.find(name);
    return set == environment.end() ? std::string() : set->second;
}

std::int64_t number_in(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

ServiceNotice::ServiceNotice(const std::map<std::string, std::string>& environment)
    : socket_path_(value_of(environment, "NOTIFY_SOCKET")) {
    if (socket_path_.empty() || socket_path_.size() >= sizeof(sockaddr_un::sun_path)) return;
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const std::string meant_for = value_of(environment, "WATCHDOG_PID");
    if (!meant_for.empty() && number_in(meant_for) != getpid()) return;
    const std::chrono::microseconds interval(number_in(value_of(environment, "WATCHDOG_USEC")));
    beat_period_ = std::chrono::duration_cast<bus::Duration>(interval / 4);
}

ServiceNotice::~ServiceNotice() {
    if (socket_ >= 0) close(socket_);
}

bool ServiceNotice::wants_status(bus::Instant now) const {
    return socket_ >= 0 && now >= status_at_;
}

void ServiceNotice::turn(const ServiceState& state, bus::Instant now) {
    if (socket_ < 0) return;
    const bool joined = state.joined && !joined_said_;
    const bool stopping = state.stopping && !stopping_said_;
    const bool looked = wants_status(now);
    const bool status = looked && state.status != status_said_;
    const bool beat = beat_period_.count() > 0 && now >= beat_at_;
    std::string text;
    if (joined) text += "READY=1\n";
    if (stopping) text += "STOPPING=1\n";
    if (status) text += "STATUS=" + state.status + "\n";
    if (beat) text += "WATCHDOG=1\n";
    if (looked) status_at_ = now + status_period;
    if (text.empty() || !send(text)) return;
    joined_said_ = joined_said_ || joined;
    stopping_said_ = stopping_said_ || stopping;
    if (status) status_said_ = state.status;
    if (beat) beat_at_ = now + beat_period_;
}

bool ServiceNotice::send(const std::string& text) const {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // An abstract one.
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_path_.size());
    return sendto(socket_, text.data(), text.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), size) >= 0;
}

}  // namespace ringrift::ops
