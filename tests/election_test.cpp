// One voter by itself: whom it follows, for whom it votes, and what it must have kept before it
// says so. What several of them make of it: election_transcripts_test and election_property_test.

#include "producers/election.hpp"

#include "producers/election_pace.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::producers;
using namespace std::chrono_literals;
using bus::NodeId;

namespace {

const NodeId self = {"v1"}, two = {"v2"}, three = {"v3"};
const ElectionTimes times;

/// Voter v1 of three, told what happens.
struct Voter {
    bus::Instant now = bus::Instant(100h);
    LogSight log = {};
    Election election;

    explicit Voter(Ballot remembered = {}, LogSight sight = {})
        : log(std::move(sight)),
          election({.self = self, .founders = {self, two, three}}, std::move(remembered), now) {
        election.see(log, now);
    }
    ElectionEffects hear(const NodeId& from, bus::Message message) {
        election.hear({.from = from, .to = self, .message = std::move(message)}, now);
        ElectionEffects effects = election.take();
        election.saved();
        return effects;
    }
    bool follows(const NodeId& leader, bus::Epoch epoch) {
        const auto effects = hear(leader, bus::Beacon{.epoch = epoch, .sent_ms = 7ms});
        const auto& reply = std::get<bus::BeaconReply>(effects.letters.back().message);
        CHECK(effects.letters.back().to == leader);
        CHECK(reply.epoch == epoch);
        CHECK(reply.sent_ms == 7ms);
        return reply.granted;
    }
    bool votes(const NodeId& candidate, bus::Epoch epoch, std::int64_t round, bool trial = false) {
        const auto effects =
            hear(candidate, bus::VoteRequest{.trial = trial, .epoch = epoch, .round = round});
        const auto& reply = std::get<bus::VoteReply>(effects.letters.back().message);
        CHECK(reply.granted == reply.reason.empty());
        return reply.granted;
    }
    void sees_reign(bus::Epoch epoch, const NodeId& leader) {
        log.epoch = epoch;
        log.leader = leader;
        election.see(log, now);
    }
};

}  // namespace

TEST_CASE("a voter follows one leader at a time, for as long as it has promised") {
    Voter voter;
    CHECK(voter.follows(two, 1));
    CHECK(voter.election.heard_leader(voter.now) == two);
    CHECK_FALSE(voter.follows(three, 2));
    voter.now += times.promise - 1ms;
    CHECK_FALSE(voter.follows(three, 2));
    voter.now += 1ms;
    CHECK(voter.follows(three, 2));
    CHECK(voter.election.heard_leader(voter.now) == three);
}

TEST_CASE("whom it no longer follows it never follows again") {
    Voter voter;
    CHECK(voter.follows(two, 1));
    voter.now += times.promise;
    CHECK(voter.follows(three, 2));
    voter.now += times.promise;
    CHECK_FALSE(voter.follows(two, 1));
    voter.sees_reign(3, two);
    CHECK_FALSE(voter.follows(three, 2));
}

TEST_CASE("the leader's word that its reign is over frees the voter, the end of another does not") {
    for (const bus::Epoch ended : {bus::Epoch(1), bus::Epoch(2)}) {
        Voter voter;
        CHECK(voter.follows(two, 1));
        voter.hear(three, bus::Resignation{.epoch = ended});
        CHECK(voter.follows(two, 1) == (ended != 1));
        CHECK(voter.follows(three, 3) == (ended == 1));
    }
}

TEST_CASE("proof that the leader's process has ended frees the voter, silence does not") {
    Voter voter;
    CHECK(voter.follows(two, 1));
    CHECK_FALSE(voter.election.doubted(voter.now));
    voter.now += times.doubt;
    REQUIRE(voter.election.doubted(voter.now));
    CHECK(*voter.election.doubted(voter.now) == Reign{.epoch = 1, .leader = two});
    CHECK_FALSE(voter.votes(three, 2, 1));
    voter.election.gone(1, voter.now);
    CHECK(voter.votes(three, 2, 1));
}

TEST_CASE("whom and for what it voted is kept before anybody hears of it") {
    Voter voter;
    const auto effects = voter.hear(two, bus::VoteRequest{.epoch = 1, .round = 4});
    REQUIRE(effects.save);
    CHECK(*effects.save == Ballot{.epoch = 1, .round = 4, .candidate = two});
    CHECK(effects.letters.size() == 1);
    const auto followed = voter.hear(two, bus::Beacon{.epoch = 1});
    REQUIRE(followed.save);
    CHECK(followed.save->follows == two);
    CHECK_FALSE(voter.hear(two, bus::Beacon{.epoch = 1}).save);
}

TEST_CASE("nothing leaves while what it rests on cannot be kept") {
    Voter voter;
    voter.election.hear(
        {.from = two, .to = self, .message = bus::VoteRequest{.epoch = 1, .round = 1}}, voter.now);
    CHECK(voter.election.take().save);
    voter.election.not_saved("the disk is full", voter.now);
    voter.election.hear({.from = two, .to = self, .message = bus::Beacon{.epoch = 1}}, voter.now);
    CHECK(voter.election.take().empty());
    voter.now += times.append;
    voter.election.tick(voter.now);
    CHECK(voter.election.take().save);
}

