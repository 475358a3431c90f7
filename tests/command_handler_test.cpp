// The shell around every decider: decide on the newest view, append, fold back, and count what went
// otherwise.

#include "producers/command_handler.hpp"

#include <algorithm>
#include <limits>

#include "bus/memory_log.hpp"
#include "tests/learning.hpp"

using namespace ringrift;
using namespace ringrift::tests;
using namespace ringrift::producers;
using Outcome = CommandHandler::Outcome;

namespace {

/// A log that fails as the test says; what it keeps is kept all the same.
class FailingLog final : public bus::Log {
  public:
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        if (append_error && !writes_anyway) return *append_error;
        auto appended = log.append(events);
        if (append_error) return *append_error;
        return appended;
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after,
                                                 std::size_t count_max) override {
        if (read_error) return *read_error;
        if (after >= visible) return bus::Batch{};
        return log.read(after, std::min<std::size_t>(count_max, visible - after));
    }
    bus::Result<bus::Position, bus::ReadError> last() override { return log.last(); }
    void on_news(std::function<void()>) override {}
    std::string trouble() const override { return log.trouble(); }

    bus::MemoryLog log;
    std::optional<bus::AppendError> append_error;
    bool writes_anyway = false;  ///< The write arrives, its acknowledgement does not.
    std::optional<bus::ReadError> read_error;
    bus::Position visible = std::numeric_limits<bus::Position>::max();  ///< Readers lag behind it.
};

struct Shell {
    FailingLog log;
    projections::Folded<projections::ClusterView> folded;
    projections::HostView host = {.self = boss};
    CommandHandler handler{boss, log, folded};

    CommandHandler::Handled ask(const Command& command) {
        return handler.handle(command, host, start);
    }
    void lead() {
        REQUIRE(ask(Lead{.node = boss, .epoch = folded.view.leadership.epoch + 1, .votes = {boss}})
                    .outcome == Outcome::appended);
    }
    /// One slot, and two items that want it.
    void offer_one_slot() {
        lead();
        REQUIRE(ask(JoinCluster{node("boss", 1)}).outcome == Outcome::appended);
        for (const char* work : {"w1", "w2"}) {
            REQUIRE(ask(QueueWork{.work = selfplay(work)}).outcome == Outcome::appended);
        }
    }
    std::int64_t claims_in_log() {
        const auto all = log.log.read(0, 1'000);
        return std::ranges::count_if(all.value(), [](const bus::Recorded& recorded) {
            return std::holds_alternative<bus::WorkClaimed>(recorded.event.fact);
        });
    }
    bus::Event event(bus::Position position) { return log.log.read(position - 1, 1)->at(0).event; }
};

IngestFact from_outside(const std::string& file) {
    return {.id = {"x-" + file}, .fact = games(file)};
}

}  // namespace

TEST_CASE("what is decided stands in the log and is folded back before anybody acts on it") {
    Shell shell;
    const auto handled = shell.ask(from_outside("f1"));
    CHECK(handled.outcome == Outcome::appended);
    CHECK(handled.position == 1);
    CHECK(handled.events == 1);
    CHECK(shell.folded.position == 1);
    CHECK(shell.folded.view.data.configs.at(hex).games == 10);
}

TEST_CASE("an event says who said it, when, in which reign, and to which chain it belongs") {
    Shell shell;
    shell.lead();
    shell.ask(QueueWork{.work = selfplay("w1"), .cause = {"because"}, .correlation = {"chain"}});
    const bus::Event queued = shell.event(shell.folded.position);
    CHECK(queued.source == boss);
    CHECK(queued.time == start);
    CHECK(queued.epoch == 1);
    CHECK(queued.causation == bus::EventId{"because"});
    CHECK(queued.correlation == bus::EventId{"chain"});
    shell.ask(from_outside("f1"));
    const bus::Event anybodys = shell.event(shell.folded.position);
    CHECK(anybodys.epoch == 0);
    CHECK(anybodys.correlation == anybodys.id);
}

