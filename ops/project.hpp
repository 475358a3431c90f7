#pragma once

// `ringrift migrate` and `ringrift project`: the tables in PostgreSQL, without a node.
//
// `project` reads the log and writes it on until it is told to stop, beside nodes or without one:
// that of a cluster on NATS, where the options or the data folder of one of its nodes say so, else
// the embedded log of a data folder, on a read-only connection. Whatever is wrong at the start
// (address, password, tables that do not fit) is one sentence with an exit code; later troubles are
// waited out.

#include <ostream>

#include "ops/options.hpp"
#include "projections/postgres.hpp"

namespace ringrift::ops {

struct ProjectWishes {
    bool rebuild = false;  ///< Fill the tables anew beside the live ones, and swap.
    bool once = false;     ///< End when all that the log holds is written.
};

/// Lists every migration; applies those that are missing unless `only_list`.
Exit run_migrate(const LoadedOptions& loaded, bool only_list, std::ostream& out);

Exit run_project(const LoadedOptions& loaded, const ProjectWishes& wishes, std::ostream& out);

/// What the trouble means for who started the program.
Exit exit_of(const projections::PostgresTrouble& trouble);

}  // namespace ringrift::ops
