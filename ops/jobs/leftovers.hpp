#pragma once

// Ends what a killed supervisor left behind: its program dies with it, but not what that started.

#include <filesystem>
#include <optional>

#include "ops/jobs/job_files.hpp"

namespace ringrift::ops {

/// Kills every process that was started with this folder as its RINGRIFT_OUTPUT_DIR, or that is in
/// the session of the dead supervisor, and waits until they are gone, at most 10 s. False when some
/// are not. REQUIRES: the supervisor is dead, and none can start in the folder.
bool end_leftovers(const std::filesystem::path& folder,
                   const std::optional<ProcessIdentity>& supervisor);

}  // namespace ringrift::ops
