#pragma once

// The goal of `--until-generation N`. A pure function; any thread.

#include <cstdint>

#include "projections/cluster_view.hpp"

namespace ringrift::ops {

/// Whether so many candidates are decided upon and nothing of theirs is still to be said: the
/// curriculum has taken note, and the rating matches of the promoted ones are counted.
bool generation_reached(const projections::ClusterView& cluster, std::int64_t generation);

}  // namespace ringrift::ops
