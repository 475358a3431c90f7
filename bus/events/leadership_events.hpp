#pragma once

// Who leads, under which rules, and what operators did.

#include <string>
#include <vector>

#include "bus/events/event_info.hpp"
#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// A reign begins. The fold accepts one per epoch, the first in the log that has a majority.
struct LeaderElected {
    static constexpr EventInfo info = {"LEADER_ELECTED", Noun::leadership, Authority::anybody, 2};
    Epoch epoch = 0;  ///< The current one + 1.
    NodeId leader = {};
    std::vector<NodeId> votes = {};   ///< The voters that granted it.
    std::vector<NodeId> voters = {};  ///< Whose majority they are, and who vote from now on; only
                                      ///< where the log names no voters yet. Since version 2.
    std::string_view about() const { return leader.value; }
    friend bool operator==(const LeaderElected&, const LeaderElected&) = default;
};
BOOST_DESCRIBE_STRUCT(LeaderElected, (), (epoch, leader, votes, voters))

struct LeaderSteppedDown {
    static constexpr EventInfo info = {"LEADER_STEPPED_DOWN", Noun::leadership, Authority::leader};
    NodeId leader = {};
    std::string reason = {};
    std::string_view about() const { return leader.value; }
    friend bool operator==(const LeaderSteppedDown&, const LeaderSteppedDown&) = default;
};
BOOST_DESCRIBE_STRUCT(LeaderSteppedDown, (), (leader, reason))

/// One voter more or one less than before: any two majorities have then a voter in common.
struct VotersChanged {
    static constexpr EventInfo info = {"VOTERS_CHANGED", Noun::leadership, Authority::leader};
    std::vector<NodeId> voters = {};
    std::string reason = {};
    std::string_view about() const { return "cluster"; }
    friend bool operator==(const VotersChanged&, const VotersChanged&) = default;
};
BOOST_DESCRIBE_STRUCT(VotersChanged, (), (voters, reason))

/// The thresholds of one game configuration. Every one is a positive number unless said otherwise.
struct ConfigPolicy {
    ConfigKey config = {};
    std::int64_t weight_ppm = 1'000'000;  ///< Share before the curriculum; 0 rests the config.
    std::int64_t games_per_job = 50;
    std::int64_t games_to_export = 100;  ///< New, synchronised games that make an export due.
    std::int64_t window_games = 10'000;  ///< The newest games that an export may use.
    std::int64_t samples_to_train = 1;   ///< Fewer samples in the export train nothing.
    Duration training_cooldown_ms = {};  ///< Between two trainings of the config; 0 is none.
    std::int64_t pairs_per_batch = 20;   ///< Pairs of games in one evaluation job.
    std::int64_t pairs_max = 400;        ///< Where the sequential test gives up.
    std::int64_t games_min = 20;         ///< Fewer games promote nothing, whatever the test says.
    std::int64_t elo0_milli = 0;         ///< Normalised Elo of the null hypothesis.
    std::int64_t elo1_milli = 50'000;    ///< Normalised Elo of the alternative.
    std::int64_t rating_pairs = 20;      ///< Pairs of a rating match (tournament).
    std::int64_t elo_target_milli = 2'000'000;  ///< Above it, the config gets only a trickle.
    std::int64_t selfplay_ahead = 4;            ///< Selfplay items kept waiting.
    friend bool operator==(const ConfigPolicy&, const ConfigPolicy&) = default;
};
BOOST_DESCRIBE_STRUCT(ConfigPolicy, (),
                      (config, weight_ppm, games_per_job, games_to_export, window_games,
                       samples_to_train, training_cooldown_ms, pairs_per_batch, pairs_max,
                       games_min, elo0_milli, elo1_milli, rating_pairs, elo_target_milli,
                       selfplay_ahead))

/// What one job of a type needs and may take, for every config alike.
struct WorkPolicy {
    std::string type = {};  ///< selfplay, export, training, evaluation or tournament.
    std::int64_t slots = 1;
    std::int64_t gpus = 0;
    std::int64_t memory_bytes = 0;
    std::int64_t vram_bytes = 0;
    std::int64_t disk_bytes = 0;
    Duration timeout_ms = std::chrono::hours(1);
    std::int64_t attempts_max = 3;
    friend bool operator==(const WorkPolicy&, const WorkPolicy&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkPolicy, (),
                      (type, slots, gpus, memory_bytes, vram_bytes, disk_bytes, timeout_ms,
                       attempts_max))

/// The whole cluster config, replacing the one before. Every node acts on this, not on its file.
struct ClusterConfigChanged {
    static constexpr EventInfo info = {"CLUSTER_CONFIG_CHANGED", Noun::leadership,
                                       Authority::leader};
    std::string hash = {};  ///< SHA-256 of the canonical JSON of the two lists.
    std::vector<ConfigPolicy> configs = {};
    std::vector<WorkPolicy> work = {};
    std::string_view about() const { return hash; }
    friend bool operator==(const ClusterConfigChanged&, const ClusterConfigChanged&) = default;
};
BOOST_DESCRIBE_STRUCT(ClusterConfigChanged, (), (hash, configs, work))

/// What a person asked for through the API; its consequences are events of their own.
struct AdminAction {
    static constexpr EventInfo info = {"ADMIN_ACTION", Noun::leadership};
    std::string action =
        {};  ///< election/start, jobs/reset-stale, shutdown, sync/trigger, work/add, …
    std::string actor = {};  ///< Who, as far as the API knows: address and token name.
    std::string reason = {};
    std::string target = {};  ///< Id of what it is about; empty means the node.
    std::string_view about() const { return action; }
    friend bool operator==(const AdminAction&, const AdminAction&) = default;
};
BOOST_DESCRIBE_STRUCT(AdminAction, (), (action, actor, reason, target))

}  // namespace ringrift::bus
