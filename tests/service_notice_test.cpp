#include "ops/service_notice.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

// What systemd hears of a node, on a socket such as it opens itself.

namespace ringrift::tests {
namespace {

using namespace std::chrono_literals;
using Environment = std::map<std::string, std::string>;

class Systemd {
  public:
    Systemd() {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        const std::string path = folder_ / "notify";
        std::memcpy(address.sun_path, path.data(), path.size());
        const int bound = bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        REQUIRE(bound == 0);
    }
    ~Systemd() { close(socket_); }

    Environment environment(Environment more = {}) const {
        more["NOTIFY_SOCKET"] = folder_ / "notify";
        return more;
    }
    /// The next datagram; empty when there is none.
    std::string heard() const {
        std::string text(4096, '\0');
        const ssize_t size = recv(socket_, text.data(), text.size(), 0);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return text;
    }

  private:
    TemporaryFolder folder_;
    int socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
};

constexpr bus::Instant start = bus::Instant(1h);

}  // namespace

TEST_CASE("a node that has not joined is not ready, and is ready once") {
    const Systemd systemd;
    ops::ServiceNotice notice(systemd.environment());
    notice.turn({.status = "waits"}, start);
    CHECK(systemd.heard() == "STATUS=waits\n");
    notice.turn({.joined = true, .status = "waits"}, start + 1ms);
    CHECK(systemd.heard() == "READY=1\n");
    notice.turn({.joined = true, .status = "waits"}, start + 2s);
    CHECK(systemd.heard().empty());
}

TEST_CASE("the status is said when it changes, and once a second at most") {
    const Systemd systemd;
    ops::ServiceNotice notice(systemd.environment());
    notice.turn({.status = "one"}, start);
    CHECK(systemd.heard() == "STATUS=one\n");
    CHECK_FALSE(notice.wants_status(start + 999ms));
    notice.turn({.status = "two"}, start + 999ms);
    CHECK(systemd.heard().empty());
    notice.turn({.status = "two"}, start + 1s);
    CHECK(systemd.heard() == "STATUS=two\n");
}

TEST_CASE("each turn may beat, four times an interval, and no turn is no beat") {
    const Systemd systemd;
    ops::ServiceNotice notice(systemd.environment({{"WATCHDOG_USEC", "4000000"}}));
    int beats = 0;
    for (bus::Instant now = start; now < start + 8s; now += 100ms) {
        notice.turn({}, now);
        if (systemd.heard().find("WATCHDOG=1\n") != std::string::npos) ++beats;
    }
    CHECK(beats == 8);
    CHECK(systemd.heard().empty());
}

TEST_CASE("a watchdog that is meant for another process is not fed") {
    const Systemd systemd;
    ops::ServiceNotice notice(
        systemd.environment({{"WATCHDOG_USEC", "4000000"}, {"WATCHDOG_PID", "1"}}));
    notice.turn({}, start);
    CHECK(systemd.heard().empty());
}

TEST_CASE("that the node stops is said once") {
    const Systemd systemd;
    ops::ServiceNotice notice(systemd.environment());
    notice.turn({.stopping = true}, start);
    notice.turn({.stopping = true}, start + 1s);
    CHECK(systemd.heard() == "STOPPING=1\n");
    CHECK(systemd.heard().empty());
}

TEST_CASE("a full queue holds nobody up, and what it did not take is said again") {
    const Systemd systemd;
    ops::ServiceNotice notice(systemd.environment());
    int taken = 0;
    bus::Instant now = start;
    for (; now < start + 2000s; now += 1s)
        notice.turn({.status = std::to_string(now.time_since_epoch().count())}, now);
    notice.turn({.joined = true}, now);  // Does not fit.
    while (!systemd.heard().empty()) ++taken;
    CHECK(taken < 2000);
    notice.turn({.joined = true}, now + 1ms);
    CHECK(systemd.heard() == "READY=1\n");
}

TEST_CASE("without systemd nothing is said") {
    ops::ServiceNotice notice({});
    CHECK_FALSE(notice.wants_status(start));
    notice.turn({.joined = true}, start);
}

}  // namespace ringrift::tests
