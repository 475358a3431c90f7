#pragma once

// Who leads, by which epoch, under which cluster config.
//
// A pure fold over leadership events, and the judge of elections. It accepts exactly one
// LEADER_ELECTED per epoch: the first in the log that names the current epoch + 1, is said by the
// leader itself, a voter, and has the votes of a majority of the voters configured there. Whatever
// else says that it is one is void and counted; so is a change of voters by more than one.
//
// Who the voters are: nobody at first. The first election of a cluster names them (founding), and
// VOTERS_CHANGED adds or removes one at a time. A log that never names any belongs to one machine:
// there each election is judged by its own votes alone.
//
// Role is a function of this view and the own id and is stored nowhere else.

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
    bus::EventId election = {};            ///< The accepted LEADER_ELECTED.
    std::vector<bus::NodeId> voters = {};  ///< Empty while the log names none.
    bus::EventId voters_event = {};        ///< Which named them last.
    bus::Position voters_changed = 0;      ///< Where; 0 while there are none.
    bus::ClusterConfigChanged config = {};
    bus::EventId config_event = {};
    bus::Position config_changed = 0;  ///< Of `config_event`; 0 before the first.
    std::int64_t elections = 0;        ///< Accepted so far.
    std::int64_t elections_void = 0;   ///< Not accepted: late, or without a majority.
    std::int64_t voters_void = 0;      ///< Changes of voters that were not accepted.
    std::map<std::string, std::int64_t> admin_actions = {};  ///< How often, by action.
    friend bool operator==(const LeadershipView&, const LeadershipView&) = default;
};
BOOST_DESCRIBE_STRUCT(LeadershipView, (),
                      (epoch, leader, elected_at, election, voters, voters_event, voters_changed,
                       config, config_event, config_changed, elections, elections_void, voters_void,
                       admin_actions))

/// Kinds of admin action counted apart; further ones are counted as `other`.
inline constexpr std::size_t admin_actions_max = 64;

/// A cluster has 1, 3 or 5 voters; 2 and 4 are steps on the way, which tolerate no more loss than 1
/// and 3 do.
inline constexpr std::size_t voters_max = 5;

/// How many of so many voters are more than half.
constexpr std::size_t majority_of(std::size_t voters) {
    return voters / 2 + 1;
}
/// Whether they contain a majority of the voters; a vote that comes twice, or from elsewhere, does
/// not count.
bool is_majority(const std::vector<bus::NodeId>& votes, const std::vector<bus::NodeId>& voters);
/// Why these cannot be the voters after those, as a sentence; empty when they can.
std::string fault_of_voters(const std::vector<bus::NodeId>& next,
                            const std::vector<bus::NodeId>& before);

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
