#include <algorithm>

#include "producers/election.hpp"

// Promises and leases: whom a voter follows, and for how long a leader leads.

namespace ringrift::producers {
namespace {

/// Reigns are forgotten once so many later ones are known to have ended.
constexpr std::size_t over_max = 16;

}  // namespace

void Election::note_over(bus::Epoch epoch) {
    over_.insert(epoch);
    if (over_.size() > over_max) over_.erase(over_.begin());
}

bool Election::is_bound(bus::Instant now) const {
    return now < bound_until_ && !over_.contains(ballot_.follows_epoch);
}

/// A beacon: whether it is granted, that is, promised to follow nobody else for a while.
bool Election::follow(bus::Epoch epoch, const bus::NodeId& from, bus::Instant now) {
    // Only whom the log named can say so: another reign than the own has begun.
    if (own_epoch_ != 0 && own_epoch_ < epoch)
        end_reign("epoch " + std::to_string(epoch) + " has begun", false, now);
    if (epoch < std::max(log_.epoch, ballot_.follows_epoch) || over_.contains(epoch)) return false;
    if (epoch > ballot_.follows_epoch) {
        if (is_bound(now)) return false;
        ballot_.follows_epoch = epoch;
        ballot_.follows = from;
    }
    bound_until_ = std::max(bound_until_, now + settings_.times.promise);
    heard_leader_at_ = now;
    const bool is_settled = stance_ != Stance::leader && candidature_.epoch <= epoch;
    if (stance_ != Stance::follower && is_settled) back_to_follower({}, now);
    refusal_.clear();
    return true;
}

void Election::on(const bus::Beacon& beacon, const bus::NodeId& from, bus::Instant now) {
    const bool is_granted = follow(beacon.epoch, from, now);
    send(from, bus::BeaconReply{.epoch = beacon.epoch,
                                .sent_ms = beacon.sent_ms,
                                .granted = is_granted,
                                .newest = std::max(log_.epoch, ballot_.follows_epoch)});
}

void Election::begin_reign(bus::Instant now) {
    back_to_follower({}, now);
    stance_ = Stance::leader;
    own_epoch_ = log_.epoch;
    elected_at_ = now;
    acks_.clear();
    await_answers(now);
    not_appended_.clear();
    refusal_.clear();
}

void Election::on(const bus::BeaconReply& reply, const bus::NodeId& from, bus::Instant now) {
    if (own_epoch_ == 0 || reply.epoch != own_epoch_) return;
    if (!reply.granted) {
        if (reply.newest > own_epoch_)
            end_reign("epoch " + std::to_string(reply.newest) + " has begun", false, now);
        return;
    }
    const bus::Instant sent(reply.sent_ms);
    if (sent > now || sent < elected_at_) return;
    const auto [ack, is_new] = acks_.emplace(from, sent);
    if (!is_new) ack->second = std::max(ack->second, sent);
}

/// When so many promises that a majority is left of them run out, as far as this node can know.
bus::Instant Election::lease_until(bus::Instant now) const {
    std::vector<bus::Instant> sent;
    for (const bus::NodeId& voter : electorate()) {
        const auto ack = acks_.find(voter);
        if (voter == settings_.self && ballot_.follows_epoch == own_epoch_)
            sent.push_back(now);
        else if (ack != acks_.end())
            sent.push_back(ack->second);
    }
    const std::size_t needed = projections::majority_of(electorate().size());
    if (sent.size() < needed) return bus::Instant::min();
    std::ranges::sort(sent, std::greater());
    return sent[needed - 1] + settings_.times.lease;
}

/// A leader is one of its own voters, and may be bound to another for a while like any of them.
void Election::follow_itself(bus::Instant now) {
    if (ballot_.follows_epoch >= own_epoch_ || is_bound(now)) return;
    ballot_.follows_epoch = own_epoch_;
    ballot_.follows = settings_.self;
    bound_until_ = now;
}

/// The first answers may have to wait for promises to the leader before.
void Election::await_answers(bus::Instant now) {
    had_lease_ = false;
    patient_until_ = now + settings_.times.promise + settings_.times.lease;
    beacon_at_ = now;
}

bool Election::leads(bus::Instant now) const {
    return own_epoch_ != 0 && now < lease_until(now);
}

void Election::lead_on(bus::Instant now) {
    follow_itself(now);
    const bool has_lease = leads(now);
    had_lease_ = had_lease_ || has_lease;
    if (!has_lease && (had_lease_ || now >= patient_until_)) {
        return end_reign("a majority of the voters has not answered for " +
                             std::to_string(settings_.times.lease.count()) +
                             " ms: " + unanswering_voters(now),
                         true, now);
    }
    if (now < beacon_at_) return;
    beacon_at_ = now + settings_.times.beacon;
    send_to_others(bus::Beacon{.epoch = own_epoch_, .sent_ms = now.time_since_epoch()});
}

void Election::end_reign(std::string reason, bool said, bus::Instant now) {
    note_over(own_epoch_);
    send_to_others(bus::Resignation{.epoch = own_epoch_, .reason = reason});
    if (said) effects_.step_down = StepDown{.reason = std::move(reason)};
    own_epoch_ = 0;
    acks_.clear();
    reminder_at_ = now + settings_.times.beacon;
    back_to_follower(is_alone() ? bus::Duration() : settings_.times.rest, now);
}

void Election::on(const bus::Resignation& resignation, const bus::NodeId&, bus::Instant) {
    if (resignation.epoch != own_epoch_) note_over(resignation.epoch);
}

void Election::on(const bus::StepDownRequest& request, const bus::NodeId&, bus::Instant now) {
    if (own_epoch_ != 0 && request.epoch == own_epoch_) end_reign(request.reason, true, now);
}

bus::NodeId Election::heard_leader(bus::Instant now) const {
    if (leads(now)) return settings_.self;
    return is_bound(now) && heard_leader_at_ ? ballot_.follows : bus::NodeId();
}

std::optional<Reign> Election::doubted(bus::Instant now) const {
    if (own_epoch_ != 0 || !is_bound(now)) return {};
    if (heard_leader_at_ && now - *heard_leader_at_ < settings_.times.doubt) return {};
    return Reign{.epoch = ballot_.follows_epoch, .leader = ballot_.follows};
}

}  // namespace ringrift::producers
