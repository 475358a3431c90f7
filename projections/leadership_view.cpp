#include "projections/leadership_view.hpp"

#include <algorithm>

#include "projections/work_view.hpp"

namespace ringrift::projections {
namespace {

void fold(LeadershipView& view, const bus::LeaderElected& e, const bus::Recorded& recorded) {
    if (e.epoch != view.epoch + 1 || e.leader.empty()) {
        ++view.elections_void;
        return;
    }
    view.epoch = e.epoch;
    view.leader = e.leader;
    view.elected_at = recorded.event.time;
    view.election = recorded.event.id;
    ++view.elections;
}

void fold(LeadershipView& view, const bus::LeaderSteppedDown& e, const bus::Recorded&) {
    if (e.leader == view.leader) view.leader = {};
}

void fold(LeadershipView& view, const bus::VotersChanged& e, const bus::Recorded&) {
    view.voters = e.voters;
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
