#pragma once

// Deciders about files: when data counts as synchronised, what was copied, what is wrong with a
// copy, and which copy may go.
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
Decision decide(const Sight& sight, const NoteSyncStarted& command);
Decision decide(const Sight& sight, const NoteReplicated& command);
Decision decide(const Sight& sight, const NoteSyncFailed& command);
/// FILE_DELETED with the nodes that prove it; refused unless at least `copies_min` other nodes
/// that are well have a verified copy, and while the file is needed here or by live work, or is the
/// best model of its config. The node deletes only when it has folded its own word back.
Decision decide(const Sight& sight, const DeleteFile& command);

/// At most this many files in one DATA_SYNC_COMPLETED, so that the event stays small.
inline constexpr std::size_t files_per_sync_max = 1000;

}  // namespace ringrift::producers
