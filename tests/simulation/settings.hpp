#pragma once

// What kind of node and workload a simulation has: drawn from its seed, small enough that the whole
// loop of learning turns many times in a few hours.

#include "ops/node.hpp"

namespace ringrift::simulation {

producers::Machine draw_machine(std::uint64_t seed);

/// `version` counts the changes of the workload file.
ops::NodeSettings draw_settings(std::uint64_t seed, std::int64_t version);

}  // namespace ringrift::simulation
