#include "ops/api_watch.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "bus/json_text.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

enum class Seen { leader, refused, nothing };

constexpr std::size_t answer_bytes_max = 16 * 1024;

struct FreeAddresses {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses addresses_of(const std::string& host, int port) {
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const bool good = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) == 0;
    return Addresses(good ? found : nullptr);
}

bool becomes(int descriptor, short events, bus::Duration within) {
    pollfd waits = {.fd = descriptor, .events = events, .revents = 0};
    return poll(&waits, 1, static_cast<int>(within.count())) == 1;
}

/// 0 when connected, or why not.
int connect_within(int descriptor, const addrinfo& address, bus::Duration within) {
    if (connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!becomes(descriptor, POLLOUT, within)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

std::string answer_of(int descriptor) {
    const std::string request = "GET /ready HTTP/1.1\r\nHost: leader\r\nConnection: close\r\n\r\n";
    std::string answer;
    if (send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        return answer;
    char part[4096];
    while (answer.size() < answer_bytes_max && becomes(descriptor, POLLIN, ApiWatch::connect_max)) {
        const ssize_t count = recv(descriptor, part, sizeof part, 0);
        if (count <= 0) break;
        answer.append(part, static_cast<std::size_t>(count));
    }
    return answer;
}

/// All addresses of the host have to refuse.
Seen look_at(const std::string& host, int port, const bus::NodeId& leader) {
    const Addresses addresses = addresses_of(host, port);
    bool all_refuse = addresses != nullptr;
    for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
        const UniqueFd descriptor(
            socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const int error = connect_within(descriptor.get(), *at, ApiWatch::connect_max);
        all_refuse = all_refuse && error == ECONNREFUSED;
        if (error != 0) continue;
        std::string named = "\"node_id\":";
        bus::append_json_string(named, leader.value);
        return answer_of(descriptor.get()).find(named) != std::string::npos ? Seen::leader
                                                                            : Seen::nothing;
    }
    return all_refuse ? Seen::refused : Seen::nothing;
}

}  // namespace

ApiWatch::ApiWatch(std::function<void()> wake)
    : wake_(std::move(wake)), thread_([this](std::stop_token stop) { look(std::move(stop)); }) {}

ApiWatch::~ApiWatch() = default;

void ApiWatch::watch(const producers::Reign& reign, const std::string& host, int port) {
    const std::lock_guard lock(mutex_);
    const Address address = {.reign = reign, .host = host, .port = port};
    if (address == address_) return;
    address_ = address;
    is_confirmed_ = is_doubted_ = false;
    changed_.notify_one();
}

void ApiWatch::doubt() {
    const std::lock_guard lock(mutex_);
    is_doubted_ = true;
    changed_.notify_one();
}

std::vector<bus::Epoch> ApiWatch::take_ended() {
    const std::lock_guard lock(mutex_);
    return std::exchange(ended_, {});
}

void ApiWatch::look(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto has_work = [this] {
            const bool is_known = address_.port != 0 && !address_.reign.leader.empty();
            return is_known && (is_doubted_ || !is_confirmed_);
        };
        if (!changed_.wait(lock, stop, has_work)) return;
        const Address address = address_;
        is_doubted_ = false;
        lock.unlock();
        const Seen seen = look_at(address.host, address.port, address.reign.leader);
        lock.lock();
        if (address != address_) continue;
        if (seen == Seen::leader) is_confirmed_ = true;
        const bool is_said = !ended_.empty() && ended_.back() == address.reign.epoch;
        if (seen == Seen::refused && is_confirmed_ && !is_said) {
            ended_.push_back(address.reign.epoch);
            lock.unlock();
            if (wake_) wake_();
            lock.lock();
        }
        if (!is_confirmed_) changed_.wait_for(lock, stop, again_after, [] { return false; });
    }
}

}  // namespace ringrift::ops
