#pragma once

// The subcommands that are clients of a node's API: status, jobs, work, events, models, elo, nodes,
// explain, election, sync, shutdown. main adds them to its CLI::App beside its own.
//
// They know nothing but the API: what they show, curl could show. Exit codes: ops/exit_codes.hpp.

#include <memory>
#include <optional>
#include <ostream>

namespace CLI {
class App;
}

namespace ringrift::ops::cli {

class ClientCommands {
  public:
    /// The streams outlive this; this outlives the app's parsing.
    ClientCommands(CLI::App& app, std::ostream& out, std::ostream& err);
    ~ClientCommands();
    ClientCommands(const ClientCommands&) = delete;
    ClientCommands& operator=(const ClientCommands&) = delete;

    /// After parsing: runs the subcommand that was chosen. Empty when it was none of these.
    std::optional<int> run();

  private:
    struct Chosen;
    std::unique_ptr<Chosen> chosen_;
};

/// An app with these subcommands alone, for tests.
int run_client(int count, const char* const* arguments, std::ostream& out, std::ostream& err);

}  // namespace ringrift::ops::cli
