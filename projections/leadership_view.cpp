#include "projections/leadership_view.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "projections/work_view.hpp"

namespace ringrift::projections {
namespace {

/// Whose votes decide this election.
const std::vector<bus::NodeId>& electorate(const LeadershipView& view,
                                           const bus::LeaderElected& e) {
    if (!view.voters.empty()) return view.voters;
    return e.voters.empty() ? e.votes : e.voters;
}

/// Who was elected says so itself: nobody can make another one leader.
bool is_won(const LeadershipView& view, const bus::LeaderElected& e, const bus::NodeId& source) {
    if (source != e.leader) return false;
    const auto& voters = electorate(view, e);
    if (e.epoch != view.epoch + 1 || e.leader.empty()) return false;
    if (view.voters.empty() && !e.voters.empty() && !fault_of_voters(e.voters, {}).empty())
        return false;
    return std::ranges::find(voters, e.leader) != voters.end() && is_majority(e.votes, voters);
}

void name_voters(LeadershipView& view, const std::vector<bus::NodeId>& voters,
                 const bus::Recorded& recorded) {
    view.voters = voters;
    view.voters_event = recorded.event.id;
    view.voters_changed = recorded.position;
}

void fold(LeadershipView& view, const bus::LeaderElected& e, const bus::Recorded& recorded) {
    if (!is_won(view, e, recorded.event.source)) {
        ++view.elections_void;
        return;
    }
    if (view.voters.empty() && !e.voters.empty()) name_voters(view, e.voters, recorded);
    view.epoch = e.epoch;
    view.leader = e.leader;
    view.elected_at = recorded.event.time;
    view.election = recorded.event.id;
    ++view.elections;
}

void fold(LeadershipView& view, const bus::LeaderSteppedDown& e, const bus::Recorded&) {
    if (e.leader == view.leader) view.leader = {};
}

void fold(LeadershipView& view, const bus::VotersChanged& e, const bus::Recorded& recorded) {
    if (fault_of_voters(e.voters, view.voters).empty())
        name_voters(view, e.voters, recorded);
    else
        ++view.voters_void;
}

void fold(LeadershipView& view, const bus::ClusterConfigChanged& e, const bus::Recorded& recorded) {
    view.config = e;
    view.config_event = recorded.event.id;
    view.config_changed = recorded.position;
}

void fold(LeadershipView& view, const bus::AdminAction& e, const bus::Recorded&) {
    const bool is_known = view.admin_actions.contains(e.action);
    const bool has_room = view.admin_actions.size() < admin_actions_max;
    ++view.admin_actions[is_known || has_room ? e.action : "other"];
}

template <class Fact>
void fold(LeadershipView&, const Fact&, const bus::Recorded&) {}

}  // namespace

bool is_majority(const std::vector<bus::NodeId>& votes, const std::vector<bus::NodeId>& voters) {
    const auto granted = std::ranges::count_if(voters, [&](const bus::NodeId& voter) {
        return std::ranges::find(votes, voter) != votes.end();
    });
    return !voters.empty() && std::size_t(granted) >= majority_of(voters.size());
}

std::string fault_of_voters(const std::vector<bus::NodeId>& next,
                            const std::vector<bus::NodeId>& before) {
    const std::set<bus::NodeId> now(next.begin(), next.end()), then(before.begin(), before.end());
    if (now.empty()) return "a cluster needs a voter";
    if (now.contains(bus::NodeId{})) return "a voter has no id";
    if (now.size() != next.size()) return "a voter is named twice";
    if (now.size() > voters_max)
        return "at most " + std::to_string(voters_max) + " nodes vote; remove one first";
    std::vector<bus::NodeId> changed;
    std::ranges::set_symmetric_difference(now, then, std::back_inserter(changed));
    if (then.empty() || changed.size() == 1) return {};
    if (changed.empty()) return "these are the voters already";
    return "voters are added and removed one at a time";
}

void apply(LeadershipView& view, const bus::Recorded& recorded) {
    std::visit([&](const auto& fact) { fold(view, fact, recorded); }, recorded.event.fact);
}

const bus::ConfigPolicy* policy_of(const LeadershipView& view, const bus::ConfigKey& config) {
    const auto at = std::ranges::find(view.config.configs, config, &bus::ConfigPolicy::config);
    return at == view.config.configs.end() ? nullptr : &*at;
}

const bus::WorkPolicy* policy_of(const LeadershipView& view, bus::WorkType type) {
    const auto at = std::ranges::find(view.config.work, name_of(type), &bus::WorkPolicy::type);
    return at == view.config.work.end() ? nullptr : &*at;
}

}  // namespace ringrift::projections
