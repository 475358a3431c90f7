#include "producers/leadership.hpp"

#include <algorithm>
#include <set>

#include "producers/drafting.hpp"

namespace ringrift::producers {
namespace {

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
    if (command.epoch <= view.epoch) {
        return refuse(Refusal::Kind::duplicate,
                      "epoch " + std::to_string(command.epoch) + " has begun already; stand anew");
    }
    if (command.epoch > view.epoch + 1) {
        return refuse(Refusal::Kind::behind, "the log does not show yet the epoch before " +
                                                 std::to_string(command.epoch));
    }
    const auto& founders = command.voters.empty() ? command.votes : command.voters;
    const auto& voters = view.voters.empty() ? founders : view.voters;
    if (std::ranges::find(voters, command.node) == voters.end())
        return refuse(Refusal::Kind::invalid, command.node.value + " is not a voter");
    if (!projections::is_majority(command.votes, voters)) {
        return refuse(Refusal::Kind::invalid,
                      "a leader needs the votes of a majority of the voters");
    }
    // Named after the candidate and its round: one that turns out void must not stand in the way of
    // the next one for the same epoch.
    const std::string attempt = std::to_string(command.epoch) + ":" + command.node.value;
    return say({.id = id_of("leader", attempt, command.round),
                .causation = view.election,
                .correlation = {},
                .fact = bus::LeaderElected{
                    .epoch = command.epoch,
                    .leader = command.node,
                    .votes = command.votes,
                    .voters = view.voters.empty() ? command.voters : std::vector<bus::NodeId>()}});
}

Decision decide(const Sight& sight, const StepDown& command) {
    const projections::LeadershipView& view = sight.cluster.leadership;
    // By the record alone: whose lease is over, too, may say that its reign is.
    if (projections::role_of(view, sight.host.self) != projections::Role::leader)
        return not_the_leader(sight);
    return say({.id = id_of("leader", std::to_string(view.epoch) + ":stepped-down"),
                .causation = view.election,
                .correlation = {},
                .fact = bus::LeaderSteppedDown{.leader = view.leader, .reason = command.reason}});
}

Decision decide(const Sight& sight, const ChangeVoters& command) {
    if (!leads(sight)) return not_the_leader(sight);
    const projections::LeadershipView& view = sight.cluster.leadership;
    const std::string fault = projections::fault_of_voters(command.voters, view.voters);
    if (!fault.empty()) return refuse(Refusal::Kind::invalid, fault);
    for (const bus::NodeId& voter : command.voters) {
        if (std::ranges::find(view.voters, voter) != view.voters.end()) continue;
        // Its vote will be needed at once: from two voters on, of two.
        const projections::NodeEntry* node = projections::find(sight.cluster.nodes, voter);
        if (node != nullptr && projections::is_alive(*node)) continue;
        return refuse(Refusal::Kind::unknown,
                      voter.value + " is not in the cluster now; start it first");
    }
    return say({.id = id_of("voters", "after", view.voters_changed),
                .causation = view.voters_event,
                .correlation = {},
                .fact = bus::VotersChanged{.voters = command.voters, .reason = command.reason}});
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
