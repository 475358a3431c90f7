#pragma once

// Facts from outside: programs of researchers and the Python original's trainers, through the job
// channel or the API. Read under any of their names by producers/outside, judged here.
//
// Only what is nobody's decision is let in: data, training and rating facts, and alerts. Who claims
// work, who leads and what is promoted is never said from outside.

#include "producers/command.hpp"

namespace ringrift::producers {

Decision decide(const Sight& sight, const IngestFact& command);

/// Whether a fact of this kind may come from outside.
bool may_be_ingested(const bus::Fact& fact);

}  // namespace ringrift::producers
