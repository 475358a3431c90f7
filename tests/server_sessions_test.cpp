// Whose turn it is at a file server, and what one who asks too much, or does not read, can do.

#include "bus/transfer/server_sessions.hpp"

#include "tests/catch.hpp"

using namespace ringrift::bus;
using namespace std::chrono_literals;

namespace {

const MonotonicTime start = MonotonicTime(1h);

Frame pull(std::uint64_t request) {
    return {.kind = FrameKind::pull, .request = request, .length = 1};
}
Caller caller(const std::string& peer) {
    return {.peer = peer};
}

/// Who is served in so many turns, each taken at once.
std::string turns(ServerSessions& sessions, int count) {
    std::string order;
    for (int n = 0; n < count; ++n) {
        const auto turn = sessions.next(start);
        if (!turn) return order + ".";
        order += turn->caller.peer;
        sessions.taken(turn->session);
    }
    return order;
}

}  // namespace

TEST_CASE("sessions take turns, however much one asks") {
    ServerSessions sessions;
    for (std::uint64_t n = 0; n < 4; ++n) CHECK(sessions.add(caller("a"), pull(n), start));
    CHECK(sessions.add(caller("b"), pull(0), start));
    CHECK(sessions.add(caller("c"), pull(0), start));
    CHECK(sessions.add(caller("c"), pull(1), start));
    CHECK(turns(sessions, 8) == "abcacaa.");
}

TEST_CASE("asks of one session are served in their order") {
    ServerSessions sessions;
    for (std::uint64_t n = 1; n <= 3; ++n) CHECK(sessions.add(caller("a"), pull(n), start));
    for (std::uint64_t n = 1; n <= 3; ++n) CHECK(sessions.next(start)->ask.request == n);
}

TEST_CASE("who does not take what it is given gets no more, and others do") {
    ServerSessions sessions({.untaken_max = 2});
    for (std::uint64_t n = 0; n < 5; ++n) CHECK(sessions.add(caller("a"), pull(n), start));
    const auto first = sessions.next(start);
    const auto second = sessions.next(start);
    REQUIRE(second);
    CHECK_FALSE(sessions.next(start));
    CHECK_FALSE(sessions.anybody_waits());
    CHECK(sessions.add(caller("b"), pull(0), start));
    CHECK(sessions.anybody_waits());
    CHECK(turns(sessions, 2) == "b.");
    sessions.taken(first->session);
    CHECK(sessions.next(start)->caller == caller("a"));
}

TEST_CASE("sessions and the asks of each are bounded; who is idle makes room") {
    ServerSessions sessions({.sessions_max = 2, .waiting_max = 1, .idle_max = 10s});
    CHECK(sessions.add(caller("a"), pull(0), start));
    CHECK_FALSE(sessions.add(caller("a"), pull(1), start));
    CHECK(sessions.add(caller("b"), pull(0), start));
    CHECK_FALSE(sessions.add(caller("c"), pull(0), start));
    CHECK(turns(sessions, 1) == "a");
    CHECK(sessions.look_after(start + 11s).size() == 1);  // b waits and stays.
    CHECK(sessions.count() == 1);
    CHECK(sessions.add(caller("c"), pull(0), start + 11s));
}

TEST_CASE("who has been given all that it asked gives way to a new one, longest at rest first") {
    ServerSessions sessions({.sessions_max = 2});
    CHECK(sessions.add(caller("a"), pull(0), start));
    CHECK(sessions.add(caller("b"), pull(0), start + 1s));
    CHECK(turns(sessions, 2) == "ab");
    CHECK(sessions.add(caller("b"), pull(1), start + 2s));
    CHECK(sessions.add(caller("c"), pull(0), start + 2s));  // In the place of a.
    CHECK_FALSE(sessions.add(caller("a"), pull(1), start + 2s));
    CHECK(turns(sessions, 3) == "cb.");
    for (int n = 0; n < 500; ++n)
        CHECK((sessions.add(caller(std::to_string(n)), pull(0), start + 3s) &&
               turns(sessions, 1) != "."));
}

TEST_CASE("who waits long hears now and then that we live") {
    ServerSessions sessions({.sign_of_life = 2s});
    CHECK(sessions.add(caller("a"), pull(7), start));
    CHECK(sessions.look_after(start + 1s).empty());
    const auto told = sessions.look_after(start + 2s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].ask.request == 7);
    CHECK(sessions.look_after(start + 3s).empty());
    CHECK(sessions.look_after(start + 4s).size() == 1);
}

TEST_CASE("a cap lets through what it says in the long run, and a short burst") {
    TokenBucket bucket(1000);
    std::int64_t sent = 0;
    for (MonotonicTime now = start; now < start + 10s; now += 1ms) {
        if (bucket.wait(now) > 0ms) continue;
        bucket.take(300);
        sent += 300;
    }
    CHECK(sent >= 9'700);
    CHECK(sent <= 10'600);
}

TEST_CASE("a cap says how long to wait, and can be lifted") {
    TokenBucket bucket(1000);
    CHECK(bucket.wait(start) == 0ms);
    bucket.take(1000);
    const auto wait = bucket.wait(start);
    CHECK(wait > 900ms);
    CHECK(bucket.wait(start + wait) == 0ms);
    bucket.set(0);
    CHECK(bucket.wait(start) == 0ms);
}
