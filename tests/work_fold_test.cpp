// What the log of the work queue means: which claim holds, which end is believed, what is kept.

#include "projections/setbacks.hpp"
#include "projections/work_index.hpp"
#include "tests/scenario.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using projections::WorkStatus;

namespace {

const auto failed_with = [](const Given& given, const std::string& work,
                            const std::string& reason) {
    auto fact = of_claim<bus::WorkFailed>(given, work);
    fact.reason = reason;
    fact.stderr_tail = "traceback of " + reason;
    return fact;
};

/// Claims, starts and fails it once on the node.
void fail_once(Given& given, const std::string& work, const std::string& on) {
    given.say(claimed(work, on));
    given.say(of_claim<bus::WorkStarted>(given, work));
    given.say(failed_with(given, work, "no luck"));
}

void complete(Given& given, const std::string& work, const std::string& on) {
    given.say(claimed(work, on));
    given.say(of_claim<bus::WorkCompleted>(given, work));
}

std::int64_t counted(const Given& given, const std::string& what) {
    const auto& counts = given.view().work.counts;
    return counts.contains(what) ? counts.at(what) : 0;
}

std::size_t waiting(const Given& given) {
    std::size_t total = 0;
    for (const auto& [kind, items] : given.view().work.waiting) total += items.size();
    return total;
}

}  // namespace

TEST_CASE("queued work waits") {
    Given given({selfplay("w1")});
    CHECK(given.item("w1").status == WorkStatus::pending);
    CHECK(waiting(given) == 1);
    CHECK(given.view().work.by_status.at(WorkStatus::pending) == 1);
}

TEST_CASE("the first claim in the log wins, and its position is the fence") {
    Given given({selfplay("w1"), claimed("w1", "n1"), claimed("w1", "n2")});
    CHECK(given.item("w1").lease->node == bus::NodeId{"n1"});
    CHECK(given.item("w1").lease->fence == first_position + 1);
    CHECK(counted(given, "lost_claims") == 1);
}

TEST_CASE("a claim reserves what the item needs, and its end gives it back") {
    auto order = selfplay("w1");
    order.needs = {.slots = 2, .gpus = 1, .memory_bytes = 7};
    Given given({order, claimed("w1", "n1")});
    CHECK(given.view().work.reserved.at({"n1"}) == order.needs);
    given.say(of_claim<bus::WorkReleased>(given, "w1"));
    CHECK(given.view().work.reserved.empty());
    CHECK(given.view().work.leased_by_node.empty());
}

TEST_CASE("an attempt counts when it starts, not when it is claimed") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    CHECK(given.item("w1").attempts == 0);
    given.say(of_claim<bus::WorkStarted>(given, "w1"));
    CHECK(given.item("w1").attempts == 1);
    given.say(of_claim<bus::WorkStarted>(given, "w1"));
    CHECK(given.item("w1").attempts == 1);
}

TEST_CASE("a result with the fence of a former claim changes nothing and is counted") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    const auto late = of_claim<bus::WorkCompleted>(given, "w1");
    given.say(of_claim<bus::WorkLeaseExpired>(given, "w1"));
    given.say(claimed("w1", "n1"));
    given.say(late);
    CHECK(given.item("w1").status == WorkStatus::claimed);
    CHECK(counted(given, "late_results") == 1);
}

TEST_CASE("a result of another node with the right fence changes nothing") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    auto forged = of_claim<bus::WorkCompleted>(given, "w1");
    forged.node = {"n2"};
    given.say(forged);
    CHECK(given.item("w1").status == WorkStatus::claimed);
}

TEST_CASE("two workers with reordered reports leave one accepted result") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    const auto late_failure = of_claim<bus::WorkFailed>(given, "w1");
    given.say(of_claim<bus::WorkLeaseExpired>(given, "w1"));
    complete(given, "w1", "n2");
    given.say(late_failure);
    CHECK(given.item("w1").status == WorkStatus::completed);
    CHECK(counted(given, "completed") == 1);
}

