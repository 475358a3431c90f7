#pragma once

// `ringrift log`: the history in a data folder, without a node and without stopping one.
//
// Reads the embedded log on a read-only connection and writes one CloudEvent a line, oldest first,
// as `ringrift events --json` does through the API.

#include <filesystem>
#include <ostream>

#include "bus/sqlite_reader.hpp"
#include "ops/exit_codes.hpp"

namespace ringrift::ops {

Exit print_log(const std::filesystem::path& data_folder, const bus::EventFilter& filter,
               std::ostream& out);

}  // namespace ringrift::ops
