#include "consumers/loops/queue_populator.hpp"

#include <set>

#include "consumers/work_order.hpp"
#include "producers/ratings.hpp"
#include "producers/training.hpp"

namespace ringrift::consumers {
namespace {

std::int64_t slots_of_cluster(const producers::Sight& sight) {
    std::int64_t slots = 0;
    for (const auto& [id, node] : sight.cluster.nodes.nodes) {
        if (takes_work(node, sight.now)) slots += node.joined.capacity.slots;
    }
    return slots;
}

std::int64_t selfplay_open(const projections::WorkView& work) {
    std::int64_t open = 0;
    for (const auto& [kind, count] : work.open_by_kind) {
        if (kind.first == bus::WorkType::selfplay) open += count;
    }
    return open;
}

/// Rating matches of a pairing: once, and for a best model under suspicion as many more as it takes
/// to say that again (producers/training.hpp), so that a suspicion is either confirmed or dropped.
std::int64_t rounds_of(const projections::ConfigTraining& training, const bus::ModelId& model,
                       std::int64_t pairs_per_match) {
    if (model != training.best) return 1;
    const std::int64_t games_per_match = 2 * pairs_per_match;
    const std::int64_t to_confirm =
        (producers::regression_games + games_per_match - 1) / games_per_match;
    return 1 + training.regressions * to_confirm;
}

/// How often selfplay of the config was ever queued: the next item's number.
std::int64_t queued_before(const projections::WorkView& work, const bus::ConfigKey& config) {
    const auto total = work.queued_total.find({bus::WorkType::selfplay, config});
    return total == work.queued_total.end() ? 0 : total->second;
}

}  // namespace

Commands QueuePopulator::step(const producers::Sight& sight) const {
    Commands commands = rating_matches(sight);
    std::map<bus::ConfigKey, std::int64_t> asked;
    std::int64_t open = selfplay_open(sight.cluster.work);
    const std::int64_t wanted = slots_of_cluster(sight) * open_per_slot;
    for (std::int64_t added = 0; open < wanted && added < added_per_step_max; ++added, ++open) {
        const auto config = scheduler.pick_weighted_config(sight, asked);
        if (!config) break;
        const std::int64_t n = queued_before(sight.cluster.work, *config) + ++asked[*config];
        commands.push_back(scheduler.make_selfplay(sight, *config, n));
    }
    return commands;
}

Commands QueuePopulator::rating_matches(const producers::Sight& sight) const {
    Commands commands;
    for (const auto& [config, training] : sight.cluster.training.configs) {
        const auto* policy = policy_of(sight.cluster.leadership, config);
        if (policy == nullptr || policy->rating_pairs <= 0) continue;
        for (const bus::ModelId& model : training.promoted) {
            const projections::Candidate& candidate = training.candidates.at(model);
            const std::int64_t rounds = rounds_of(training, model, policy->rating_pairs);
            for (const bus::ModelId& opponent : std::set{bus::init_model, candidate.baseline}) {
                for (std::int64_t round = 0; round < rounds; ++round) {
                    const bus::WorkId match =
                        producers::rating_match(config, model, opponent, round);
                    if (find(sight.cluster.work, match) != nullptr) continue;
                    if (sight.cluster.ratings.matches.contains(match.value)) continue;
                    producers::QueueWork command = {.cause = candidate.last_event,
                                                    .correlation = candidate.correlation};
                    command.work = make_order(sight.cluster, bus::WorkType::tournament, config,
                                              match, run_seed);
                    command.work.model = model;
                    command.work.baseline = opponent;
                    command.work.games = policy->rating_pairs;
                    commands.push_back(std::move(command));
                }
            }
        }
    }
    return commands;
}

}  // namespace ringrift::consumers
