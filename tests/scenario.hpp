#pragma once

// Given facts, when a command, then facts or a refusal: the form of every test of a decider.
//
// `Given` folds the facts as a log would: a cluster in which node `boss` leads in epoch 1, and what
// the test adds. Facts of leaders get the present epoch. Positions start after those of the set-up,
// so the first given fact stands at `first_position`. Nothing here is a fake: folds and deciders
// are the real ones.

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "producers/command.hpp"
#include "projections/cluster_view.hpp"
#include "tests/catch.hpp"
#include "tests/speaker.hpp"

namespace ringrift::tests {

using namespace std::chrono_literals;

inline const bus::NodeId boss = {"boss"};
inline const bus::Time start = bus::Time(std::chrono::hours(24 * 365 * 50));
/// The election of `boss` stands before it.
inline constexpr bus::Position first_position = 2;

inline std::string to_text(const bus::Fact& fact) {
    std::ostringstream out;
    out << bus::Event{.fact = fact};
    return out.str();
}

class Given {
  public:
    explicit Given(std::vector<bus::Fact> facts = {}, bus::NodeId self = boss) {
        host_.self = std::move(self);
        say(bus::LeaderElected{.epoch = 1, .leader = boss, .votes = {boss}});
        for (bus::Fact& fact : facts) say(std::move(fact));
    }

    /// Says a fact; leaders' facts with the present epoch.
    Given& say(bus::Fact fact) { return say_at(now_, std::move(fact)); }
    Given& say_at(bus::Time time, bus::Fact fact, bus::EventId id = {}) {
        now_ = time;
        const bus::Position position = folded_.position + 1;
        if (id.empty()) id = {"e" + std::to_string(position)};
        bus::Event event = {.id = id,
                            .time = time,
                            .epoch = folded_.view.leadership.epoch,
                            .fact = std::move(fact)};
        event.source = speaker(event, folded_.view.leadership.leader, boss);
        folded_.advance({.position = position, .event = std::move(event)});
        return *this;
    }
    /// Says a whole event, at the present time.
    Given& say_event(bus::Event event) {
        event.time = now_;
        event.source = speaker(event, folded_.view.leadership.leader, boss);
        folded_.advance({.position = folded_.position + 1, .event = std::move(event)});
        return *this;
    }
    /// Says a fact of another reign.
    Given& say_in_epoch(bus::Epoch epoch, bus::Fact fact) {
        return say_as(boss, epoch, std::move(fact));
    }
    /// Says a fact in some node's name, whether or not it may.
    Given& say_as(bus::NodeId source, bus::Epoch epoch, bus::Fact fact) {
        const bus::Position position = folded_.position + 1;
        folded_.advance({.position = position,
                         .event = {.id = {"e" + std::to_string(position)},
                                   .source = std::move(source),
                                   .time = now_,
                                   .epoch = epoch,
                                   .fact = std::move(fact)}});
        return *this;
    }

    Given& when(const producers::Command& command, bus::Time now) {
        now_ = now;
        return when(command);
    }
    Given& when(const producers::Command& command) {
        decision_ = producers::decide(sight(), command);
        return *this;
    }

    /// Exactly these facts, in this order.
    Given& then(const std::vector<bus::Fact>& expected) {
        INFO(refusal_sentence());
        REQUIRE(std::holds_alternative<std::vector<producers::Draft>>(decision_));
        std::vector<std::string> said, wanted;
        for (const auto& draft : drafts()) said.push_back(to_text(draft.fact));
        for (const auto& fact : expected) wanted.push_back(to_text(fact));
        CHECK(said == wanted);
        for (std::size_t n = 0; n < std::min(said.size(), wanted.size()); ++n) {
            INFO(said[n]);
            CHECK(drafts()[n].fact == expected[n]);
        }
        return *this;
    }
    Given& then_refused(producers::Refusal::Kind kind) {
        REQUIRE(std::holds_alternative<producers::Refusal>(decision_));
        INFO(refusal_sentence());
        CHECK(std::get<producers::Refusal>(decision_).kind == kind);
        CHECK_FALSE(std::get<producers::Refusal>(decision_).sentence.empty());
        return *this;
    }
    /// Appends what was decided, as the command handler would. A refusal appends nothing.
    Given& and_said() {
        if (!std::holds_alternative<std::vector<producers::Draft>>(decision_)) return *this;
        for (const producers::Draft& draft : drafts()) say_at(now_, draft.fact, draft.id);
        return *this;
    }

    const std::vector<producers::Draft>& drafts() const {
        return std::get<std::vector<producers::Draft>>(decision_);
    }
    std::string refusal_sentence() const {
        const auto* refusal = std::get_if<producers::Refusal>(&decision_);
        return refusal ? refusal->sentence : "";
    }
    producers::Sight sight() const { return {.cluster = folded_.view, .host = host_, .now = now_}; }
    const projections::ClusterView& view() const { return folded_.view; }
    const projections::WorkItem& item(const std::string& work) const {
        return view().work.items.at({work});
    }
    bus::Position position() const { return folded_.position; }
    bus::Time now() const { return now_; }
    projections::HostView& host() { return host_; }

  private:
    projections::Folded<projections::ClusterView> folded_;
    projections::HostView host_;
    bus::Time now_ = start;
    producers::Decision decision_ = std::vector<producers::Draft>{};
};

/// An item that any node with a slot can run.
inline bus::WorkQueued selfplay(const std::string& work, const std::string& config = "hex4_2p") {
    return {.work = {work}, .type = bus::WorkType::selfplay, .config = {config}, .games = 10};
}

inline bus::NodeJoined node(const std::string& name, std::int64_t slots = 4) {
    return {.node = {name}, .incarnation = 1, .capacity = {.slots = slots, .cpus = slots}};
}

inline bus::WorkClaimed claimed(const std::string& work, const std::string& by) {
    return {.work = {work}, .node = {by}};
}

/// What a node says of the claim that the view knows.
template <class Fact>
Fact of_claim(const Given& given, const std::string& work) {
    const auto& lease = given.item(work).lease;
    Fact fact = {};
    fact.work = {work};
    fact.node = lease ? lease->node : bus::NodeId{"nobody"};
    fact.fence = lease ? lease->fence : 0;
    return fact;
}

}  // namespace ringrift::tests
