#pragma once

// The data folder of a node, looked at before anything is started.

#include <filesystem>
#include <optional>

#include "ops/exit_codes.hpp"

namespace ringrift::ops {

/// Makes the folder where it is missing. Why it cannot be used (not writable, no room); empty when
/// it can.
std::optional<Exit> prepare_data_folder(const std::filesystem::path& folder);

}  // namespace ringrift::ops
