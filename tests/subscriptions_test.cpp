// Which events wake which loops, and when a subscription counts as healthy.

#include "consumers/subscriptions.hpp"

#include <algorithm>

#include "consumers/loops/data_management.hpp"
#include "consumers/loops/elo_sync.hpp"
#include "consumers/loops/queue_populator.hpp"
#include "consumers/loops/worker_pull.hpp"
#include "tests/any_event.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using consumers::SubscriptionHealth;
using consumers::Subscriptions;
using Wakes = std::set<std::string_view>;

namespace {

/// A node's rounds as far as subscriptions see them.
struct Rounds {
    Subscriptions subscriptions;
    projections::FoldCounts counts;
    std::map<std::string_view, bus::Time> ran;

    Wakes round(bus::Time now) {
        subscriptions.observe(
            counts,
            [&](std::string_view loop) {
                return ran.contains(loop) ? std::optional(ran.at(loop)) : std::nullopt;
            },
            now);
        return subscriptions.take_wakes(now);
    }
    SubscriptionHealth health(std::string_view event, bus::Time now) const {
        const auto all = subscriptions.health(now);
        return *std::ranges::find(all, event, &SubscriptionHealth::event);
    }
};

}  // namespace

TEST_CASE("the three critical subscriptions are the runbook's") {
    std::set<std::string_view> critical;
    for (const auto& subscription : consumers::subscription_table()) {
        if (subscription.critical) critical.insert(subscription.event);
    }
    CHECK(critical == Wakes{"DATA_SYNC_COMPLETED", "TRAINING_COMPLETED", "EVALUATION_COMPLETED"});
}

TEST_CASE(
    "every subscription is to an event that exists, once, in a known group, and wakes a loop") {
    std::set<std::string> types;
    SampleFiller filler;
    for (const bus::Event& event : events_of_every_type(filler, 1))
        types.emplace(bus::type_of(event));
    const Wakes loops = {consumers::DataManagement::name, consumers::QueuePopulator::name,
                         consumers::WorkerPull::name, consumers::EloSync::name};
    const Wakes groups = {"daemon_events", "feedback_signals", "manager_events"};
    std::set<std::string_view> seen;
    for (const auto& subscription : consumers::subscription_table()) {
        INFO(subscription.event);
        CHECK(types.contains(std::string(subscription.event)));
        CHECK(seen.insert(subscription.event).second);
        CHECK(groups.contains(subscription.group));
        CHECK_FALSE(subscription.wakes.empty());
        for (const std::string_view loop : subscription.wakes) CHECK(loops.contains(loop));
    }
}

TEST_CASE("an event wakes its loops once, however many came") {
    Rounds rounds;
    CHECK(rounds.round(start).empty());
    rounds.counts.events_by_type["WORK_QUEUED"] = 7;
    CHECK(rounds.round(start + 1s) == Wakes{"worker_pull"});
    CHECK(rounds.round(start + 2s).empty());
    rounds.counts.events_by_type["WORK_QUEUED"] = 8;
    rounds.counts.events_by_type["MATCH_PLAYED"] = 1;
    rounds.counts.events_by_type["HOST_ONLINE"] = 1;
    CHECK(rounds.round(start + 3s) == Wakes{"worker_pull", "elo_sync"});
}

TEST_CASE("a new leader is asked for work at once: what was asked of the former is lost") {
    Rounds rounds;
    rounds.round(start);
    rounds.counts.events_by_type["LEADER_ELECTED"] = 1;
    CHECK(rounds.round(start + 1s).contains("worker_pull"));
}

TEST_CASE("what was folded before the first round wakes the loops too") {
    Rounds rounds;
    rounds.counts.events_by_type["DATA_SYNC_COMPLETED"] = 1000;
    CHECK(rounds.round(start) == Wakes{"data_management"});
}

TEST_CASE("no subscription is healthy before its canary came through") {
    Rounds rounds;
    CHECK_FALSE(rounds.health("TRAINING_COMPLETED", start).healthy);
    CHECK(rounds.health("TRAINING_COMPLETED", start).problem ==
          "no canary came through for two intervals");
    rounds.round(start);
    for (const SubscriptionHealth& health : rounds.subscriptions.health(start))
        CHECK(health.healthy);
    CHECK(rounds.health("TRAINING_COMPLETED", start).canary_at == start);
}

TEST_CASE("a subscription is unhealthy when no canary came through for two intervals") {
    Rounds rounds;
    rounds.round(start);
    const auto bound = start + 2 * Subscriptions::interval;
    CHECK(rounds.health("TRAINING_COMPLETED", bound).healthy);
    CHECK_FALSE(rounds.health("TRAINING_COMPLETED", bound + 1ms).healthy);
    rounds.round(bound + 1ms);
    CHECK(rounds.health("TRAINING_COMPLETED", bound + 1ms).healthy);
}

TEST_CASE("canaries are sent once an interval") {
    Rounds rounds;
    rounds.round(start);
    rounds.round(start + Subscriptions::interval - 1ms);
    CHECK(rounds.health("WORK_QUEUED", start + 1min).canary_at == start);
    rounds.round(start + Subscriptions::interval);
    CHECK(rounds.health("WORK_QUEUED", start + 1min).canary_at == start + Subscriptions::interval);
}

TEST_CASE(
    "a subscription is unhealthy while a loop that it woke has not run without failing for long") {
    Rounds rounds;
    rounds.ran["data_management"] = start;
    rounds.counts.events_by_type["TRAINING_COMPLETED"] = 1;
    const auto came = start + 1s;
    const auto health_at = [&](bus::Time now) {
        rounds.round(now);
        return rounds.health("TRAINING_COMPLETED", now);
    };
    CHECK(health_at(came).healthy);
    CHECK(health_at(came + Subscriptions::unhandled_max).healthy);
    rounds.counts.events_by_type["TRAINING_COMPLETED"] = 2;
    const auto late = health_at(came + Subscriptions::unhandled_max + 1ms);
    CHECK_FALSE(late.healthy);
    CHECK(late.oldest_unhandled == Subscriptions::unhandled_max + 1ms);
    CHECK(late.problem == "a loop that it wakes has not run without failing since the event came");
    rounds.ran["data_management"] = came + 2min;
    CHECK(health_at(came + 3min).healthy);
    CHECK(health_at(came + 1h).oldest_unhandled == 0s);
}

TEST_CASE("an event is handled when all loops that it wakes have run") {
    Rounds rounds;
    rounds.counts.events_by_type["WORK_COMPLETED"] = 1;
    rounds.round(start);
    rounds.ran = {{"data_management", start}, {"queue_populator", start}};
    rounds.round(start + 2min);
    CHECK_FALSE(rounds.health("WORK_COMPLETED", start + 2min).healthy);
    rounds.ran["worker_pull"] = start;
    rounds.round(start + 2min);
    CHECK(rounds.health("WORK_COMPLETED", start + 2min).healthy);
}
