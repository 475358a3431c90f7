// Proof of a leader's end: only from where the leader itself has answered, and only a refusal.

#include "ops/api_watch.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <poll.h>
#include <atomic>
#include <string>
#include <thread>

#include "tests/catch.hpp"

using namespace ringrift;
using namespace std::chrono_literals;
using ops::ApiWatch;

namespace {

/// Listens on a free port of 127.0.0.1 and says that it is `node`; or says nothing.
class Api {
  public:
    explicit Api(std::string node) : node_(std::move(node)) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(listen(listener_, 8) == 0);
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    ~Api() {
        thread_.request_stop();
        thread_.join();
        close(listener_);
    }
    int port = 0;
    std::atomic<int> answered = 0;

  private:
    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd waits = {.fd = listener_, .events = POLLIN, .revents = 0};
            if (poll(&waits, 1, 10) != 1) continue;
            const int caller = accept(listener_, nullptr, nullptr);
            char request[1024];
            const auto read = recv(caller, request, sizeof request, 0);
            const std::string answer =
                "HTTP/1.1 200 OK\r\n\r\n{\"ready\":true,\"node_id\":\"" + node_ + "\"}";
            if (read > 0 && send(caller, answer.data(), answer.size(), MSG_NOSIGNAL) > 0)
                ++answered;
            close(caller);
        }
    }
    const std::string node_;
    int listener_ = -1;
    std::jthread thread_;
};

template <class Holds>
bool await(const Holds& holds, std::chrono::milliseconds within = 10s) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        poll(nullptr, 0, 2);
    }
    return true;
}

const producers::Reign reign = {.epoch = 7, .leader = {"v1"}};

/// What it proves while it is asked again and again, for a while.
std::vector<bus::Epoch> proved(ApiWatch& watch, std::chrono::milliseconds within) {
    std::vector<bus::Epoch> ended;
    const bool found = await(
        [&] {
            watch.doubt();
            ended = watch.take_ended();
            return !ended.empty();
        },
        within);
    CHECK(found == !ended.empty());
    return ended;
}

}  // namespace

TEST_CASE("a port that refuses where the leader has answered proves its end") {
    std::atomic<int> woken = 0;
    ApiWatch watch([&] { ++woken; });
    int port = 0;
    {
        Api api("v1");
        port = api.port;
        watch.watch(reign, "127.0.0.1", port);
        REQUIRE(await([&] { return api.answered > 0; }));
        watch.watch(reign, "127.0.0.1", port);
        watch.doubt();
        REQUIRE(await([&] { return api.answered > 1; }));
        CHECK(watch.take_ended().empty());
    }
    CHECK(proved(watch, 10s) == std::vector<bus::Epoch>{7});
    CHECK(woken > 0);
}

TEST_CASE("a port that never answered as the leader proves nothing when it refuses") {
    ApiWatch watch({});
    int port = 0;
    {
        Api api("somebody-else");
        port = api.port;
        watch.watch(reign, "127.0.0.1", port);
        REQUIRE(await([&] { return api.answered > 0; }));
    }
    CHECK(proved(watch, 300ms).empty());
}

TEST_CASE("another reign has to be confirmed anew") {
    ApiWatch watch({});
    int port = 0;
    {
        Api api("v1");
        port = api.port;
        watch.watch(reign, "127.0.0.1", port);
        REQUIRE(await([&] { return api.answered > 0; }));
        watch.doubt();
        REQUIRE(await([&] { return api.answered > 1; }));
    }
    watch.watch({.epoch = 8, .leader = {"v1"}}, "127.0.0.1", port);
    CHECK(proved(watch, 300ms).empty());
}

TEST_CASE("an address that is none harms nobody") {
    ApiWatch watch({});
    watch.watch(reign, "no.such.host.invalid", 1);
    watch.doubt();
    watch.watch(reign, "", 0);
    CHECK(proved(watch, 100ms).empty());
}
