#pragma once

// A judge of a whole log, as a cluster of real processes left it: what was accepted, not what was
// said.
//
// It folds event by event and looks at what each one changed. At most one election of an epoch
// holds, by the votes of a majority, and epochs only grow; what a leader says holds only in its own
// reign and changes nothing otherwise; of each work one result is accepted at most, by the node
// that holds the claim which its fence names. Keeps every fault as a sentence.

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bus/log.hpp"
#include "projections/cluster_view.hpp"

namespace ringrift::tests {

class LogJudge {
  public:
    /// REQUIRES: in the order of the log, from its first event on.
    void take(const bus::Recorded& recorded) {
        using namespace projections;
        const ClusterView& now = folded_.view;
        const bus::Event& event = recorded.event;
        const LeadershipView before = now.leadership;
        const bool out_of_reign =
            bus::is_leaders(event) &&
            (event.epoch != before.epoch || before.leader.empty() || event.source != before.leader);
        ClusterView untouched;
        if (out_of_reign) untouched = now;
        folded_.advance(recorded);
        if (out_of_reign) {
            ++void_events;
            if (!is_same(untouched, now))
                fault(recorded, "of no reign, and yet it has changed something");
        }
        if (const auto* elected = std::get_if<bus::LeaderElected>(&event.fact))
            judge(*elected, before, recorded);
        else if (now.leadership.epoch != before.epoch)
            fault(recorded, "has changed the epoch");
        if (const auto* claimed = std::get_if<bus::WorkClaimed>(&event.fact)) {
            const WorkItem* item = find(now.work, claimed->work);
            if (item != nullptr && item->lease && item->lease->fence == recorded.position)
                claims[recorded.position] = {claimed->work, claimed->node, event.epoch};
        }
        if (const auto* done = std::get_if<bus::WorkCompleted>(&event.fact)) judge(*done, recorded);
    }

    struct Claim {
        bus::WorkId work = {};
        bus::NodeId node = {};
        bus::Epoch epoch = 0;
    };
    const projections::ClusterView& view() const { return folded_.view; }
    bus::Position position() const { return folded_.position; }

    std::map<bus::Epoch, bus::NodeId> reigns = {};  ///< Elections that hold.
    std::map<bus::Position, Claim> claims = {};     ///< Those that hold, by fence.
    std::set<bus::WorkId> results = {};             ///< Works with an accepted result.
    std::int64_t elections_void = 0;
    std::int64_t void_events = 0;      ///< Leaders' events of no reign.
    std::int64_t results_refused = 0;  ///< Of claims that were gone, or said again.
    std::vector<std::string> faults = {};

  private:
    void fault(const bus::Recorded& recorded, const std::string& what) {
        std::ostringstream text;
        text << recorded << " " << what;
        faults.push_back(text.str());
    }

    static bool is_same(const projections::ClusterView& one, const projections::ClusterView& two) {
        return one.leadership == two.leadership && one.nodes == two.nodes && one.work == two.work &&
               one.data == two.data && one.training == two.training && one.ratings == two.ratings;
    }

    void judge(const bus::LeaderElected& elected, const projections::LeadershipView& before,
               const bus::Recorded& recorded) {
        const auto& after = folded_.view.leadership;
        if (after.election != recorded.event.id || after.elections == before.elections) {
            ++elections_void;
            if (after.epoch != before.epoch || after.leader != before.leader)
                fault(recorded, "is void, and yet somebody else leads");
            return;
        }
        if (!reigns.empty() && elected.epoch <= reigns.rbegin()->first)
            fault(recorded, "holds, and its epoch is not newer than the one before");
        if (recorded.event.source != elected.leader) fault(recorded, "is said by another node");
        if (!before.voters.empty() && !projections::is_majority(elected.votes, before.voters))
            fault(recorded, "holds without a majority");
        reigns[elected.epoch] = elected.leader;
    }

    void judge(const bus::WorkCompleted& done, const bus::Recorded& recorded) {
        const projections::WorkItem* item = projections::find(folded_.view.work, done.work);
        const bool accepted = item != nullptr && item->changed == recorded.position &&
                              item->status == projections::WorkStatus::completed;
        if (!accepted) {
            ++results_refused;
            return;
        }
        if (!results.insert(done.work).second) fault(recorded, "is accepted a second time");
        const auto claim = claims.find(done.fence);
        if (claim == claims.end() || claim->second.work != done.work ||
            claim->second.node != recorded.event.source)
            fault(recorded, "is accepted without a claim that holds");
    }

    projections::Folded<projections::ClusterView> folded_;
};

}  // namespace ringrift::tests
