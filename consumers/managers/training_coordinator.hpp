#pragma once

// TrainingCoordinator: the next missing step of the loop of learning, for each config.
//
// synchronised games -> export -> training -> evaluation -> promotion decision -> curriculum. Each
// step is asked for because the view says that it is missing, never because an event was seen: a
// crash anywhere only delays the next one. Ids are derived from the cause, so asking twice asks
// once. Pure; runs on the leader, as part of the DataManagement loop.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

/// Why a config does or does not train now, for people and for the test of the rule.
struct Readiness {
    bool export_due = false;
    bool training_due = false;
    std::string reason = {};  ///< What is being waited for, with numbers.
};

class TrainingCoordinator {
  public:
    /// Matches of one evaluation that may be open at once: two keep two slots busy, more would be
    /// played in vain when the test ends early.
    static constexpr std::int64_t matches_open_max = 2;

    explicit TrainingCoordinator(std::int64_t run_seed = 0) : run_seed_(run_seed) {}

    Readiness check_readiness(const producers::Sight& sight, const bus::ConfigKey& config) const;

    /// The training that is due; empty commands when none is.
    Commands dispatch_training_job(const producers::Sight& sight,
                                   const bus::ConfigKey& config) const;

    /// Everything that is missing now, for all configs.
    Commands step(const producers::Sight& sight) const;

  private:
    Commands dispatch_export_job(const producers::Sight& sight, const bus::ConfigKey& config) const;
    Commands evaluate(const producers::Sight& sight, const bus::ConfigPolicy& policy) const;

    std::int64_t run_seed_;
};

}  // namespace ringrift::consumers
