#pragma once

// Deciders about files: when data counts as synchronised, and what is wrong with a copy.
//
// Pure functions; see producers/command.hpp for the commands.

#include "producers/command.hpp"

namespace ringrift::producers {

/// MANIFEST_COLLECTED when the files sensed here differ from what the view believes; `duplicate`
/// when they do not. The first one of a node is always said.
Decision decide(const Sight& sight, const CollectManifest& command);
Decision decide(const Sight& sight, const PlanSync& command);
/// DATA_SYNC_COMPLETED over all unsynced games files of the config that lie at the node; its id is
/// derived from the last of them. `duplicate` when there are none.
Decision decide(const Sight& sight, const CompleteSync& command);
Decision decide(const Sight& sight, const QuarantineFile& command);

/// At most this many files in one DATA_SYNC_COMPLETED, so that the event stays small.
inline constexpr std::size_t files_per_sync_max = 1000;

}  // namespace ringrift::producers
