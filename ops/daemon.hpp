#pragma once

// The process of one node: its stores, its hands, its API and the node's thread, for `ringrift up`
// and `ringrift node` alike.
//
// Owns everything by value, in the order of construction, and ends it in the reverse one. Whatever
// is in the way (a data folder that is taken or full, a port in use) is found before anything is
// started, and is one sentence with an exit code of its own.

#include "ops/event_access.hpp"
#include "ops/workload.hpp"

namespace ringrift::ops {

/// Runs until told to stop (SIGINT, SIGTERM, POST /admin/shutdown, --for, --until-generation).
/// Blocks the calling thread, which becomes the node's thread.
Exit run_daemon(const LoadedOptions& loaded, Workload workload, OpenEvents open);

}  // namespace ringrift::ops
