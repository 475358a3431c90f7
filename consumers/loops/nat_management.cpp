#include "consumers/loops/nat_management.hpp"

namespace ringrift::consumers {

Commands NatManagement::step(const producers::Sight& sight) const {
    const projections::NatSense& nat = sight.host.nat;
    const projections::NodeEntry* node = find(sight.cluster.nodes, sight.host.self);
    if (node == nullptr || nat.status.empty() || nat.status == node->nat_status) return {};
    return {producers::NoteNat{{.node = sight.host.self,
                                .status = nat.status,
                                .public_address = nat.public_address,
                                .relay = node->relay}}};
}

std::string NatManagement::why_rests(const producers::Sight& sight) const {
    if (stun_server.empty()) return "no STUN server is configured";
    if (sight.cluster.nodes.nodes.size() < 2) return "a cluster of one node needs no way in";
    return {};
}

}  // namespace ringrift::consumers
