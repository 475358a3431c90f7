#include "ops/join_terms.hpp"

#include <cstdlib>

namespace ringrift::ops {

std::optional<JoinRefusal> refusal_to_join(const JoinRequest& request, const JoinTerms& terms,
                                           const projections::NodesView& nodes) {
    if (!request.cluster.empty() && request.cluster != terms.cluster) {
        return JoinRefusal{.code = "wrong_cluster",
                           .sentence = "This is the cluster '" + terms.cluster + "', not '" +
                                       request.cluster + "'.",
                           .hint =
                               "Name a member of the other cluster with --peers, or leave out "
                               "--cluster."};
    }
    if (request.protocol != terms.protocol) {
        return JoinRefusal{.code = "incompatible_version",
                           .sentence = "This member speaks protocol " +
                                       std::to_string(terms.protocol) + " (version " +
                                       terms.version + "), the node " +
                                       std::to_string(request.protocol) + ".",
                           .hint = "Install the same version on both."};
    }
    const projections::NodeEntry* known = find(nodes, request.node);
    if (known != nullptr && known->status == projections::NodeStatus::retired) {
        return JoinRefusal{.code = "node_retired",
                           .sentence = "The node '" + request.node.value + "' is retired: " +
                                       (known->reason.empty() ? "no reason given" : known->reason) +
                                       ".",
                           .hint =
                               "Give this one another --node-id, or let it come back with "
                               "'ringrift release " +
                               request.node.value + "'."};
    }
    const bool is_taken = known != nullptr && is_alive(*known) && !known->joined.instance.empty() &&
                          known->joined.instance != request.instance;
    if (is_taken) {
        return JoinRefusal{.code = "node_id_taken",
                           .sentence = "A node '" + request.node.value + "' is here already, at " +
                                       known->joined.host + ":" +
                                       std::to_string(known->joined.port) + ".",
                           .hint =
                               "Give this one another --node-id. If the former is dead, wait "
                               "until it counts as offline."};
    }
    return {};
}

std::vector<std::string> members_of(const projections::NodesView& nodes) {
    std::vector<std::string> members;
    for (const auto& [id, node] : nodes.nodes) {
        if (!is_alive(node) || node.joined.host.empty()) continue;
        const bool is_v6 = node.joined.host.find(':') != std::string::npos;
        members.push_back((is_v6 ? "[" + node.joined.host + "]" : node.joined.host) + ":" +
                          std::to_string(node.joined.port));
    }
    return members;
}

std::optional<std::string> clock_problem(bus::Time member, bus::Time sent, bus::Time received) {
    // The member looked at its clock between the two.
    const bus::Duration early = sent - member;
    const bus::Duration late = member - received;
    const bus::Duration apart = std::max(early, late);
    if (apart <= clock_skew_max) return {};
    const auto seconds = std::to_string(apart.count() / 1000);
    return std::string("this machine's clock is ") + seconds + " s " +
           (early > late ? "ahead of" : "behind") + " the cluster's; set it (timedatectl, chrony)";
}

}  // namespace ringrift::ops
