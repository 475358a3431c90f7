#pragma once

// `ringrift on EVENT_TYPE... -- COMMAND...`: runs a command for each event, at least once.
//
// Follows the log over NATS where servers are named (--nats, --peers) or the data folder belongs to
// a node of a cluster, and through a node's API otherwise; --help says what is kept where.

#include <ostream>
#include <string>
#include <vector>

#include "ops/exit_codes.hpp"
#include "ops/options.hpp"

namespace CLI {
class App;
}

namespace ringrift::ops::on {

struct OnWishes {
    std::vector<std::string> types = {};
    std::vector<std::string> command = {};  ///< What stands behind `--`.
    std::string name = {};                  ///< Empty: from types and command.
    std::string from = "now";               ///< now, beginning or a position.
    std::int64_t attempts = 5;
    std::string timeout = "10m";
    std::string pause = "1s";
    std::string url = {};  ///< Of a node's API; empty: decided by what else is said.
    bool list = false;
    bool parked = false;
    std::string redrive = {};  ///< A position or `all`.
    std::string discard = {};  ///< A position.
    std::string forget = {};   ///< A name.
    bool as_json = false;
};

/// `words` of the command line up to `--`, and what stands behind it.
struct SplitWords {
    std::vector<std::string> before = {};
    std::vector<std::string> command = {};
};
/// CLI11 would take what stands behind `--` for more event types. Other commands stay whole.
SplitWords split_at_command(const std::vector<std::string>& words);

/// Adds the flags to the subcommand; `said` and `wishes` outlive the parsing.
void add_on_flags(CLI::App& command, OptionSources& said, OnWishes& wishes);

/// Blocks until told to stop (SIGINT, SIGTERM) or until it cannot go on; a list is printed at once.
Exit run_on(const LoadedOptions& loaded, const OnWishes& wishes, std::ostream& out);

}  // namespace ringrift::ops::on
