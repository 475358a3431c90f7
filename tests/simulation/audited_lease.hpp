#pragma once

// A second opinion about a leader's lease: counted from the letters that reached the node, without
// a look at its election.
//
// `AuditedWire` and `AuditedLog` pass everything on, and show the audit what the node was told and
// what it says with a leader's authority.

#include <map>
#include <vector>

#include "bus/log.hpp"
#include "bus/wire.hpp"
#include "producers/election_times.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/faulty_log.hpp"

namespace ringrift::simulation {

class LeaseAudit {
  public:
    LeaseAudit(bus::NodeId self, std::vector<bus::NodeId> voters, bus::Duration lease,
               const NodeClock& clock)
        : self_(std::move(self)), voters_(std::move(voters)), lease_(lease), clock_(clock) {}

    void hear(const bus::Letter& letter) {
        if (std::holds_alternative<bus::Beacon>(letter.message)) beacon_at_ = clock_.instant();
        const auto* alive = std::get_if<bus::NodeHeartbeat>(&letter.message);
        // The last words of a process whose successor has come come late, and say nothing of it.
        if (alive != nullptr && alive->incarnation >= joined_[letter.from]) {
            for (const bus::Position fence : alive->fences) named_at_[fence] = clock_.instant();
        }
        const auto* reply = std::get_if<bus::BeaconReply>(&letter.message);
        if (reply == nullptr || !reply->granted) return;
        bus::Instant& promised = promised_[{reply->epoch, letter.from}];
        promised = std::max(promised, bus::Instant(reply->sent_ms));
    }
    void read(const bus::Batch& events) {
        for (const bus::Recorded& recorded : events) {
            const auto* joined = std::get_if<bus::NodeJoined>(&recorded.event.fact);
            if (joined == nullptr) continue;
            std::int64_t& incarnation = joined_[joined->node];
            incarnation = std::max(incarnation, joined->incarnation);
        }
    }
    void say(const bus::Event& event) {
        const bool is_of_the_reign = !std::holds_alternative<bus::LeaderElected>(event.fact) &&
                                     !std::holds_alternative<bus::LeaderSteppedDown>(event.fact);
        if (bus::is_leaders(event) && is_of_the_reign && !holds(event.epoch))
            said_without_.push_back(event.id);
        const auto* expired = std::get_if<bus::WorkLeaseExpired>(&event.fact);
        // An operator may take back what he likes.
        if (expired == nullptr || expired->reason == "reset by an operator") return;
        const auto named = named_at_.find(expired->fence);
        if (named != named_at_.end() && clock_.instant() - named->second < silence_min)
            said_in_spite_.push_back(event.id);
    }
    /// A process that begins anew was promised nothing.
    void forget() {
        promised_.clear();
        named_at_.clear();
        beacon_at_.reset();
    }
    /// The log forgot what came last, and who had joined by then.
    void forget_log() { joined_.clear(); }
    /// What it said as leader at a moment when no majority was bound to it by its own clock.
    const std::vector<bus::EventId>& said_without() const { return said_without_; }
    /// Claims whose lease it let end although it had just heard of them.
    const std::vector<bus::EventId>& said_in_spite() const { return said_in_spite_; }
    /// When it last heard a leader, by its own clock; empty for never.
    std::optional<bus::Instant> beacon_at() const { return beacon_at_; }

  private:
    /// A claim's lease is 45 seconds; clocks may be wrong by 5 in 100.
    static constexpr bus::Duration silence_min = std::chrono::seconds(40);
    bool holds(bus::Epoch epoch) const {
        std::size_t bound = 0;
        for (const bus::NodeId& voter : voters_) {
            const auto at = promised_.find({epoch, voter});
            const bool promised = at != promised_.end() && clock_.instant() - at->second < lease_;
            bound += voter == self_ || promised ? 1 : 0;
        }
        return bound * 2 > voters_.size();
    }

    const bus::NodeId self_;
    const std::vector<bus::NodeId> voters_;
    const bus::Duration lease_;
    const NodeClock& clock_;
    std::map<std::pair<bus::Epoch, bus::NodeId>, bus::Instant> promised_;
    std::optional<bus::Instant> beacon_at_ = {};
    std::vector<bus::EventId> said_without_;
    std::map<bus::Position, bus::Instant> named_at_;
    std::map<bus::NodeId, std::int64_t> joined_;  ///< The incarnation that the log last named.
    std::vector<bus::EventId> said_in_spite_;
};

class AuditedWire final : public bus::Wire {
  public:
    AuditedWire(bus::Wire& inner, LeaseAudit& audit) : inner_(inner), audit_(audit) {}
    void send(bus::Letter letter) override { inner_.send(std::move(letter)); }
    std::vector<bus::Letter> take() override {
        auto letters = inner_.take();
        for (const bus::Letter& letter : letters) audit_.hear(letter);
        return letters;
    }
    void on_news(std::function<void()> wake) override { inner_.on_news(std::move(wake)); }
    bool connected() const override { return inner_.connected(); }
    std::string trouble() const override { return inner_.trouble(); }
    bus::WireCounts counts() const override { return inner_.counts(); }

  private:
    bus::Wire& inner_;
    LeaseAudit& audit_;
};

class AuditedLog final : public LogDecorator {
  public:
    AuditedLog(bus::Log& inner, LeaseAudit& audit) : LogDecorator(inner), audit_(audit) {}
    bus::Result<bus::Appended, bus::AppendError> append(
        std::span<const bus::Event> events) override {
        for (const bus::Event& event : events) audit_.say(event);
        return inner_.append(events);
    }
    bus::Result<bus::Batch, bus::ReadError> read(bus::Position after, std::size_t max) override {
        auto events = inner_.read(after, max);
        if (events) audit_.read(*events);
        return events;
    }

  private:
    LeaseAudit& audit_;
};

}  // namespace ringrift::simulation
