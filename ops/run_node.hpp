#pragma once

// `ringrift node`: one node of a cluster, on NATS JetStream, with its API.
//
// Finds its cluster (ops/join.hpp), runs a nats-server of its own where it is asked to, waits until
// the log can be used, and from there on is the same daemon as `ringrift up`. The server ends after
// the node.

#include "ops/options.hpp"

namespace ringrift::ops {

/// As run_up. What is in the way is one sentence with its exit code.
Exit run_node(const LoadedOptions& loaded);

}  // namespace ringrift::ops
