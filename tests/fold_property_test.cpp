// What is true of every log, sound or not: random ones are folded and looked at.
//
// A failure prints its seed. RINGRIFT_SEEDS asks for more logs than the default.

#include <random>

#include "producers/nodes.hpp"
#include "producers/work.hpp"
#include "producers/work_fit.hpp"
#include "projections/setbacks.hpp"
#include "projections/work_index.hpp"
#include "tests/number_from.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using projections::ClusterView;
using projections::Folded;

namespace {

/// Says things that may be true, late, wrong or absurd, about few enough names that they collide.
class Storyteller {
  public:
    explicit Storyteller(unsigned seed) : random_(seed) {}

    bus::Event next(const ClusterView& view) {
        now_ += std::chrono::seconds(below(30));
        if (below(200) == 0) now_ += std::chrono::hours(below(50));
        bus::Event event = {
            .id = {"e" + std::to_string(++said_)}, .time = now_ + skew(), .fact = fact(view)};
        event.epoch = view.leadership.epoch;
        if (below(20) == 0) event.epoch = std::uint64_t(below(4));
        event.source = node();
        if (below(20) != 0) event.source = speaker(event, view.leadership.leader, event.source);
        return event;
    }
    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  private:
    bus::Duration skew() {
        return std::chrono::minutes(below(50) == 0 ? below(100'000) - 50'000 : 0);
    }
    bus::WorkId work() { return {"w" + std::to_string(below(12))}; }
    bus::NodeId node() { return {"n" + std::to_string(below(4))}; }

    bus::WorkQueued queued() {
        bus::WorkQueued order = selfplay(work().value, "c" + std::to_string(below(3)));
        order.type = static_cast<bus::WorkType>(below(6));
        order.priority = below(100) - 10;
        order.needs = {.slots = below(3), .gpus = below(2), .memory_bytes = below(5)};
        order.attempts_max = below(4);
        order.share_ppm = below(1'000'000);
        if (below(4) == 0) order.dedup_key = "k" + std::to_string(below(3));
        if (below(5) == 0) order.not_before_at = now_ + std::chrono::minutes(below(60));
        for (int n = below(6) - 3; n > 0; --n) order.depends_on.push_back(work());
        if (below(30) == 0) order.needs.disk_bytes = std::numeric_limits<std::int64_t>::max();
        if (below(30) == 0) order.priority = std::numeric_limits<std::int64_t>::min();
        return order;
    }
    /// Of the present claim, mostly.
    template <class Fact>
    bus::Fact report(const ClusterView& view) {
        Fact fact = {};
        fact.work = work();
        const auto* item = find(view.work, fact.work);
        fact.node = item && item->lease ? item->lease->node : node();
        fact.fence = item && item->lease ? item->lease->fence : bus::Position(below(50));
        if (below(10) == 0) fact.node = node();
        if (below(10) == 0) fact.fence = bus::Position(below(50));
        return fact;
    }
    bus::Fact node_fact() {
        const std::int64_t incarnation = below(4);
        switch (below(9)) {
            case 0:
                return bus::NodeJoined{
                    .node = node(), .incarnation = incarnation, .capacity = {.slots = below(5)}};
            case 1: return bus::NodeUpdated{.node = node(), .capacity = {.slots = below(5)}};
            case 2: return bus::NodeSuspected{.node = node(), .incarnation = incarnation};
            case 3: return bus::HostOffline{.node = node(), .incarnation = incarnation};
            case 4: return bus::HostOnline{.node = node(), .incarnation = incarnation};
            case 5: return bus::NodeDraining{.node = node()};
            case 6: return bus::NodeLeft{.node = node(), .incarnation = incarnation};
            case 7:
                return bus::NodeQuarantined{.node = node(),
                                            .until_at = now_ + std::chrono::hours(below(3))};
            default: return bus::NodeReleased{.node = node()};
        }
    }
    bus::Fact fact(const ClusterView& view) {
        switch (below(16)) {
            case 0:
            case 1:
            case 2: return queued();
            case 3:
            case 4:
            case 5:
                return bus::WorkClaimed{.work = work(), .node = below(20) ? node() : bus::NodeId{}};
            case 6: return report<bus::WorkStarted>(view);
            case 7: return report<bus::WorkCompleted>(view);
            case 8: return report<bus::WorkFailed>(view);
            case 9: return report<bus::WorkReleased>(view);
            case 10: return report<bus::WorkLeaseExpired>(view);
            case 11: return report<bus::WorkTimeout>(view);
            case 12:
                return below(3) ? bus::Fact(bus::WorkUnparked{.work = work()})
                                : bus::WorkCancelled{.work = work()};
            case 13: return bus::WorkParked{.work = work(), .evidence = "tail"};
            case 14: return node_fact();
            default: return leadership_fact(view);
        }
    }
    bus::Fact leadership_fact(const ClusterView& view) {
        if (below(6) == 0) return bus::LeaderSteppedDown{.leader = node()};
        const bus::NodeId candidate = node();
        return bus::LeaderElected{.epoch = view.leadership.epoch + std::uint64_t(below(3)),
                                  .leader = candidate,
                                  .votes = {candidate}};
    }

    std::mt19937 random_;
    bus::Time now_ = start;
    int said_ = 0;
};

constexpr int events_per_log = 600;

std::vector<bus::Recorded> log_of(unsigned seed) {
    Storyteller storyteller(seed);
    Folded<ClusterView> folded;
    std::vector<bus::Recorded> log;
    for (int n = 0; n < events_per_log; ++n) {
        log.push_back({.position = folded.position + 1, .event = storyteller.next(folded.view)});
        folded.advance(log.back());
    }
    return log;
}

Folded<ClusterView> fold(const std::vector<bus::Recorded>& log, Folded<ClusterView> onto = {}) {
    for (const auto& recorded : log) onto.advance(recorded);
    return onto;
}

/// Each `INFO`rmed, so that a failure names its log.
template <class Check>
void for_each_seed(Check check) {
    const std::uint64_t seeds = number_from("RINGRIFT_SEEDS", 60);
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        INFO("seed " << seed);
        check(unsigned(seed));
    }
}

}  // namespace

