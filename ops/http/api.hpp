#pragma once

// The status API: which request is answered by which route, over a view that it
// folds for itself.
//
// Before each answer it folds what is new, for a bounded time; what it could
// not fold is said as lag. So no answer waits for the node's thread, and none
// makes that thread wait. All calls on the server's thread; construct it before
// the server starts.

#include <map>
#include <string>
#include <vector>

#include "ops/http/route.hpp"
#include "projections/folded.hpp"

namespace ringrift::ops::http {

class Api {
  public:
    /// `start` is a snapshot to go on from; empty folds from the beginning of the
    /// log.
    Api(ApiOptions options, ApiPorts ports,
        projections::Folded<projections::ClusterView> start = {});

    Answer handle(const Request& request);

    /// Headers that every answer carries: X-RingRift-Epoch and
    /// X-RingRift-Position.
    void finish(Response& response) const;

    /// Folds what is new, for a bounded time. True when there is more.
    bool tick();

    /// What to give to the server. The API must outlive it.
    ServerCalls calls();

    /// The port that the server got, when it was asked to pick one.
    void bound_to(int port) { options_.port = port; }

    const std::vector<Route>& routes() const { return routes_; }

  private:
    bool fold_for(bus::Duration time);
    Answer answer(const Route& route, const Call& call);
    const QueueSummary& summary(bus::Time now);
    Answer no_route(const Request& request) const;
    std::map<std::string, std::string> position_headers() const;

    ApiOptions options_;
    ApiPorts ports_;
    std::vector<Route> routes_;
    projections::Folded<projections::ClusterView> folded_;
    bus::Position log_last_ = 0;
    std::string fold_trouble_;
    QueueSummary summary_;

    /// Answers of `kept` routes by target, and what they rest on; cleared when
    /// that changes.
    struct Kept {
        bus::Position position = 0;
        bus::Time beat_at = {};
        std::int64_t tenth_of_second = 0;
        std::map<std::string, Response> answers = {};
    };
    Kept kept_;
};

/// /openapi.json: OpenAPI 3.1 of the routes.
std::string openapi(const std::vector<Route>& routes, const std::string& version);

}  // namespace ringrift::ops::http
