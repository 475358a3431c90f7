#include "consumers/loops/elo_sync.hpp"

#include "producers/ratings.hpp"

namespace ringrift::consumers {

Commands EloSync::step(const producers::Sight& sight) const {
    Commands commands;
    for (const auto& [config, pool] : sight.cluster.ratings.pools) {
        if (pool.games != pool.games_said) commands.push_back(producers::UpdateElo{config});
    }
    for (const auto& [config, training] : sight.cluster.training.configs) {
        for (const bus::ModelId& model : training.promoted) {
            const producers::CompleteTournament command = {.config = config, .model = model};
            const bool complete = std::holds_alternative<std::vector<producers::Draft>>(
                producers::decide(sight, command));
            if (complete) commands.push_back(command);
        }
    }
    return commands;
}

}  // namespace ringrift::consumers
