// Several whole nodes in one process, on one log and one wire: that the election is wired into
// them. The protocol itself is in election_transcripts_test and election_property_test.

#include <map>
#include <memory>

#include "bus/memory_log.hpp"
#include "bus/memory_wire.hpp"
#include "ops/node.hpp"
#include "tests/assembly.hpp"
#include "tests/catch.hpp"
#include "tests/quiet_world.hpp"
#include "tests/simulation/clock.hpp"

using namespace ringrift;
using namespace std::chrono_literals;
using bus::NodeId;

namespace {

/// Knows what the test tells it.
class ToldWatch final : public producers::LeaderWatch {
  public:
    void watch(const producers::Reign& reign, const std::string&, int) override { watched = reign; }
    void doubt() override { doubted = true; }
    std::vector<bus::Epoch> take_ended() override { return std::exchange(ended, {}); }

    producers::Reign watched = {};
    bool doubted = false;
    std::vector<bus::Epoch> ended = {};
};

struct Machine {
    tests::SmallStore store = {};
    tests::QuietHost host = {};
    tests::IdleHands hands = {};
    ToldWatch watch = {};
    ops::PulseBoard board = {};
    std::unique_ptr<ops::Node> node = {};
    bool paused = false;
    std::unique_ptr<tests::WayToLog> way = {};
};

class Machines {
  public:
    explicit Machines(const std::vector<NodeId>& voters) : voters_(voters) {
        for (const NodeId& voter : voters) start(voter);
    }
    void start(const NodeId& id) {
        Machine& machine = machines_[id];
        if (!machine.way) machine.way = std::make_unique<tests::WayToLog>(log);
        ops::NodeSettings settings = {.self = {.node = id, .capacity = {.slots = 1}, .voter = true},
                                      .config = {.hash = "c"},
                                      .founders = voters_};
        machine.node = std::make_unique<ops::Node>(settings,
                                                   ops::NodePorts{.clock = clock,
                                                                  .log = *machine.way,
                                                                  .store = machine.store,
                                                                  .host = machine.host,
                                                                  .hands = machine.hands,
                                                                  .board = machine.board,
                                                                  .wire = &post.wire(id),
                                                                  .leader_watch = &machine.watch},
                                                   consumers::ExpandWork());
        REQUIRE(machine.node->start(clock.now()).ok());
    }
    void kill(const NodeId& id) {
        machines_.at(id).node.reset();
        post.unplug(id);
    }
    void run(bus::Duration length) {
        for (bus::Duration passed = {}; passed < length; passed += 10ms) {
            clock.advance(10ms);
            post.pass(10ms);
            for (auto& [id, machine] : machines_) {
                if (machine.node && !machine.paused) machine.node->do_work(clock.now());
            }
            CHECK(leaders().size() <= 1);
        }
    }
    std::vector<NodeId> leaders() const {
        std::vector<NodeId> found;
        for (const auto& [id, machine] : machines_) {
            if (machine.node && machine.node->is_leader()) found.push_back(id);
        }
        return found;
    }
    NodeId leader() const {
        const auto found = leaders();
        REQUIRE(found.size() == 1);
        return found[0];
    }
    /// Of those that are not `besides`, the first.
    NodeId other_than(const NodeId& besides) const {
        for (const NodeId& voter : voters_) {
            if (voter != besides) return voter;
        }
        return {};
    }
    Machine& at(const NodeId& id) { return machines_.at(id); }

    simulation::SimClock clock;
    bus::MemoryLog log;
    bus::MemoryPost post;

  private:
    const std::vector<NodeId> voters_;
    std::map<NodeId, Machine> machines_;
};

const std::vector<NodeId> three = {{"v1"}, {"v2"}, {"v3"}};

}  // namespace

TEST_CASE("of three nodes one leads, says the config, and the others know it") {
    Machines machines(three);
    machines.run(2s);
    const NodeId leader = machines.leader();
    for (const NodeId& id : three) {
        const auto& view = machines.at(id).node->view().leadership;
        CHECK(view.leader == leader);
        CHECK(view.voters == three);
        CHECK(view.config.hash == "c");
        CHECK(machines.at(id).board.read().no_leader == "");
    }
}

TEST_CASE("when the leading node dies another one leads, sooner with proof of it") {
    for (const bool is_proved : {false, true}) {
        Machines machines(three);
        machines.run(2s);
        const NodeId first = machines.leader();
        machines.kill(first);
        machines.run(1s);
        CHECK(machines.leaders().empty());
        const NodeId other = machines.other_than(first);
        CHECK(machines.at(other).watch.watched == producers::Reign{1, first});
        CHECK(machines.at(other).watch.doubted);
        if (is_proved) machines.at(other).watch.ended = {1};
        machines.run(is_proved ? 500ms : 4s);
        CHECK(machines.leader() != first);
    }
}

TEST_CASE("a leading node that was paused does not lead when it wakes") {
    Machines machines(three);
    machines.run(2s);
    const NodeId first = machines.leader();
    machines.at(first).paused = true;
    machines.run(10s);
    CHECK(machines.leader() != first);
    CHECK_FALSE(machines.at(first).node->is_leader());
    machines.at(first).paused = false;
    machines.run(1s);
    CHECK(machines.leader() != first);
    CHECK(machines.at(first).node->view().leadership.leader == machines.leader());
}

TEST_CASE("without a majority nobody leads, and the pulse says why") {
    Machines machines(three);
    machines.run(2s);
    const NodeId first = machines.leader();
    const NodeId alone = machines.other_than(first);
    for (const NodeId& id : three) {
        if (id != alone) machines.kill(id);
    }
    machines.run(10s);
    CHECK(machines.leaders().empty());
    CHECK(machines.at(alone).board.read().no_leader.starts_with(
        "1 of 3 voters answer, 2 are needed: "));
    machines.start(first);
    machines.run(5s);
    CHECK(machines.leaders().size() == 1);
    CHECK(machines.at(alone).board.read().no_leader == "");
}

TEST_CASE("an election that is asked of any node goes through the vote, and another one leads") {
    Machines machines(three);
    machines.run(2s);
    for (int n = 0; n < 2; ++n) {
        const NodeId first = machines.leader();
        const NodeId asked = n == 0 ? first : machines.other_than(first);
        ops::AdminReply reply;
        REQUIRE(machines.at(asked).node->admin().put(
            {.action = "election/start",
             .reason = "maintenance",
             .answer = [&](ops::AdminReply said) { reply = std::move(said); }}));
        machines.run(1s);
        CHECK(reply.accepted);
        CHECK(machines.leader() != first);
        machines.run(2s);
    }
}

TEST_CASE("a leading node that stops in good order leaves the lead to another at once") {
    Machines machines(three);
    machines.run(2s);
    const NodeId first = machines.leader();
    machines.at(first).node->stop("asked for", machines.clock.now());
    machines.run(800ms);
    CHECK(machines.at(first).node->stopped());
    CHECK(machines.leader() != first);
}

TEST_CASE("a node whose log cannot be read yet starts all the same, and joins when it can be") {
    Machines machines(three);
    machines.run(2s);
    const NodeId late = machines.other_than(machines.leader());
    machines.kill(late);
    machines.at(late).way->away = true;
    machines.start(late);
    machines.run(3s);
    const auto lives = [&] {
        const auto& nodes = machines.at(machines.leader()).node->view().nodes;
        return find(nodes, late)->joined.incarnation;
    };
    CHECK(lives() == 1);
    machines.at(late).way->away = false;
    machines.run(3s);
    CHECK(lives() == 2);
}
