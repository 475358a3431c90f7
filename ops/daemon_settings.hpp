#pragma once

// What a node is told when it starts: from the options, the workload file, the machine and what its
// caller knows. Pure.

#include <string>

#include "ops/daemon.hpp"
#include "ops/node.hpp"
#include "ops/options.hpp"
#include "ops/workload.hpp"

namespace ringrift::ops {

NodeSettings node_settings(const Options& options, const Workload& workload,
                           const producers::Machine& machine, const Surroundings& around,
                           std::string log_kind);

}  // namespace ringrift::ops