TEST_CASE("one vote in a round, also after a restart; the same one may be said twice") {
    Voter voter;
    CHECK(voter.votes(two, 1, 1));
    CHECK(voter.votes(two, 1, 1));
    CHECK_FALSE(voter.votes(three, 1, 1));
    Voter restarted({.epoch = 1, .round = 1, .candidate = two});
    CHECK_FALSE(restarted.votes(three, 1, 1));
    CHECK(restarted.votes(three, 1, 2));
    CHECK_FALSE(restarted.votes(two, 1, 1));
}

TEST_CASE("a trial is remembered by nobody") {
    Voter voter;
    CHECK(voter.votes(two, 1, 1, true));
    CHECK(voter.votes(three, 1, 1, true));
    CHECK(voter.votes(three, 1, 1));
}

TEST_CASE("no vote for a reign that has begun, for a stranger, or while a leader is heard") {
    Voter voter;
    CHECK_FALSE(voter.votes({"stranger"}, 1, 1));
    voter.sees_reign(1, two);
    CHECK_FALSE(voter.votes(three, 1, 1));
    CHECK(voter.follows(two, 1));
    CHECK_FALSE(voter.votes(three, 2, 1, true));
    CHECK_FALSE(voter.votes(three, 2, 1));
}

TEST_CASE("a restarted voter keeps its promise, and one without a memory fears that it made one") {
    const LogSight led = {.epoch = 3, .leader = two};
    for (const Ballot& remembered : {Ballot{.follows_epoch = 3, .follows = two}, Ballot{}}) {
        Voter voter(remembered, led);
        CHECK_FALSE(voter.votes(three, 4, 1));
        CHECK_FALSE(voter.follows(three, 4));
        CHECK(voter.follows(two, 3));
        voter.now += times.promise;
        CHECK(voter.votes(three, 4, 1));
    }
    Voter fresh({}, {});
    CHECK(fresh.votes(three, 1, 1));
}

TEST_CASE("a leader that was restarted says that it leads no more, until another does") {
    Voter voter({.follows_epoch = 3, .follows = self}, {.epoch = 3, .leader = self});
    const auto resigned = [&] {
        voter.election.tick(voter.now);
        int count = 0;
        for (const auto& letter : voter.election.take().letters)
            count += std::holds_alternative<bus::Resignation>(letter.message) ? 1 : 0;
        return count;
    };
    CHECK_FALSE(voter.election.leads(voter.now));
    CHECK(resigned() == 2);
    CHECK(resigned() == 0);
    voter.now += times.beacon;
    CHECK(resigned() == 2);
    voter.sees_reign(4, two);
    voter.now += times.beacon;
    CHECK(resigned() == 0);
}

TEST_CASE("who is behind the log, cannot reach it, or does not vote, does not stand") {
    const auto stands = [](LogSight log, Ballot ballot = {}) {
        Voter voter(std::move(ballot), std::move(log));
        voter.now += 1h;
        for (int n = 0; n < 100; ++n) {
            voter.now += 20ms;
            voter.election.tick(voter.now);
        }
        return !voter.election.take().letters.empty();
    };
    CHECK(stands({}));
    CHECK_FALSE(stands({.readable = false}));
    CHECK_FALSE(stands({.voters = {two, three}}));
    CHECK(stands({.folded = 10, .end = 10 + times.behind_max}));
    CHECK_FALSE(stands({.folded = 10, .end = 11 + times.behind_max}));
    // Whom it voted for, or followed, had read of a reign that it has not read of yet.
    CHECK(stands({.epoch = 10}, {.epoch = 11, .round = 2, .candidate = two}));
    CHECK_FALSE(stands({.epoch = 10}, {.epoch = 12, .round = 1, .candidate = two}));
    CHECK(stands({.epoch = 10}, {.follows_epoch = 10, .follows = two}));
    CHECK_FALSE(stands({.epoch = 10}, {.follows_epoch = 11, .follows = two}));
}

TEST_CASE("a node that stops neither stands, votes nor follows") {
    Voter voter;
    voter.election.retire("asked for", voter.now);
    CHECK(voter.hear(two, bus::Beacon{.epoch = 1}).empty());
    for (int n = 0; n < 100; ++n) voter.election.tick(voter.now += 100ms);
    CHECK(voter.election.take().empty());
}

TEST_CASE("times that would not be safe are refused") {
    CHECK(fault_of(ElectionTimes()).empty());
    CHECK(election_times(500ms, 3s).promise == ElectionTimes().promise);
    CHECK(election_times(500ms, 3s).doubt == ElectionTimes().doubt);
    for (const auto beacon : {20ms, 21ms, 100ms, 5000ms}) {
        CHECK(fault_of(election_times(beacon, 3 * beacon)).empty());
        CHECK(fault_of(election_times(beacon, 20 * beacon)).empty());
    }
    CHECK_FALSE(fault_of({.promise = 3s}).empty());
    CHECK_FALSE(fault_of({.beacon = 2s}).empty());
    CHECK_FALSE(fault_of({.doubt = 100ms}).empty());
}
