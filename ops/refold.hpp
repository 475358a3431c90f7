#pragma once

// `ringrift refold`: a node whose log was cut short, or restored, is to go on with what is left.
//
// A node refuses a log that ends before what it has read: nobody but a person can know that the
// rest is gone. Then this makes it forget what it had folded and voted; its name, id, files and
// jobs stay. For a node that is stopped, on every node of the cluster before any is started again:
// a vote that only some remember could keep the others from electing a leader.

#include <filesystem>
#include <ostream>

#include "ops/exit_codes.hpp"

namespace ringrift::ops {

/// At its next start the node of this folder folds its log from the first event.
Exit run_refold(const std::filesystem::path& data_folder, std::ostream& out);

}  // namespace ringrift::ops
