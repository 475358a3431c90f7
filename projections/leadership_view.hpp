#pragma once

// Who leads, by which epoch, under which cluster config.
//
// A pure fold over leadership events. The fold accepts exactly one LEADER_ELECTED per epoch: the
// first in the log that names the current epoch + 1. Role is a function of this view and the own id
// and is stored nowhere else.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::projections {

struct LeadershipView {
    bus::Epoch epoch = 0;     ///< Of the last accepted election; 0 before the first.
    bus::NodeId leader = {};  ///< Empty before the first and after a step-down.
    bus::Time elected_at = {};
    bus::EventId election = {};  ///< The accepted LEADER_ELECTED.
    std::vector<bus::NodeId> voters = {};
    bus::ClusterConfigChanged config = {};
    bus::EventId config_event = {};
    bus::Position config_changed = 0;  ///< Of `config_event`; 0 before the first.
    std::int64_t elections = 0;        ///< Accepted so far.
    std::int64_t elections_void = 0;   ///< Not accepted: late, or of a wrong epoch.
    std::map<std::string, std::int64_t> admin_actions = {};  ///< How often, by action.
    friend bool operator==(const LeadershipView&, const LeadershipView&) = default;
};
BOOST_DESCRIBE_STRUCT(LeadershipView, (),
                      (epoch, leader, elected_at, election, voters, config, config_event,
                       config_changed, elections, elections_void, admin_actions))

/// Kinds of admin action counted apart; further ones are counted as `other`.
inline constexpr std::size_t admin_actions_max = 64;

/// Whether the fact can change this view.
template <class Fact>
inline constexpr bool concerns_leadership = Fact::info.noun == bus::Noun::leadership;

void apply(LeadershipView& view, const bus::Recorded& recorded);

enum class Role { leader, follower };
inline Role role_of(const LeadershipView& view, const bus::NodeId& self) {
    return view.leader == self && !self.empty() ? Role::leader : Role::follower;
}

/// The policy of a config or of a work type; null when the cluster config has none.
const bus::ConfigPolicy* policy_of(const LeadershipView& view, const bus::ConfigKey& config);
const bus::WorkPolicy* policy_of(const LeadershipView& view, bus::WorkType type);

}  // namespace ringrift::projections
