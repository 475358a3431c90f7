#pragma once

// A route: which requests it takes, what it says about itself in /openapi.json,
// and the function that answers. The functions are free and read a `Sight`;
// they run on the API's thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/inbox.hpp"
#include "ops/admin.hpp"
#include "ops/http/event_source.hpp"
#include "ops/http/message.hpp"
#include "ops/http/queue_summary.hpp"
#include "ops/http/server.hpp"
#include "ops/join_terms.hpp"
#include "ops/pulse.hpp"
#include "projections/cluster_view.hpp"

namespace ringrift::ops::http {

struct ApiOptions {
    std::string node = {};
    std::string cluster = "main";
    std::string version = {};
    int port = 8770;                            ///< As bound; shown as this node's.
    std::string admin_token = {};               ///< Empty: POST from loopback only.
    std::vector<std::string> known_peers = {};  ///< Seed addresses, as configured.
    std::string join_token = {};                ///< Empty: nobody can join through this node.
    std::optional<JoinTerms> join = {};         ///< What it answers to those that want to join.
    bus::Duration beat_age_max = std::chrono::seconds(5);        ///< An older pulse is no health.
    bus::Duration catch_up_max = std::chrono::milliseconds(50);  ///< Folding before an answer.
    bus::Duration admin_deadline = std::chrono::seconds(10);
};

/// Text that a job printed; which attempt it was.
struct JobOutput {
    std::string text = {};
    bus::Position fence = 0;
    bool cut = false;  ///< The beginning is missing.
};

/// The last `bytes_max` that a job printed on this node; empty when nothing is
/// kept here. `stream` is stdout or stderr; `fence` 0 asks for the newest
/// attempt. Called on the API's thread.
using ReadJobOutput = std::function<std::optional<JobOutput>(
    const bus::WorkId& work, bus::Position fence, std::string_view stream, std::size_t bytes_max)>;

/// What the API is connected to. All outlive it.
struct ApiPorts {
    EventSource& events;
    PulseBoard& pulse;
    bus::Inbox<AdminRequest>& admin;
    std::function<bus::Time()> now = {};               ///< Callable on the API's thread.
    ReadJobOutput job_output = {};                     ///< May be empty.
    std::function<ServerCounts()> server_counts = {};  ///< May be empty.
    std::function<ProjectorPulse()> projector = {};    ///< Empty without PostgreSQL.
};

/// What a route may look at, at the time of one request.
struct Sight {
    const ApiOptions& options;
    const ApiPorts& ports;
    const projections::ClusterView& view;
    bus::Position position = 0;     ///< Of `view`.
    bus::Position log_last = 0;     ///< As far as known; the difference is what the view lacks.
    std::string fold_trouble = {};  ///< Why the API cannot read the log; empty when it can.
    const Pulse& pulse;
    const std::function<const QueueSummary&()>& queue;  ///< Worked out when asked for.
    bus::Time now = {};
};

struct Call {
    const Request& request;
    std::map<std::string, std::string> path = {};  ///< By name in the pattern.
};

struct Parameter {
    std::string_view name;
    std::string_view type;  ///< string, integer or boolean, as in JSON Schema.
    std::string_view description;
};

struct Route {
    std::string_view method;   ///< GET or POST.
    std::string_view pattern;  ///< e.g. /work/{work}
    std::string_view summary;
    std::vector<Parameter> query = {};
    Answer (*answer)(const Sight&, const Call&) = nullptr;
    bool kept = false;               ///< The answer may be given again as long as nothing it
                                     ///< rests on has changed.
    std::string_view alias_of = {};  ///< The path that is meant; the original had this one.
};

std::vector<Route> status_routes();
std::vector<Route> work_routes();
std::vector<Route> cluster_routes();
std::vector<Route> event_routes();
std::vector<Route> admin_routes();
std::vector<Route> join_routes();

}  // namespace ringrift::ops::http
