#pragma once

// The words of a command line before it is parsed: whether each names a command that there is.
//
// CLI11 says only that a command is missing. Pure; any thread.

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ringrift::ops::cli {

/// What to say instead of parsing: that there is no such command, with the nearest one, or that one
/// is missing, with the list. Empty when the words lead to a command, or ask for help.
std::optional<std::string> wrong_command(const CLI::App& app,
                                         const std::vector<std::string>& words);

}  // namespace ringrift::ops::cli
