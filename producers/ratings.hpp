#pragma once

// Deciders about ratings: when they are worked out anew, and when a tournament is over.
//
// Pure functions; see producers/command.hpp for the commands.

#include "producers/command.hpp"

namespace ringrift::producers {

/// ELO_UPDATED for every model of the config's pool whose rating, error or games changed, `init`
/// anchored at 0. `duplicate` when no game was added since the last one.
Decision decide(const Sight& sight, const UpdateElo& command);
/// TOURNAMENT_COMPLETED when all rating matches that were held for the model have been counted.
Decision decide(const Sight& sight, const CompleteTournament& command);

/// Id of the rating match of `model` against `opponent`; `round` counts from 0.
bus::WorkId rating_match(const bus::ConfigKey& config, const bus::ModelId& model,
                         const bus::ModelId& opponent, std::int64_t round);
/// The tournament that a promoted model is held: against `init` and against its predecessor.
std::string tournament_of(const bus::ConfigKey& config, const bus::ModelId& model);

}  // namespace ringrift::producers
