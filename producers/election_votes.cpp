#include <algorithm>

#include "producers/election.hpp"

// Candidate and voter: who asks for votes when, and who gets one.

namespace ringrift::producers {
namespace {

std::string in_words(const Ballot& ballot) {
    return "voted for " + ballot.candidate.value + " in round " + std::to_string(ballot.round) +
           " for epoch " + std::to_string(ballot.epoch);
}

}  // namespace

void Election::try_to_stand(bus::Instant now) {
    if (!may_stand(now)) return stand_at_.reset();
    if (!stand_at_) stand_at_ = is_alone() ? now : now + draw();
    if (now >= *stand_at_) ask(true, now);
}

std::int64_t Election::next_round(bus::Epoch epoch) const {
    const std::int64_t own = ballot_.epoch == epoch ? ballot_.round : 0;
    const std::int64_t seen = seen_epoch_ == epoch ? seen_round_ : 0;
    return std::max(own, seen) + 1;
}

void Election::ask(bool trial, bus::Instant now) {
    const bus::Epoch epoch = log_.epoch + 1;
    candidature_ = {.epoch = epoch,
                    .round = next_round(epoch),
                    .votes = {settings_.self},
                    .until = now + settings_.times.answer};
    stance_ = trial ? Stance::trying : Stance::voting;
    stand_at_.reset();
    if (!trial) {
        ++elections_begun_;
        ballot_.epoch = epoch;
        ballot_.round = candidature_.round;
        ballot_.candidate = settings_.self;
    }
    bus::Epoch over = 0;
    for (const bus::Epoch reign : {log_.epoch, ballot_.follows_epoch}) {
        if (over_.contains(reign)) over = reign;
    }
    send_to_others(bus::VoteRequest{.trial = trial,
                                    .epoch = epoch,
                                    .round = candidature_.round,
                                    .over = over,
                                    .folded = log_.folded});
    count(now);
}

void Election::count(bus::Instant now) {
    if (!projections::is_majority(candidature_.votes, electorate())) return;
    if (stance_ == Stance::trying) return ask(false, now);
    stance_ = Stance::appending;
    stood_for_ = candidature_.epoch;
    awaited_ = 0;
    candidature_.until = now + settings_.times.append;
    effects_.lead =
        Lead{.node = settings_.self,
             .epoch = candidature_.epoch,
             .round = candidature_.round,
             .votes = candidature_.votes,
             .voters = log_.voters.empty() ? settings_.founders : std::vector<bus::NodeId>()};
}

std::string Election::why_no_vote(const bus::VoteRequest& request, const bus::NodeId& from,
                                  bus::Instant now) const {
    if (!is_voter(from)) return from.value + " is not a voter";
    if (!is_voter(settings_.self)) return "it is not a voter itself";
    if (request.epoch <= log_.epoch)
        return "epoch " + std::to_string(log_.epoch) + " has begun already";
    if (own_epoch_ != 0) return "it leads itself in epoch " + std::to_string(own_epoch_);
    if (is_bound(now)) {
        return "it follows " + ballot_.follows.value + ", which leads in epoch " +
               std::to_string(ballot_.follows_epoch);
    }
    if (stance_ == Stance::appending) return "it has won an election itself";
    if (request.trial) return {};
    const auto asked = std::pair(request.epoch, request.round);
    const auto voted = std::pair(ballot_.epoch, ballot_.round);
    const bool is_same_vote = asked == voted && from == ballot_.candidate;
    return asked > voted || is_same_vote ? std::string() : "it has " + in_words(ballot_);
}

void Election::on(const bus::VoteRequest& request, const bus::NodeId& from, bus::Instant now) {
    if (request.over != 0 && request.over != own_epoch_) note_over(request.over);
    const std::string reason = why_no_vote(request, from, now);
    const bool is_granted = reason.empty();
    if (is_granted && !request.trial) {
        ballot_.epoch = request.epoch;
        ballot_.round = request.round;
        ballot_.candidate = from;
        back_to_follower(settings_.times.answer, now);
    }
    send(from, bus::VoteReply{.trial = request.trial,
                              .epoch = request.epoch,
                              .round = request.round,
                              .granted = is_granted,
                              .voted_round = ballot_.epoch == request.epoch ? ballot_.round : 0,
                              .reason = reason});
}

void Election::on(const bus::VoteReply& reply, const bus::NodeId& from, bus::Instant now) {
    if (reply.epoch > seen_epoch_ ||
        (reply.epoch == seen_epoch_ && reply.voted_round > seen_round_)) {
        seen_epoch_ = reply.epoch;
        seen_round_ = reply.voted_round;
    }
    const bool is_asked = stance_ == (reply.trial ? Stance::trying : Stance::voting) &&
                          reply.epoch == candidature_.epoch && reply.round == candidature_.round;
    if (!is_asked || !is_voter(from)) return;
    if (!reply.granted) {
        refusal_ = from.value + ": " + reply.reason;
        return;
    }
    auto& votes = candidature_.votes;
    if (std::ranges::find(votes, from) == votes.end()) votes.push_back(from);
    count(now);
}

}  // namespace ringrift::producers
