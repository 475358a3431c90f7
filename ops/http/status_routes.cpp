// /status, /health, /ready, /metrics: what this node is and how it goes.

#include <algorithm>

#include <boost/json.hpp>

#include "ops/http/metrics.hpp"
#include "ops/http/views_json.hpp"

namespace ringrift::ops::http {
namespace {

namespace json = boost::json;
using projections::NodeStatus;
using projections::WorkStatus;

/// The other nodes. This one is not among its own peers, as in the original:
/// alone it has 0 of 0.
struct Peers {
    std::int64_t total = 0;  ///< Neither left nor retired.
    std::int64_t alive = 0;
    std::int64_t suspected = 0;
};

Peers peers_of(const Sight& sight) {
    Peers peers;
    for (const auto& [id, node] : sight.view.nodes.nodes) {
        const bool gone = node.status == NodeStatus::left || node.status == NodeStatus::retired;
        if (gone || id.value == sight.options.node) continue;
        ++peers.total;
        if (is_alive(node)) ++peers.alive;
        if (node.status == NodeStatus::suspected) ++peers.suspected;
    }
    return peers;
}

struct Quorum {
    json::array ids = {};
    std::int64_t alive = 0;
    std::int64_t needed = 0;
    bool ok = false;
};

/// Those of the cluster config; where it names none (the embedded log), who joined as a voter.
std::vector<bus::NodeId> voters_of(const projections::ClusterView& view) {
    std::vector<bus::NodeId> voters = view.leadership.voters;
    if (!voters.empty()) return voters;
    for (const auto& [id, node] : view.nodes.nodes) {
        if (node.joined.voter && node.status != NodeStatus::retired) voters.push_back(id);
    }
    return voters;
}

Quorum quorum_of(const Sight& sight) {
    Quorum quorum;
    for (const bus::NodeId& voter : voters_of(sight.view)) {
        quorum.ids.emplace_back(voter.value);
        const auto node = sight.view.nodes.nodes.find(voter);
        if (node != sight.view.nodes.nodes.end() && is_alive(node->second)) ++quorum.alive;
    }
    quorum.needed = static_cast<std::int64_t>(quorum.ids.size() / 2 + 1);
    quorum.ok = quorum.alive >= quorum.needed;
    return quorum;
}

bool beats(const Sight& sight) {
    return sight.now - sight.pulse.beat_at <= sight.options.beat_age_max;
}

double uptime(const Sight& sight) {
    return sight.pulse.started_at == bus::Time()
               ? 0.0
               : seconds_between(sight.pulse.started_at, sight.now);
}

json::object loops_json(const Pulse& pulse) {
    json::object loops;
    for (const LoopPulse& loop : pulse.loops) loops[loop.name] = loop_json(loop);
    return loops;
}

void add_identity(json::object& body, const Sight& sight) {
    const Peers peers = peers_of(sight);
    const std::string& leader = sight.view.leadership.leader.value;
    body["node_id"] = sight.options.node;
    body["cluster"] = sight.options.cluster;
    body["role"] = sight.pulse.leads ? "leader" : "follower";
    body["is_leader"] = sight.pulse.leads;
    body["leader_id"] = leader.empty() ? json::value() : json::value(leader);
    // By the log, as far as it is read, somebody may lead whom nobody hears.
    const std::string& effective = sight.pulse.leader;
    body["effective_leader_id"] = effective.empty() ? json::value() : json::value(effective);
    body["no_leader_because"] = sight.pulse.no_leader;
    body["alive_peers"] = peers.alive;
    body["total_peers"] = peers.total;
    body["suspect_peers"] = peers.suspected;
    body["dead_peers"] = peers.total - peers.alive;
    body["uptime_seconds"] = static_cast<std::int64_t>(uptime(sight));
    body["version"] = sight.options.version;
}

void add_members(json::object& body, const Sight& sight) {
    json::object peers;
    for (const auto& [id, node] : sight.view.nodes.nodes) {
        json::object shown = node_json(id, node, sight);
        const auto beat = sight.pulse.heartbeats.find(id);
        shown["last_heartbeat"] =
            beat == sight.pulse.heartbeats.end() ? 0 : unix_seconds(beat->second.at);
        if (id.value == sight.options.node)
            body["self"] = std::move(shown);
        else if (node.status != NodeStatus::left && node.status != NodeStatus::retired)
            peers[id.value] = std::move(shown);
    }
    body["peers"] = std::move(peers);
    json::array seeds;
    for (const std::string& seed : sight.options.known_peers) seeds.emplace_back(seed);
    body["known_peers"] = std::move(seeds);
    const Quorum quorum = quorum_of(sight);
    body["voters"] = json::object{{"ids", quorum.ids},
                                  {"total", quorum.ids.size()},
                                  {"alive", quorum.alive},
                                  {"quorum", quorum.needed},
                                  {"quorum_ok", quorum.ok}};
    body["voter_node_ids"] = quorum.ids;
    body["voters_alive"] = quorum.alive;
    body["voter_quorum_size"] = quorum.needed;
    body["voter_quorum_ok"] = quorum.ok;
}

void add_work(json::object& body, const Sight& sight) {
    const projections::WorkView& work = sight.view.work;
    const auto running = [&](bus::WorkType type) {
        return count_of(work, type, WorkStatus::running);
    };
    std::int64_t active = 0;
    for (const auto status : {WorkStatus::claimed, WorkStatus::running}) {
        const auto found = work.by_status.find(status);
        if (found != work.by_status.end()) active += found->second;
    }
    body["selfplay_jobs"] = running(bus::WorkType::selfplay);
    body["training_jobs"] = running(bus::WorkType::training);
    body["active_jobs"] = active;
    body["local_jobs"] = sight.pulse.jobs.size();
    body["work_queue"] = work_queue_json(sight);
    body["work_queue_size"] = work.items.size();
}

void add_log(json::object& body, const Sight& sight) {
    const projections::FoldCounts& counts = sight.view.counts;
    const auto lag = [](bus::Position last, bus::Position at) { return last > at ? last - at : 0; };
    body["epoch"] = sight.view.leadership.epoch;
    body["position"] = sight.position;
    body["lag"] = lag(sight.pulse.log_last, sight.pulse.position);
    body["log"] = json::object{
        {"kind", sight.pulse.log_kind},
        {"last", sight.log_last},
        {"node_position", sight.pulse.position},
        {"api_lag", lag(sight.log_last, sight.position)},
        {"caught_up", sight.pulse.caught_up},
        {"trouble", sight.pulse.log_trouble.empty() ? sight.fold_trouble : sight.pulse.log_trouble},
        {"last_event_at", bus::to_text(counts.last_event_at)}};
    body["outbox"] = sight.pulse.outbox;
    body["snapshot"] = json::object{{"bytes", sight.pulse.snapshot_bytes},
                                    {"at", unix_seconds(sight.pulse.snapshot_at)}};
    json::object refusals;
    for (const auto& [kind, count] : sight.pulse.refusals) refusals[kind] = count;
    body["refusals"] = std::move(refusals);
    json::object outside;
    for (const auto& [shown, kind] : {std::pair("taken", "ingested"),
                                      {"parked", "ingest_parked"},
                                      {"refused", "ingest_refused"}}) {
        const auto count = sight.pulse.counts.find(kind);
        outside[shown] = count == sight.pulse.counts.end() ? 0 : count->second;
    }
    body["events_from_outside"] = std::move(outside);
    body["void_events"] = counts.void_events;
    body["unknown_events"] = counts.unknown_events;
    body["parked_events"] = counts.parked_events;
    json::array parked;
    for (const projections::UnreadEntry& entry : counts.parked) {
        parked.push_back(
            {{"position", entry.position}, {"type", entry.type}, {"problem", entry.problem}});
    }
    body["parked"] = std::move(parked);
}

void add_learning(json::object& body, const Sight& sight) {
    json::object training;
    for (const auto& [config, state] : sight.view.training.configs)
        training[config.value] = config_training_json(config, sight);
    for (const auto& [config, state] : sight.view.data.configs) {
        if (!training.contains(config.value))
            training[config.value] = config_training_json(config, sight);
    }
    body["training"] = std::move(training);
    body["config_hash"] = sight.view.leadership.config.hash;
    json::array alerts;
    for (const auto& [name, entry] : sight.view.nodes.alerts) {
        alerts.push_back({{"alert", name},
                          {"node", entry.alert.node.value},
                          {"severity", entry.alert.severity},
                          {"message", entry.alert.message},
                          {"since", bus::to_text(entry.since_at)}});
    }
    body["alerts"] = std::move(alerts);
}

void add_server(json::object& body, const Sight& sight) {
    if (!sight.ports.server_counts) return;
    const ServerCounts counts = sight.ports.server_counts();
    body["api"] = json::object{{"connections", counts.connections},
                               {"streams", counts.streams},
                               {"requests", counts.requests},
                               {"clients_too_slow", counts.clients_too_slow},
                               {"streams_dropped", counts.streams_dropped},
                               {"last_drop", counts.last_drop}};
}

/// Null on a machine that is a cluster by itself.
void add_transfers(json::object& body, const Sight& sight) {
    body["data_plane"] = nullptr;
    if (!sight.pulse.transfers) return;
    const consumers::TransferCounts& counts = *sight.pulse.transfers;
    body["data_plane"] =
        json::object{{"address", counts.address},       {"serving", counts.serving},
                     {"fetching", counts.fetching},     {"waiting", counts.waiting},
                     {"files_fetched", counts.fetched}, {"fetches_failed", counts.failed},
                     {"bytes_in", counts.bytes_in},     {"bytes_out", counts.bytes_out},
                     {"relayed", counts.relayed},       {"denied", counts.denied},
                     {"malformed", counts.malformed},   {"quarantined", counts.quarantined},
                     {"trouble", counts.trouble}};
}

void add_postgres(json::object& body, const Sight& sight) {
    if (!sight.ports.projector) return;
    const ProjectorPulse pulse = sight.ports.projector();
    body["postgres"] = json::object{{"state", pulse.state},
                                    {"address", pulse.address},
                                    {"connected", pulse.connected},
                                    {"position", pulse.position},
                                    {"lag", lag_of(pulse, sight.log_last)},
                                    {"trouble", pulse.trouble},
                                    {"needs_a_person", pulse.needs_a_person},
                                    {"written_at", unix_seconds(pulse.written_at)},
                                    {"events", pulse.events},
                                    {"rows", pulse.rows},
                                    {"rows_refused", pulse.rows_refused},
                                    {"rebuilds", pulse.rebuilds}};
}

Answer status(const Sight& sight, const Call&) {
    json::object body;
    add_identity(body, sight);
    add_work(body, sight);
    // Under both names, from a value of its own: a new entry moves those that are there.
    const json::value subscriptions = subscriptions_json(sight.pulse, sight.now);
    body["event_subscription_status"] = subscriptions;
    body["event_subscriptions"] = subscriptions;
    const json::value loops = loops_json(sight.pulse);
    body["loops"] = loops;
    body["background_loops"] = loops;
    add_members(body, sight);
    add_log(body, sight);
    body["disk"] = disk_json(sight.pulse);
    add_learning(body, sight);
    add_server(body, sight);
    add_transfers(body, sight);
    add_postgres(body, sight);
    body["stopping"] = sight.pulse.stopping;
    body["timestamp"] = unix_seconds(sight.now);
    return json_response(body);
}

Answer health(const Sight& sight, const Call&) {
    const bool healthy = beats(sight);
    const bool started = sight.pulse.beat_at != bus::Time();
    json::object body = {{"status", healthy ? "ok" : "error"}, {"healthy", healthy}};
    add_identity(body, sight);
    body["beat_age_seconds"] =
        started ? json::value(seconds_between(sight.pulse.beat_at, sight.now)) : json::value();
    body["beat_age_seconds_max"] = from_milli(sight.options.beat_age_max.count());
    body["timestamp"] = unix_seconds(sight.now);
    if (healthy) return json_response(body);
    body["error"] = started ? "The node's thread has not gone round for " +
                                  std::to_string(static_cast<std::int64_t>(
                                      seconds_between(sight.pulse.beat_at, sight.now))) +
                                  " s."
                            : "The node's thread has not gone round yet.";
    body["code"] = "stuck";
    body["hint"] = "If it lasts, restart the node; its jobs are re-adopted.";
    return json_response(body, 503);
}

Answer ready(const Sight& sight, const Call&) {
    json::array reasons;
    if (!beats(sight))
        reasons.emplace_back("The node's thread is stuck or has not started; see /health.");
    if (!sight.pulse.caught_up) reasons.emplace_back("The node has not folded the whole log yet.");
    if (!sight.pulse.log_trouble.empty())
        reasons.emplace_back("The log: " + sight.pulse.log_trouble);
    if (!sight.fold_trouble.empty()) reasons.emplace_back(sight.fold_trouble);
    if (sight.pulse.stopping) reasons.emplace_back("The node is stopping.");
    if (!sight.pulse.no_leader.empty())
        reasons.emplace_back("No leader: " + sight.pulse.no_leader + ".");
    else if (sight.view.leadership.leader.empty())
        reasons.emplace_back("No leader is known; see /status .voters.");
    if (sight.pulse.disk_state == "halted")
        reasons.emplace_back("Disk: " + sight.pulse.disk_reason);
    for (const std::string& event : critical_failed(sight.pulse)) {
        reasons.emplace_back("The subscription to " + event +
                             " is not proved; see /status .event_subscription_status.");
    }
    const bool is_ready = reasons.empty();
    return json_response(
        {{"ready", is_ready}, {"node_id", sight.options.node}, {"reasons", std::move(reasons)}},
        is_ready ? 200 : 503);
}

Answer loops(const Sight& sight, const Call&) {
    json::array unhealthy;
    for (const LoopPulse& loop : sight.pulse.loops) {
        const bool late = loop.enabled && sight.now - loop.last_run_at > 2 * loop.period;
        const bool failing = loop.last_error_at > loop.last_success_at;
        if (late || failing) unhealthy.emplace_back(loop.name);
    }
    return json_response({{"loops", loops_json(sight.pulse)},
                          {"total_count", sight.pulse.loops.size()},
                          {"unhealthy_count", unhealthy.size()},
                          {"unhealthy_loops", unhealthy}});
}

Answer metrics(const Sight& sight, const Call&) {
    return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                    .body = metrics_text(sight)};
}

}  // namespace

std::vector<Route> status_routes() {
    return {
        {.method = "GET",
         .pattern = "/status",
         .summary = "The whole node and cluster; alive_peers and total_peers do "
                    "not count this node itself",
         .query = {{"local", "boolean",
                    "Accepted for the original's callers; every answer is local"}},
         .answer = status,
         .kept = true},
        {.method = "GET",
         .pattern = "/health",
         .summary = "Liveness: 200 while the node's thread goes round, else 503",
         .answer = health},
        {.method = "GET",
         .pattern = "/ready",
         .summary = "Readiness: 200, or 503 with the reasons",
         .answer = ready},
        {.method = "GET",
         .pattern = "/metrics",
         .summary = "Prometheus text format",
         .answer = metrics,
         .kept = true},
        {.method = "GET",
         .pattern = "/metrics/prometheus",
         .summary = "As /metrics",
         .answer = metrics,
         .alias_of = "/metrics"},
        {.method = "GET",
         .pattern = "/loops/status",
         .summary = "The 13 loops and those that are late or fail",
         .answer = loops,
         .kept = true},
    };
}

}  // namespace ringrift::ops::http