TEST_CASE("a decision is made on what the log says now, not on what was folded last") {
    Shell shell;
    shell.lead();
    const std::vector<bus::Event> by_another = {
        {.id = {"another"}, .source = boss, .time = start, .epoch = 1, .fact = selfplay("w1")}};
    REQUIRE(shell.log.append(by_another).ok());
    const auto handled = shell.ask(QueueWork{.work = selfplay("w1")});
    CHECK(handled.outcome == Outcome::refused);
    CHECK(handled.refusal.kind == Refusal::Kind::duplicate);
}

TEST_CASE("whose lease is over says nothing that is the leader's to say, whatever the command") {
    Shell shell;
    shell.lead();
    const PlanSync plan = {{.sync = "s1", .config = {"hex4_2p"}, .moves = {{.file = {"f1"}}}}};
    shell.host.may_lead = false;
    CHECK(shell.ask(plan).refusal.kind == Refusal::Kind::not_leader);
    shell.host.may_lead = true;
    CHECK(shell.ask(plan).outcome == Outcome::appended);
}

TEST_CASE("refusals say why, append nothing, and are counted by kind") {
    Shell shell;
    for (int n = 0; n < 2; ++n) {
        const auto handled = shell.ask(QueueWork{.work = selfplay("w1")});
        CHECK(handled.outcome == Outcome::refused);
        CHECK(handled.refusal.kind == Refusal::Kind::not_leader);
        CHECK_FALSE(handled.refusal.sentence.empty());
    }
    shell.ask(CompleteSync{.config = hex, .node = boss});
    CHECK(shell.handler.refusals() ==
          std::map<std::string, std::int64_t>{{"not_leader", 2}, {"unknown", 1}});
    CHECK(shell.log.last().value() == 0);
}

TEST_CASE("an append that is not known to be written is unavailable and counted") {
    Shell shell;
    shell.log.append_error = bus::AppendError::unavailable;
    CHECK(shell.ask(from_outside("f1")).outcome == Outcome::unavailable);
    CHECK(shell.handler.failures().at("append_unavailable") == 1);
    CHECK(shell.folded.position == 0);
}

TEST_CASE("a write whose acknowledgement was lost is found when it is asked for again") {
    Shell shell;
    shell.lead();
    shell.log.append_error = bus::AppendError::unavailable;
    shell.log.writes_anyway = true;
    CHECK(shell.ask(QueueWork{.work = selfplay("w1")}).outcome == Outcome::unavailable);
    shell.log.append_error.reset();
    const auto last = shell.log.last().value();
    CHECK(shell.ask(QueueWork{.work = selfplay("w1")}).outcome == Outcome::refused);
    CHECK(shell.log.last().value() == last);
    CHECK(shell.folded.view.work.items.size() == 1);
}

TEST_CASE("a log that takes nothing more halts, and is asked again when it does") {
    Shell shell;
    for (const auto error : {bus::AppendError::full, bus::AppendError::refused}) {
        shell.log.append_error = error;
        CHECK(shell.ask(from_outside("f1")).outcome == Outcome::halted);
        CHECK(shell.handler.failures().at(std::string(name_of(error))) == 1);
    }
    shell.log.append_error.reset();
    CHECK(shell.ask(from_outside("f1")).outcome == Outcome::appended);
}

TEST_CASE("one event that is too large is refused and keeps no other from being said") {
    Shell shell;
    auto large = games("f1");
    large.name.assign(bus::event_bytes_max, 'x');
    const auto handled = shell.ask(IngestFact{.id = {"large"}, .fact = large});
    CHECK(handled.outcome == Outcome::refused);
    CHECK(handled.refusal.kind == Refusal::Kind::invalid);
    CHECK(handled.refusal.sentence == "event large is larger than 1 MiB");
    CHECK(shell.handler.failures().at("append_too_large") == 1);
    CHECK(shell.ask(from_outside("f2")).outcome == Outcome::appended);
}

TEST_CASE("nothing is decided while the log cannot be read") {
    Shell shell;
    for (const auto error : {bus::ReadError::unavailable, bus::ReadError::damaged}) {
        shell.log.read_error = error;
        CHECK(shell.ask(from_outside("f1")).outcome == Outcome::unavailable);
    }
    CHECK(shell.log.last().value() == 0);
    CHECK(shell.handler.failures() ==
          std::map<std::string, std::int64_t>{{"read_unavailable", 1}, {"read_damaged", 1}});
}

