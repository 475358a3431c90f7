#pragma once

// What the operator of a simulated cluster asks for now and then: sensible things, at any moment.

#include <optional>

#include "ops/node.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

/// Empty when there is nothing to ask for yet.
std::optional<ops::AdminRequest> draw_request(const ops::Node& node, Random& random);

}  // namespace ringrift::simulation