TEST_CASE("work that failed waits for its back-off") {
    Given given({selfplay("w1")});
    fail_once(given, "w1", "n1");
    CHECK(given.item("w1").status == WorkStatus::pending);
    CHECK(given.item("w1").not_before_at == start + projections::back_off_first);
    CHECK(waiting(given) == 0);
    given.say_at(start + projections::back_off_first, selfplay("w2"));
    CHECK(waiting(given) == 2);
    CHECK_FALSE(given.item("w1").not_before_at);
}

TEST_CASE(
    "work that lost its node has waited for a lease, and is given out at once the first time") {
    Given given({selfplay("w1")});
    const auto lose = [&] {
        given.say(claimed("w1", "n1"));
        given.say(of_claim<bus::WorkLeaseExpired>(given, "w1"));
    };
    lose();
    CHECK_FALSE(given.item("w1").not_before_at);
    CHECK(waiting(given) == 1);
    lose();
    CHECK(given.item("w1").not_before_at == start + projections::back_off_first);
}

TEST_CASE("back-off doubles from 10 seconds to half an hour") {
    CHECK(projections::back_off_after(1) == 10s);
    CHECK(projections::back_off_after(2) == 20s);
    CHECK(projections::back_off_after(5) == 160s);
    CHECK(projections::back_off_after(9) == 30min);
    CHECK(projections::back_off_after(1'000'000) == 30min);
}

TEST_CASE("a node whose clock is a year ahead does not delay work for a year") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    given.say_at(start + std::chrono::hours(24 * 365), failed_with(given, "w1", "no luck"));
    CHECK(given.item("w1").not_before_at <= start + 1h + projections::back_off_max);
}

TEST_CASE("a node whose clock is an hour behind does not shorten the back-off") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    given.say_at(start - 1h, failed_with(given, "w1", "no luck"));
    CHECK(given.item("w1").not_before_at == start + projections::back_off_first);
}

TEST_CASE("work that used up its attempts has failed and is not claimable") {
    auto order = selfplay("w1");
    order.attempts_max = 2;
    Given given({order});
    fail_once(given, "w1", "n1");
    fail_once(given, "w1", "n1");
    CHECK(given.item("w1").status == WorkStatus::failed);
    CHECK(given.item("w1").reason == "all 2 attempts went wrong; the last: no luck");
    given.say(claimed("w1", "n2"));
    CHECK_FALSE(given.item("w1").lease);
}

TEST_CASE("work that failed on three different nodes is not tried again") {
    auto order = selfplay("w1");
    order.attempts_max = 100;
    Given given({order});
    fail_once(given, "w1", "n1");
    fail_once(given, "w1", "n2");
    fail_once(given, "w1", "n1");
    CHECK(given.item("w1").status == WorkStatus::pending);
    fail_once(given, "w1", "n3");
    CHECK(given.item("w1").status == WorkStatus::failed);
}

TEST_CASE("no node that work failed on is forgotten, however often it failed elsewhere since") {
    auto order = selfplay("w1");
    order.attempts_max = 100;
    Given given({order});
    fail_once(given, "w1", "n1");
    for (std::size_t n = 0; n < projections::setbacks_max + 1; ++n) fail_once(given, "w1", "n2");
    CHECK(given.item("w1").setbacks.size() == projections::setbacks_max);
    CHECK(projections::failed_on(given.item("w1"), {"n1"}));
    fail_once(given, "w1", "n3");
    CHECK(given.item("w1").status == WorkStatus::failed);
}

TEST_CASE("expired leases are no evidence against the work") {
    auto order = selfplay("w1");
    order.attempts_max = 100;
    Given given({order});
    for (const char* name : {"n1", "n2", "n3"}) {
        given.say(claimed("w1", name));
        given.say(of_claim<bus::WorkLeaseExpired>(given, "w1"));
    }
    CHECK(given.item("w1").status == WorkStatus::pending);
    CHECK_FALSE(failed_on(given.item("w1"), {"n1"}));
}

TEST_CASE("work that never even starts is given up after ten setbacks") {
    Given given({selfplay("w1")});
    for (int n = 0; n < 10; ++n) {
        CHECK(given.item("w1").status == WorkStatus::pending);
        given.say(claimed("w1", "n1"));
        given.say(of_claim<bus::WorkLeaseExpired>(given, "w1"));
    }
    CHECK(given.item("w1").attempts == 0);
    CHECK(given.item("w1").status == WorkStatus::failed);
}