TEST_CASE("catching up folds at most as many events as asked for") {
    Shell shell;
    std::vector<bus::Event> events;
    for (int n = 0; n < 10; ++n) {
        const std::string name = "f" + std::to_string(n);
        events.push_back({.id = {name}, .source = boss, .time = start, .fact = games(name)});
    }
    REQUIRE(shell.log.append(events).ok());
    CHECK(shell.handler.catch_up(4));
    CHECK(shell.folded.position == 4);
    CHECK(shell.handler.catch_up(1'000'000));
    CHECK(shell.folded.position == 10);
}

TEST_CASE("room is not given out again before the claims that were said can be read") {
    Shell shell;
    shell.offer_one_slot();
    shell.log.visible = shell.folded.position;
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::appended);
    const auto second = shell.ask(ClaimWork{.node = boss});
    CHECK(second.outcome == Outcome::refused);
    CHECK(second.refusal.kind == Refusal::Kind::behind);
    CHECK(shell.claims_in_log() == 1);
    CHECK_FALSE(shell.handler.shows_all_said());
}

TEST_CASE("parked work does not come back before the return of its twin can be read") {
    Shell shell;
    shell.lead();
    for (const char* work : {"w1", "w2"}) {
        bus::WorkQueued order = selfplay(work);
        order.dedup_key = "export";
        REQUIRE(shell.ask(QueueWork{.work = order}).outcome == Outcome::appended);
        REQUIRE(shell.ask(ParkWork{.work = {work}}).outcome == Outcome::appended);
    }
    shell.log.visible = shell.folded.position;
    CHECK(shell.ask(UnparkWork{.work = {"w1"}}).outcome == Outcome::appended);
    CHECK(shell.ask(UnparkWork{.work = {"w2"}}).refusal.kind == Refusal::Kind::behind);
    shell.log.visible = std::numeric_limits<bus::Position>::max();
    CHECK(shell.ask(UnparkWork{.work = {"w2"}}).refusal.kind == Refusal::Kind::duplicate);
}

TEST_CASE("claims whose answer was lost are found where they stand before more are made") {
    Shell shell;
    shell.offer_one_slot();
    shell.log.visible = shell.folded.position;
    shell.log.append_error = bus::AppendError::unavailable;
    shell.log.writes_anyway = true;
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::unavailable);
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::unavailable);
    shell.log.append_error.reset();
    const auto unread = shell.ask(ClaimWork{.node = boss});
    CHECK(unread.outcome == Outcome::refused);
    CHECK(unread.refusal.kind == Refusal::Kind::behind);
    CHECK(shell.claims_in_log() == 1);
    ++shell.log.visible;
    CHECK(shell.ask(ClaimWork{.node = boss}).refusal.kind == Refusal::Kind::no_room);
    CHECK(shell.claims_in_log() == 1);
}

TEST_CASE("claims that were never written are written when the log answers again") {
    Shell shell;
    shell.offer_one_slot();
    shell.log.append_error = bus::AppendError::unavailable;
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::unavailable);
    CHECK(shell.claims_in_log() == 0);
    shell.log.append_error.reset();
    CHECK(shell.ask(ClaimWork{.node = boss}).refusal.kind == Refusal::Kind::no_room);
    CHECK(shell.claims_in_log() == 1);
    CHECK(shell.folded.view.work.items.at({"w1"}).lease.has_value());
}

TEST_CASE("claims of a reign that is over are not said again") {
    Shell shell;
    shell.offer_one_slot();
    shell.log.append_error = bus::AppendError::unavailable;
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::unavailable);
    shell.log.append_error.reset();
    shell.lead();
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::appended);
    CHECK(shell.claims_in_log() == 1);
    CHECK(shell.event(shell.folded.position).epoch == 2);
}

TEST_CASE("other facts are said while claims are in doubt") {
    Shell shell;
    shell.offer_one_slot();
    shell.log.append_error = bus::AppendError::unavailable;
    CHECK(shell.ask(ClaimWork{.node = boss}).outcome == Outcome::unavailable);
    shell.log.append_error.reset();
    CHECK(shell.ask(from_outside("f1")).outcome == Outcome::appended);
    CHECK(shell.claims_in_log() == 0);
}
