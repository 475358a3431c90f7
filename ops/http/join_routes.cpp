// /cluster/join: what a machine needs to know before it can be a node.

#include "bus/json.hpp"
#include "ops/http/auth.hpp"
#include "ops/http/parameters.hpp"
#include "ops/http/route.hpp"

namespace ringrift::ops::http {
namespace {

Answer join(const Sight& sight, const Call& call) {
    if (!sight.options.join) {
        return error_response(404, "no_cluster", "This node runs alone, on the embedded log.",
                              "Start nodes with 'ringrift node' to make a cluster.");
    }
    if (!shows(call.request, sight.options.join_token)) {
        Response refused = error_response(
            401, "wrong_token", "This is not the join token of the cluster.",
            "Start the node with the RINGRIFT_JOIN_TOKEN that the other members have.");
        refused.headers["WWW-Authenticate"] = "Bearer";
        return refused;
    }
    Parameters parameters(call.request);
    const JoinRequest request = {.node = {parameters.text("node")},
                                 .instance = parameters.text("instance"),
                                 .protocol = parameters.integer("protocol", 0, 0, 1'000'000),
                                 .cluster = parameters.text("cluster")};
    if (parameters.problem()) return *parameters.problem();
    JoinTerms terms = *sight.options.join;
    terms.members = members_of(sight.view.nodes);
    terms.now = sight.now;
    if (!sight.view.leadership.voters.empty()) terms.voters = sight.view.leadership.voters;
    if (const auto refusal = refusal_to_join(request, terms, sight.view.nodes)) {
        return error_response(refusal->status, refusal->code, refusal->sentence, refusal->hint);
    }
    Response response;
    bus::write_json(response.body, terms);
    response.headers["Cache-Control"] = "no-store";  // It may hold credentials.
    return response;
}

}  // namespace

std::vector<Route> join_routes() {
    return {{.method = "GET",
             .pattern = "/cluster/join",
             .summary = "What a new node needs to know; with the join token as bearer",
             .query = {{"node", "string", "Id that it wants to have"},
                       {"instance", "string", "Of its data folder"},
                       {"protocol", "integer", "That it speaks"},
                       {"cluster", "string", "That it expects; empty takes any"}},
             .answer = join}};
}

}  // namespace ringrift::ops::http