TEST_CASE("released work waits again at once and has lost no attempt") {
    Given given({selfplay("w1"), claimed("w1", "n1")});
    given.say(of_claim<bus::WorkStarted>(given, "w1"));
    given.say(of_claim<bus::WorkReleased>(given, "w1"));
    CHECK(given.item("w1").attempts == 0);
    CHECK(given.item("w1").setbacks.empty());
    CHECK(waiting(given) == 1);
}

TEST_CASE("work that times out for the last time has timed out, not failed") {
    auto order = selfplay("w1");
    order.attempts_max = 1;
    Given given({order, claimed("w1", "n1")});
    given.say(of_claim<bus::WorkStarted>(given, "w1"));
    given.say(of_claim<bus::WorkTimeout>(given, "w1"));
    CHECK(given.item("w1").status == WorkStatus::timeout);
}

TEST_CASE("completed work is over, whatever is said of it afterwards") {
    Given given({selfplay("w1")});
    complete(given, "w1", "n1");
    for (const bus::Fact& fact : std::vector<bus::Fact>{
             selfplay("w1"), claimed("w1", "n2"), bus::WorkCancelled{.work = {"w1"}},
             bus::WorkParked{.work = {"w1"}}, bus::WorkUnparked{.work = {"w1"}}}) {
        given.say(fact);
        CHECK(given.item("w1").status == WorkStatus::completed);
    }
}

TEST_CASE("cancelling held work ends its claim") {
    Given given({selfplay("w1"), claimed("w1", "n1"),
                 bus::WorkCancelled{.work = {"w1"}, .reason = "enough"}});
    CHECK(given.item("w1").status == WorkStatus::cancelled);
    CHECK(given.item("w1").reason == "enough");
    CHECK_FALSE(given.item("w1").lease);
    CHECK(given.view().work.reserved.empty());
}

TEST_CASE("parked work keeps its evidence, and gets one more attempt when unparked") {
    auto order = selfplay("w1");
    order.attempts_max = 1;
    Given given({order});
    fail_once(given, "w1", "n1");
    given.say(bus::WorkParked{.work = {"w1"}, .reason = "used up", .evidence = "traceback"});
    CHECK(given.item("w1").status == WorkStatus::parked);
    CHECK(given.item("w1").evidence == "traceback");
    given.say(bus::WorkUnparked{.work = {"w1"}});
    CHECK(given.item("w1").status == WorkStatus::pending);
    fail_once(given, "w1", "n2");
    CHECK(given.item("w1").status == WorkStatus::failed);
}

TEST_CASE("work of an id that is known changes nothing") {
    auto again = selfplay("w1");
    again.priority = 99;
    Given given({selfplay("w1"), again});
    CHECK(given.item("w1").order.priority == 50);
    CHECK(counted(given, "duplicates") == 1);
}

TEST_CASE("only one open item may have a dedup key") {
    auto first = selfplay("w1"), second = selfplay("w2"), third = selfplay("w3");
    first.dedup_key = second.dedup_key = third.dedup_key = "export/hex4_2p";
    Given given({first, second});
    CHECK_FALSE(given.view().work.items.contains({"w2"}));
    complete(given, "w1", "n1");
    given.say(third);
    CHECK(given.view().work.items.contains({"w3"}));
}

TEST_CASE("work waits until everything that it depends on is completed") {
    auto order = selfplay("w3");
    order.depends_on = {{"w1"}, {"w2"}, {"w1"}};
    Given given({selfplay("w1"), selfplay("w2"), order});
    CHECK(waiting(given) == 2);
    complete(given, "w1", "n1");
    given.say(claimed("w3", "n1"));
    CHECK_FALSE(given.item("w3").lease);
    complete(given, "w2", "n1");
    CHECK(waiting(given) == 1);
    CHECK(given.item("w3").blockers.empty());
    CHECK(given.view().work.blocked.empty());
}

