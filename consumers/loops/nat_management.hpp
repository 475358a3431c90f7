#pragma once

// NatManagement: says how the world reaches this node, when that is not what the log believes.
//
// The probe itself (a STUN binding request) is a sensor of the shell, which writes what it learnt
// into HostView::nat. Without a STUN server there is nothing to learn, and a cluster of one needs
// no way in: then the loop rests and says so. A relay that was assigned stays.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct NatManagement {
    static constexpr std::string_view name = "nat_management";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::every_node;
    std::string stun_server = {};  ///< host:port; empty: none is configured.

    Commands step(const producers::Sight& sight) const;
    std::string why_rests(const producers::Sight& sight) const;
};
static_assert(MayRest<NatManagement>);

}  // namespace ringrift::consumers
