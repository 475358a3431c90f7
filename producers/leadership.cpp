#include "producers/leadership.hpp"

#include <algorithm>
#include <set>

#include "producers/drafting.hpp"

namespace ringrift::producers {
namespace {

/// Without voters in the log the node's own configuration has counted the votes.
bool is_majority(const std::vector<bus::NodeId>& votes, const std::vector<bus::NodeId>& voters) {
    const std::set<bus::NodeId> granted(votes.begin(), votes.end());
    if (voters.empty()) return !granted.empty();
    const auto count =
        std::ranges::count_if(voters, [&](const auto& voter) { return granted.contains(voter); });
    return std::size_t(count) * 2 > voters.size();
}

/// What is wrong with a policy, naming the field; empty when nothing is.
std::string fault_of(const bus::ConfigPolicy& policy) {
    const std::string where = policy.config.value + ": ";
    if (policy.config.empty()) return "a config has no name";
    if (policy.weight_ppm < 0) return where + "weight_ppm must not be negative";
    if (policy.games_per_job < 1) return where + "games_per_job must be at least 1";
    if (policy.games_to_export < 1) return where + "games_to_export must be at least 1";
    if (policy.window_games < 1) return where + "window_games must be at least 1";
    if (policy.samples_to_train < 1) return where + "samples_to_train must be at least 1";
    if (policy.training_cooldown_ms < bus::Duration(0))
        return where + "training_cooldown_ms must not be negative";
    if (policy.pairs_per_batch < 1) return where + "pairs_per_batch must be at least 1";
    if (policy.pairs_max < policy.pairs_per_batch)
        return where + "pairs_max must not be below pairs_per_batch";
    if (policy.games_min < 1) return where + "games_min must be at least 1";
    if (policy.elo1_milli <= policy.elo0_milli)
        return where + "elo1_milli must be above elo0_milli";
    return {};
}

std::string fault_of(const bus::WorkPolicy& policy) {
    const std::string where = policy.type + ": ";
    if (policy.slots < 1) return where + "slots must be at least 1";
    if (std::min({policy.gpus, policy.memory_bytes, policy.vram_bytes, policy.disk_bytes}) < 0) {
        return where + "needs must not be negative";
    }
    if (policy.timeout_ms <= bus::Duration(0)) return where + "timeout_ms must be positive";
    if (policy.attempts_max < 1) return where + "attempts_max must be at least 1";
    return {};
}

std::string fault_of(const bus::ClusterConfigChanged& config) {
    if (config.hash.empty()) return "the config has no hash";
    std::set<bus::ConfigKey> configs;
    for (const auto& policy : config.configs) {
        if (const std::string fault = fault_of(policy); !fault.empty()) return fault;
        if (!configs.insert(policy.config).second) return policy.config.value + " is there twice";
    }
    std::set<std::string> types;
    for (const auto& policy : config.work) {
        if (const std::string fault = fault_of(policy); !fault.empty()) return fault;
        if (!types.insert(policy.type).second) return policy.type + " is there twice";
    }
    return {};
}

}  // namespace

Decision decide(const Sight& sight, const Lead& command) {
    const projections::LeadershipView& view = sight.cluster.leadership;
    if (command.node.empty()) return refuse(Refusal::Kind::invalid, "a leader needs an id");
    if (!is_majority(command.votes, view.voters)) {
        return refuse(Refusal::Kind::invalid,
                      "a leader needs the votes of a majority of the voters");
    }
    const bus::Epoch epoch = view.epoch + 1;
    return say({.id = id_of("leader", std::to_string(epoch)),
                .causation = view.election,
                .correlation = {},
                .fact = bus::LeaderElected{
                    .epoch = epoch, .leader = command.node, .votes = command.votes}});
}

Decision decide(const Sight& sight, const StepDown& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const projections::LeadershipView& view = sight.cluster.leadership;
    return say({.id = id_of("leader", std::to_string(view.epoch) + ":stepped-down"),
                .causation = view.election,
                .correlation = {},
                .fact = bus::LeaderSteppedDown{.leader = view.leader, .reason = command.reason}});
}

Decision decide(const Sight& sight, const ChangeConfig& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const projections::LeadershipView& view = sight.cluster.leadership;
    if (const std::string fault = fault_of(command.config); !fault.empty()) {
        return refuse(Refusal::Kind::invalid, fault);
    }
    if (view.config.hash == command.config.hash) {
        return refuse(Refusal::Kind::duplicate, "this config holds already");
    }
    return say({.id = id_of("config:" + command.config.hash, "after", view.config_changed),
                .causation = view.config_event,
                .correlation = {},
                .fact = command.config});
}

Decision decide(const Sight&, const NoteAdminAction& command) {
    if (command.id.empty()) return refuse(Refusal::Kind::invalid, "an admin action needs an id");
    if (command.action.action.empty())
        return refuse(Refusal::Kind::invalid, "an admin action needs a name");
    return say({.id = command.id, .causation = {}, .correlation = {}, .fact = command.action});
}

}  // namespace ringrift::producers