TEST_CASE("what an item depends on may leave the view once it is completed") {
    auto order = selfplay("w2");
    order.depends_on = {{"w1"}};
    Given given({selfplay("w1"), order});
    complete(given, "w1", "n1");
    for (int n = 3; n < 8; ++n) given.say_at(start + 25h, selfplay("w" + std::to_string(n)));
    CHECK_FALSE(given.view().work.items.contains({"w1"}));
    CHECK(given.item("w2").blockers.empty());
}

TEST_CASE("completed work leaves the view after a day, failed work after a week") {
    auto once = selfplay("bad");
    once.attempts_max = 1;
    Given given({selfplay("good"), once});
    complete(given, "good", "n1");
    fail_once(given, "bad", "n1");
    given.say_at(start + 23h, selfplay("w1"));
    CHECK(given.view().work.items.contains({"good"}));
    given.say_at(start + 24h, selfplay("w2"));
    CHECK_FALSE(given.view().work.items.contains({"good"}));
    CHECK(given.view().work.items.contains({"bad"}));
    given.say_at(start + std::chrono::hours(24 * 7), selfplay("w3"));
    CHECK_FALSE(given.view().work.items.contains({"bad"}));
}

TEST_CASE("a leader's event of a reign that is over is void") {
    Given given({bus::LeaderElected{.epoch = 2, .leader = {"other"}, .votes = {{"other"}}}});
    given.say_in_epoch(1, selfplay("w1"));
    CHECK(given.view().work.items.empty());
    CHECK(given.view().counts.void_events == 1);
}

TEST_CASE("what a leader says after stepping down is void") {
    Given given({bus::LeaderSteppedDown{.leader = boss}});
    given.say_in_epoch(1, selfplay("w1"));
    CHECK(given.view().work.items.empty());
}

TEST_CASE("claims outlive the reign in which they were made") {
    Given given({selfplay("w1"), claimed("w1", "n1"),
                 bus::LeaderElected{.epoch = 2, .leader = {"other"}, .votes = {{"other"}}}});
    given.say(of_claim<bus::WorkCompleted>(given, "w1"));
    CHECK(given.item("w1").status == WorkStatus::completed);
}

TEST_CASE("claims outlive the restart of the node's daemon") {
    auto again = node("n1");
    again.incarnation = 2;
    Given given({node("n1"), selfplay("w1"), claimed("w1", "n1"), again});
    CHECK(given.item("w1").lease);
}

TEST_CASE("a claim is paid for by its config, in inverse proportion to its share") {
    auto whole = selfplay("w1", "a"), half = selfplay("w2", "b");
    half.share_ppm = 500'000;
    half.needs.slots = 3;
    Given given({whole, half, claimed("w1", "n1"), claimed("w2", "n1")});
    CHECK(given.view().work.pass.at({"a"}) == projections::pass_per_slot);
    CHECK(given.view().work.pass.at({"b"}) == 6 * projections::pass_per_slot);
}

TEST_CASE("a config that was idle is not owed what it did not ask for") {
    Given given(
        {selfplay("w1", "a"), selfplay("w2", "a"), claimed("w1", "n1"), claimed("w2", "n1")});
    given.say(selfplay("w3", "late"));
    CHECK(given.view().work.pass.at({"late"}) == given.view().work.virtual_time);
    CHECK(given.view().work.virtual_time == projections::pass_per_slot);
}

TEST_CASE("numbers that no order may have change nothing") {
    auto huge = selfplay("w1");
    huge.needs.memory_bytes = std::numeric_limits<std::int64_t>::max();
    auto negative = selfplay("w2");
    negative.needs.slots = -1;
    auto odd = selfplay("w3");
    odd.priority = std::numeric_limits<std::int64_t>::min();
    Given given({huge, negative, odd});
    CHECK(given.view().work.items.empty());
    CHECK(counted(given, "unsound") == 3);
}

TEST_CASE("what cannot be read is counted by kind and shown") {
    Given given(
        {bus::Unread{.why = bus::Unread::Why::unknown_type, .type = "NEWER"},
         bus::Unread{
             .why = bus::Unread::Why::parked, .type = "WORK_QUEUED", .problem = "work: missing"}});
    CHECK(given.view().counts.unknown_events == 1);
    CHECK(given.view().counts.parked_events == 1);
    CHECK(given.view().counts.parked.at(0).problem == "work: missing");
}
