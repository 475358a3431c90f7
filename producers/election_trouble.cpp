#include <algorithm>

#include "producers/election.hpp"

// Why there is no leader, in words.

namespace ringrift::producers {
namespace {

std::string seconds(bus::Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) +
           " s";
}

void append(std::string& list, const std::string& item) {
    if (!list.empty()) list += ", ";
    list += item;
}

}  // namespace

std::size_t Election::answering(bus::Instant now) const {
    const auto answers = [&](const bus::NodeId& voter) {
        const auto heard = heard_at_.find(voter);
        return voter == settings_.self ||
               (heard != heard_at_.end() && now - heard->second < settings_.times.lease);
    };
    return static_cast<std::size_t>(std::ranges::count_if(electorate(), answers));
}

/// `v1 silent for 12 s, v4 never heard`; those who answer are not named.
std::string Election::silent_voters(bus::Instant now) const {
    std::string silent;
    for (const bus::NodeId& voter : electorate()) {
        const auto heard = heard_at_.find(voter);
        if (voter == settings_.self) continue;
        if (heard == heard_at_.end())
            append(silent, voter.value + " never heard");
        else if (now - heard->second >= settings_.times.lease)
            append(silent, voter.value + " silent for " + seconds(now - heard->second));
    }
    return silent;
}

/// Who has not answered a beacon of the last lease.
std::string Election::unanswering_voters(bus::Instant now) const {
    std::string names;
    for (const bus::NodeId& voter : electorate()) {
        const auto ack = acks_.find(voter);
        const bool answers = ack != acks_.end() && now < ack->second + settings_.times.lease;
        if (voter != settings_.self && !answers) append(names, voter.value);
    }
    return names;
}

std::string Election::trouble(bus::Instant now) const {
    if (!heard_leader(now).empty()) return {};
    if (!has_seen_) return "the log has not been read yet";
    const auto& voters = electorate();
    if (!is_voter(settings_.self)) {
        if (!log_.leader.empty() && log_.leader != settings_.self) return {};
        std::string names;
        for (const bus::NodeId& voter : voters) append(names, voter.value);
        return "no leader is known; this node does not vote, the voters are " + names;
    }
    const std::size_t answer = answering(now), needed = projections::majority_of(voters.size());
    if (answer < needed) {
        return std::to_string(answer) + " of " + std::to_string(voters.size()) +
               " voters answer, " + std::to_string(needed) + " are needed: " + silent_voters(now);
    }
    if (!log_.readable) return "the log cannot be reached; without it there is nothing to lead";
    if (is_behind()) {
        return "this node has " + std::to_string(log_.end - log_.folded) +
               " events of the log still to fold, and cannot stand before";
    }
    if (knows_of_later_reign()) {
        return "this node has voted or followed in epoch " +
               std::to_string(std::max(ballot_.epoch, ballot_.follows_epoch)) +
               ", has read the log only as far as epoch " + std::to_string(log_.epoch) +
               ", and cannot stand before it has read more";
    }
    if (!not_saved_.empty()) return "votes cannot be kept: " + not_saved_;
    if (own_epoch_ != 0) return "it was elected, and waits for a majority to answer its beacons";
    if (is_bound(now)) {
        return ballot_.follows.value + ", the leader of epoch " +
               std::to_string(ballot_.follows_epoch) +
               ", has not been heard since this node started; others may stand in " +
               std::to_string((bound_until_ - now).count()) + " ms";
    }
    std::string said = "an election for epoch " + std::to_string(log_.epoch + 1) + " is under way";
    if (!not_appended_.empty()) return said + "; the log did not take its result: " + not_appended_;
    return refusal_.empty() ? said : said + "; the last refusal was by " + refusal_;
}

}  // namespace ringrift::producers
