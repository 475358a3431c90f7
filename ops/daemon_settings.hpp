#pragma once

// From what the operator set, what the machine is and what lies around it, to a node's settings.
//
// Pure; any thread.

#include "ops/daemon.hpp"
#include "ops/node.hpp"
#include "producers/host.hpp"

namespace ringrift::ops {

NodeSettings settings_of(const Options& options, const Workload& workload,
                         const producers::Machine& machine, const Surroundings& around,
                         std::string log_kind);

}  // namespace ringrift::ops