TEST_CASE("after every event of every log the indices are what the items say") {
    for_each_seed([](unsigned seed) {
        Folded<ClusterView> folded;
        for (const auto& recorded : log_of(seed)) {
            folded.advance(recorded);
            INFO(recorded);
            REQUIRE(folded.view.work == projections::rebuilt(folded.view.work));
        }
    });
}

TEST_CASE("an item is leased iff it is claimed or running, and ended iff it is not open") {
    for_each_seed([](unsigned seed) {
        const auto folded = fold(log_of(seed));
        for (const auto& [work, item] : folded.view.work.items) {
            const bool is_active = item.status == projections::WorkStatus::claimed ||
                                   item.status == projections::WorkStatus::running;
            REQUIRE(item.lease.has_value() == is_active);
            REQUIRE((item.ended_at == bus::Time{}) == projections::is_open(item.status));
            REQUIRE(item.attempts >= 0);
            REQUIRE(item.setbacks.size() <= projections::setbacks_max);
        }
    });
}

TEST_CASE("a log delivered several times folds as if delivered once") {
    for_each_seed([](unsigned seed) {
        const auto log = log_of(seed);
        Storyteller dice(seed);
        Folded<ClusterView> repeated;
        for (std::size_t n = 0; n < log.size(); ++n) {
            repeated.advance(log[n]);
            repeated.advance(log[std::size_t(dice.below(int(n) + 1))]);
        }
        REQUIRE(repeated == fold(log));
    });
}

TEST_CASE("a fold that goes on from a copy comes to the same") {
    for_each_seed([](unsigned seed) {
        const auto log = log_of(seed);
        const auto half = std::ptrdiff_t(log.size() / 2);
        const Folded<ClusterView> first = fold({log.begin(), log.begin() + half});
        REQUIRE(fold({log.begin() + half, log.end()}, first) == fold(log));
    });
}

TEST_CASE("epochs never go back, and every epoch has one election") {
    for_each_seed([](unsigned seed) {
        Folded<ClusterView> folded;
        bus::Epoch before = 0;
        for (const auto& recorded : log_of(seed)) {
            folded.advance(recorded);
            const bus::Epoch epoch = folded.view.leadership.epoch;
            REQUIRE((epoch == before || epoch == before + 1));
            before = epoch;
        }
        REQUIRE(std::uint64_t(folded.view.leadership.elections) == before);
    });
}

TEST_CASE("what the decider gives out never exceeds what a node has") {
    for_each_seed([](unsigned seed) {
        Storyteller dice(seed);
        Given given;
        for (int n = 0; n < 4; ++n) {
            given.say(node("n" + std::to_string(n), dice.below(5)));
        }
        for (int n = 0; n < 300; ++n) {
            const auto fact = dice.next(given.view()).fact;
            const bool is_the_deciders = std::holds_alternative<bus::WorkClaimed>(fact) ||
                                         std::holds_alternative<bus::NodeUpdated>(fact) ||
                                         std::holds_alternative<bus::NodeJoined>(fact) ||
                                         std::holds_alternative<bus::LeaderElected>(fact) ||
                                         std::holds_alternative<bus::LeaderSteppedDown>(fact);
            if (!is_the_deciders) given.say_at(given.now() + 1s, fact);
            given.when(producers::ClaimWork{.node = {"n" + std::to_string(dice.below(4))},
                                            .claims_max = 3});
            given.and_said();
            for (const auto& [name, entry] : given.view().nodes.nodes) {
                const auto room = producers::room_on(given.view().work, entry);
                REQUIRE(std::min({room.slots, room.gpus, room.memory_bytes}) >= 0);
            }
        }
    });
}
