#pragma once

// Whose event it is, where a test says none: who is elected says so itself, and what is the
// leader's is said by who leads.

#include "bus/event.hpp"

namespace ringrift::tests {

inline bus::NodeId speaker(const bus::Event& event, const bus::NodeId& leader,
                           const bus::NodeId& otherwise) {
    if (const auto* elected = std::get_if<bus::LeaderElected>(&event.fact)) return elected->leader;
    return bus::is_leaders(event) && !leader.empty() ? leader : otherwise;
}

}  // namespace ringrift::tests
