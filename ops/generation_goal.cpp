#include "ops/generation_goal.hpp"

namespace ringrift::ops {

bool generation_reached(const projections::ClusterView& cluster, std::int64_t generation) {
    if (projections::evaluated(cluster.training) < generation) return false;
    for (const auto& [key, config] : cluster.training.configs) {
        for (const auto& [model, candidate] : config.candidates) {
            const bool decided = candidate.status == projections::CandidateStatus::promoted ||
                                 candidate.status == projections::CandidateStatus::rejected;
            if (decided && !candidate.rebalanced) return false;
        }
        if (config.promoted.empty()) continue;
        const auto pool = cluster.ratings.pools.find(key);
        const bool rated = pool != cluster.ratings.pools.end() &&
                           pool->second.elo.contains(config.best) &&
                           pool->second.games == pool->second.games_said;
        if (!rated && config.best != bus::init_model) return false;
    }
    for (const auto& [kind, open] : cluster.work.open_by_kind) {
        if (kind.first == bus::WorkType::tournament && open > 0) return false;
    }
    return true;
}

}  // namespace ringrift::ops
