#pragma once

// An auditor of leadership who reads the whole log and every letter, and believes neither the fold
// nor the election: it has its own, simpler idea of who leads when, and of who voted for whom.

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bus/letter.hpp"
#include "bus/log.hpp"

namespace ringrift::tests {

class LeadershipLedger {
  public:
    using Names = std::set<bus::NodeId>;

    /// From the first event on, once.
    void read(const bus::Batch& log) {
        for (const bus::Recorded& recorded : log) {
            std::visit([&](const auto& fact) { on(fact, recorded); }, recorded.event.fact);
        }
    }
    /// Every letter that was sent: who voted for whom.
    void read(const bus::Letter& letter) {
        if (const auto* asked = std::get_if<bus::VoteRequest>(&letter.message)) {
            if (!asked->trial) vote(letter.from, asked->epoch, asked->round, letter.from);
        }
        if (const auto* reply = std::get_if<bus::VoteReply>(&letter.message)) {
            if (!reply->trial && reply->granted)
                vote(letter.from, reply->epoch, reply->round, letter.to);
        }
    }

    /// The log has lost what came after these, and the voters what they had kept.
    void begin_anew(const bus::Batch& left) {
        epoch = 0;
        leader = {};
        voters.clear();
        config.clear();
        elections = 0;
        read(left);
        std::erase_if(votes_, [&](const auto& vote) { return std::get<1>(vote.first) > epoch; });
    }

    bus::Epoch epoch = 0;
    bus::NodeId leader = {};
    Names voters = {};
    std::string config = {};
    std::int64_t elections = 0;
    std::vector<std::string> complaints = {};

  private:
    template <class... Parts>
    void complain(const Parts&... parts) {
        std::ostringstream text;
        (text << ... << parts);
        complaints.push_back(text.str());
    }
    void vote(const bus::NodeId& voter, bus::Epoch for_epoch, std::int64_t round,
              const bus::NodeId& candidate) {
        const auto [at, is_new] = votes_.try_emplace({voter, for_epoch, round}, candidate);
        if (is_new || at->second == candidate) return;
        complain(voter, " votes for ", at->second, " and for ", candidate, " in round ", round,
                 " for epoch ", for_epoch);
    }

    void on(const bus::LeaderElected& e, const bus::Recorded& recorded) {
        Names electorate = voters.empty() ? Names(e.voters.begin(), e.voters.end()) : voters;
        std::size_t granted = 0;
        for (const auto& vote : Names(e.votes.begin(), e.votes.end()))
            granted += electorate.contains(vote) ? 1 : 0;
        if (e.epoch != epoch + 1 || granted * 2 <= electorate.size()) return;
        if (!electorate.contains(e.leader)) return;
        if (recorded.event.source != e.leader)
            complain("#", recorded.position, ": ", recorded.event.source, " elects ", e.leader);
        for (const auto& voter : e.votes) {
            const bool voted_for = std::any_of(votes_.begin(), votes_.end(), [&](const auto& vote) {
                return std::get<0>(vote.first) == voter && std::get<1>(vote.first) == e.epoch &&
                       vote.second == e.leader;
            });
            // A cluster of one asks nobody, not even by letter.
            if (!voted_for && electorate.size() > 1)
                complain("#", recorded.position, ": ", voter, " did not vote for ", e.leader);
        }
        epoch = e.epoch;
        leader = e.leader;
        voters = std::move(electorate);
        ++elections;
    }
    bool holds(const bus::Recorded& recorded) {
        if (recorded.event.epoch != epoch || leader.empty()) return false;
        if (recorded.event.source != leader)
            complain("#", recorded.position, ": ", recorded.event.source,
                     " says what only the leader may, in the reign of ", leader);
        return true;
    }
    void on(const bus::LeaderSteppedDown& e, const bus::Recorded& recorded) {
        if (holds(recorded) && e.leader == leader) leader = {};
    }
    void on(const bus::VotersChanged& e, const bus::Recorded& recorded) {
        if (!holds(recorded)) return;
        const Names next(e.voters.begin(), e.voters.end());
        std::vector<bus::NodeId> changed;
        std::set_symmetric_difference(next.begin(), next.end(), voters.begin(), voters.end(),
                                      std::back_inserter(changed));
        if (changed.size() == 1 && !next.empty()) voters = next;
    }
    void on(const bus::ClusterConfigChanged& e, const bus::Recorded& recorded) {
        if (holds(recorded)) config = e.hash;
    }
    template <class Fact>
    void on(const Fact&, const bus::Recorded&) {}

    std::map<std::tuple<bus::NodeId, bus::Epoch, std::int64_t>, bus::NodeId> votes_;
};

}  // namespace ringrift::tests
