#include "ops/http/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "bus/json_kinds.hpp"
#include "ops/http/views_json.hpp"

namespace ringrift::ops::http {
namespace {

using bus::json_detail::enum_name;
using projections::WorkStatus;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Page {
  public:
    /// Opens a family; the samples that follow belong to it.
    Page& counter(std::string name, std::string help) {
        return open(std::move(name), std::move(help), MetricType::Counter);
    }
    Page& gauge(std::string name, std::string help) {
        return open(std::move(name), std::move(help), MetricType::Gauge);
    }

    template <class Number>
    Page& sample(Number number, Labels labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        const bool counts = families_.back().type == MetricType::Counter;
        (counts ? metric.counter.value : metric.gauge.value) = static_cast<double>(number);
        families_.back().metric.push_back(std::move(metric));
        return *this;
    }

    std::string text() {
        // A family without samples says nothing, and promtool minds its HELP.
        std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
        return prometheus::TextSerializer().Serialize(families_);
    }

  private:
    Page& open(std::string name, std::string help, MetricType type) {
        families_.push_back({"ringrift_" + std::move(name), std::move(help), type, {}});
        return *this;
    }
    std::vector<MetricFamily> families_;
};

Labels label(std::string name, std::string_view value) {
    return {{std::move(name), std::string(value)}};
}

double unix_time(bus::Time time) {
    return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

/// Events of a type in the log.
std::int64_t said(const Sight& sight, const std::string& type) {
    const auto found = sight.view.counts.events_by_type.find(type);
    return found == sight.view.counts.events_by_type.end() ? 0 : found->second;
}

void add_node(Page& page, const Sight& sight) {
    const Pulse& pulse = sight.pulse;
    page.gauge("build_info", "Which program this is; always 1.")
        .sample(1, {{"version", sight.options.version},
                    {"node", sight.options.node},
                    {"log", pulse.log_kind}});
    page.gauge("uptime_seconds", "Since the node started.")
        .sample(pulse.started_at == bus::Time() ? 0.0
                                                : seconds_between(pulse.started_at, sight.now));
    page.gauge("heartbeat_timestamp_seconds", "When the node's thread last went round.")
        .sample(unix_time(pulse.beat_at));
    page.gauge("is_leader", "1 on the leader.").sample(pulse.leads ? 1 : 0);
    page.gauge("epoch", "The current leader's epoch.").sample(sight.view.leadership.epoch);
    page.counter("elections_total", "Elections that the fold accepted.")
        .sample(sight.view.leadership.elections);
    page.counter("elections_void_total", "Elections that came too late or with a wrong epoch.")
        .sample(sight.view.leadership.elections_void);
    page.gauge("process_cpu_utilization_ratio", "Of all cores of the machine together.")
        .sample(from_micro(pulse.sample.cpu_ppm));
    page.gauge("host_memory_used_bytes", "Of the machine.").sample(pulse.sample.memory_bytes);
    page.gauge("host_memory_size_bytes", "Of the machine.").sample(pulse.sample.memory_total_bytes);
    page.gauge("gpu_utilization_ratio", "Mean over the machine's GPUs; 0 without.")
        .sample(from_micro(pulse.sample.gpu_ppm));
    page.gauge("disk_free_bytes", "Of the data directory's file system.")
        .sample(pulse.sample.disk_free_bytes);
    page.gauge("disk_size_bytes", "Of the data directory's file system.")
        .sample(pulse.sample.disk_total_bytes);
    page.gauge("disk_state", "1 for the state that the disk policy is in.");
    for (const std::string_view state : {"ok", "low", "halted"}) {
        page.sample(pulse.disk_state == state ? 1 : 0, label("state", state));
    }
}

void add_log(Page& page, const Sight& sight) {
    const Pulse& pulse = sight.pulse;
    const projections::FoldCounts& counts = sight.view.counts;
    page.gauge("log_position", "The last event that was folded.").sample(sight.position);
    page.gauge("projection_lag_events", "Events in the log that the node has not folded.")
        .sample(pulse.log_last > pulse.position ? pulse.log_last - pulse.position : 0);
    page.gauge("log_available", "1 while the log can be used.")
        .sample(pulse.log_trouble.empty() ? 1 : 0);
    page.gauge("outbox_events", "Reports that wait for the log to come back.").sample(pulse.outbox);
    page.counter("events_total", "Events in the log, by type.");
    for (const auto& [type, count] : counts.events_by_type) page.sample(count, label("type", type));
    page.counter("events_void_total", "Events of leaders whose reign was over.")
        .sample(counts.void_events);
    page.counter("events_unknown_total", "Events of types that this program does not know.")
        .sample(counts.unknown_events);
    page.counter("events_parked_total", "Events of known types that could not be read.")
        .sample(counts.parked_events);
    page.gauge("snapshot_size_bytes", "Of the last snapshot of the views.")
        .sample(pulse.snapshot_bytes);
    page.gauge("snapshot_timestamp_seconds", "When the last snapshot was taken.")
        .sample(unix_time(pulse.snapshot_at));
}

void add_work(Page& page, const Sight& sight) {
    const projections::WorkView& work = sight.view.work;
    const QueueSummary& summary = sight.queue();
    page.gauge("work_items", "Items in the queue's view, by type and status.");
    for (const auto& [key, count] : work.by_type) {
        page.sample(count, {{"type", std::string(enum_name(key.first))},
                            {"status", std::string(enum_name(key.second))}});
    }
    page.gauge("work_queue_items", "Items in the queue's view, by status.");
    for (int i = 0; i <= static_cast<int>(WorkStatus::parked); ++i) {
        const auto found = work.by_status.find(static_cast<WorkStatus>(i));
        page.sample(found == work.by_status.end() ? 0 : found->second,
                    label("status", enum_name(static_cast<WorkStatus>(i))));
    }
    page.gauge("work_oldest_age_seconds", "How long the oldest item of a status has been in it.");
    for (const auto status :
         {WorkStatus::pending, WorkStatus::claimed, WorkStatus::running, WorkStatus::parked}) {
        const auto since = summary.oldest.find(status);
        page.sample(since == summary.oldest.end() ? 0.0 : seconds_between(since->second, sight.now),
                    label("status", enum_name(status)));
    }
    page.gauge("work_waiting_items", "Items that wait, by why they do.");
    for (const auto& [code, group] : summary.why_waiting)
        page.sample(group.items, label("reason", code));
    page.gauge("leases", "Claims that hold, by state.");
    for (const auto status : {WorkStatus::claimed, WorkStatus::running}) {
        const auto found = work.by_status.find(status);
        page.sample(found == work.by_status.end() ? 0 : found->second,
                    label("state", enum_name(status)));
    }
}

void add_nodes(Page& page, const Sight& sight) {
    std::map<projections::NodeStatus, std::int64_t> by_status;
    std::int64_t quarantined = 0;
    for (const auto& [id, node] : sight.view.nodes.nodes) {
        ++by_status[node.status];
        if (node.quarantined_until_at && *node.quarantined_until_at > sight.now) ++quarantined;
    }
    page.gauge("nodes", "Nodes that ever joined, by state.");
    for (int i = 0; i <= static_cast<int>(projections::NodeStatus::retired); ++i) {
        const auto status = static_cast<projections::NodeStatus>(i);
        page.sample(by_status[status], label("state", enum_name(status)));
    }
    page.gauge("nodes_quarantined", "Nodes that get no work for a while.").sample(quarantined);
    page.gauge("alerts", "Alerts that stand, by severity.");
    std::map<std::string, std::int64_t> alerts = {{"critical", 0}, {"warning", 0}};
    for (const auto& [name, entry] : sight.view.nodes.alerts) ++alerts[entry.alert.severity];
    for (const auto& [severity, count] : alerts) page.sample(count, label("severity", severity));
}

void add_counts(Page& page, const Sight& sight) {
    page.counter("work_outcomes_total",
                 "What the fold judged of work: completed, failed, lost claims, "
                 "duplicates and so on.");
    for (const auto& [outcome, count] : sight.view.work.counts)
        page.sample(count, label("outcome", outcome));
    page.counter("results_rejected_total",
                 "Reports on behalf of claims that no longer held, by reason.");
    for (const std::string reason : {"late_results", "lost_claims"}) {
        const auto found = sight.view.work.counts.find(reason);
        page.sample(found == sight.view.work.counts.end() ? 0 : found->second,
                    label("reason", reason));
    }
    page.counter("refusals_total", "Commands that were refused on this node, by kind.");
    for (const auto& [kind, count] : sight.pulse.refusals) page.sample(count, label("kind", kind));
    page.counter("node_events_total", "What happened in this process since it started, by kind.");
    for (const auto& [kind, count] : sight.pulse.counts) page.sample(count, label("kind", kind));
    page.counter("admin_actions_total", "What operators asked for, by action.");
    for (const auto& [action, count] : sight.view.leadership.admin_actions)
        page.sample(count, label("action", action));
}

void add_loops(Page& page, const Sight& sight) {
    const auto each = [&](auto value) {
        for (const LoopPulse& loop : sight.pulse.loops)
            page.sample(value(loop), label("loop", loop.name));
    };
    page.gauge("loop_enabled", "1 while the loop has something to do on this node.");
    each([](const LoopPulse& loop) { return loop.enabled ? 1 : 0; });
    page.counter("loop_runs_total", "Since the node started.");
    each([](const LoopPulse& loop) { return loop.runs; });
    page.counter("loop_failures_total", "Since the node started.");
    each([](const LoopPulse& loop) { return loop.failures; });
    page.gauge("loop_last_run_timestamp_seconds", "0 when it never ran.");
    each([](const LoopPulse& loop) { return unix_time(loop.last_run_at); });
    page.gauge("loop_last_success_timestamp_seconds", "0 when it never succeeded.");
    each([](const LoopPulse& loop) { return unix_time(loop.last_success_at); });
    page.gauge("loop_duration_seconds", "Of the last run.");
    each([](const LoopPulse& loop) { return from_milli(loop.duration.count()); });
    page.gauge("loop_interval_seconds", "Between two runs.");
    each([](const LoopPulse& loop) { return from_milli(loop.period.count()); });
    page.gauge("subscription_healthy", "1 while a canary event goes through in time, by event.");
    for (const SubscriptionPulse& s : sight.pulse.subscriptions)
        page.sample(s.healthy ? 1 : 0, label("event", s.event));
    page.gauge("subscription_oldest_unhandled_seconds",
               "Age of the oldest event that waits for its handler.");
    for (const SubscriptionPulse& s : sight.pulse.subscriptions) {
        page.sample(from_milli(s.oldest_unhandled.count()), label("event", s.event));
    }
}

void add_learning(Page& page, const Sight& sight) {
    const auto each = [&](auto value) {
        for (const auto& [config, training] : sight.view.training.configs) value(config, training);
    };
    page.gauge("generation", "Candidate that is the config's best model; 0 for the first network.");
    each([&](const bus::ConfigKey& config, const projections::ConfigTraining& training) {
        const auto best = training.candidates.find(training.best);
        page.sample(best == training.candidates.end() ? 0 : best->second.generation,
                    label("config", config.value));
    });
    page.gauge("best_elo", "Of the config's best model; the first network is 0.");
    each([&](const bus::ConfigKey& config, const projections::ConfigTraining& training) {
        const auto* pool = pool_of(sight.view, config);
        if (pool == nullptr || !pool->elo.contains(training.best)) return;
        page.sample(from_milli(pool->elo.at(training.best).elo_milli),
                    label("config", config.value));
    });
    page.gauge("elo_uncertainty", "Half the width of the best model's 95 % interval.");
    each([&](const bus::ConfigKey& config, const projections::ConfigTraining& training) {
        const auto* pool = pool_of(sight.view, config);
        if (pool == nullptr || !pool->elo.contains(training.best)) return;
        page.sample(from_milli(pool->elo.at(training.best).error95_milli),
                    label("config", config.value));
    });
    page.counter("promotions_total", "Models that became their config's best.")
        .sample(said(sight, "MODEL_PROMOTED"));
    page.counter("promotion_rejections_total", "Candidates that were turned down.")
        .sample(said(sight, "PROMOTION_REJECTED"));
    page.counter("rollbacks_total", "Best models that were taken back.")
        .sample(said(sight, "MODEL_ROLLED_BACK"));
    page.counter("trainings_total", "Trainings that ended with a candidate.");
    each([&](const bus::ConfigKey& config, const projections::ConfigTraining& training) {
        page.sample(training.trainings, label("config", config.value));
    });
    page.counter("trainings_failed_total", "Trainings that were given up.");
    each([&](const bus::ConfigKey& config, const projections::ConfigTraining& training) {
        page.sample(training.trainings_failed, label("config", config.value));
    });
    page.counter("exports_total", "Exports of samples.");
    each([&](const bus::ConfigKey& config, const projections::ConfigTraining& training) {
        page.sample(training.exports, label("config", config.value));
    });
    page.gauge("games", "In distinct recorded files, by config.");
    for (const auto& [config, data] : sight.view.data.configs)
        page.sample(data.games, label("config", config.value));
    page.gauge("games_synced", "Of these, those that are where exports are made.");
    for (const auto& [config, data] : sight.view.data.configs)
        page.sample(data.games_synced, label("config", config.value));
}

void add_server(Page& page, const Sight& sight) {
    if (!sight.ports.server_counts) return;
    const ServerCounts counts = sight.ports.server_counts();
    page.gauge("http_connections", "Open now.").sample(counts.connections);
    page.gauge("http_streams", "Followers of /events now.").sample(counts.streams);
    page.counter("http_answers_total", "Answers, by class of status.")
        .sample(counts.answers_2xx, label("class", "2xx"))
        .sample(counts.answers_4xx, label("class", "4xx"))
        .sample(counts.answers_5xx, label("class", "5xx"));
    page.counter("http_connections_refused_total", "All were in use.")
        .sample(counts.connections_refused);
    page.counter("http_clients_too_slow_total", "Requests that did not arrive in time.")
        .sample(counts.clients_too_slow);
    page.counter("http_streams_dropped_total", "Followers that did not take what was sent.")
        .sample(counts.streams_dropped);
}

void add_transfers(Page& page, const Sight& sight) {
    if (!sight.pulse.transfers) return;
    const consumers::TransferCounts& counts = *sight.pulse.transfers;
    page.gauge("transfers_serving", "Fetches by other nodes, now.").sample(counts.serving);
    page.gauge("transfers_fetching", "Files that are fetched now.").sample(counts.fetching);
    page.gauge("transfers_waiting", "Files that wait to be fetched.").sample(counts.waiting);
    page.counter("transfers_fetched_total", "Files that came from other nodes, verified.")
        .sample(counts.fetched);
    page.counter("transfers_failed_total", "Fetches that no source could make good.")
        .sample(counts.failed);
    page.counter("transfer_bytes_total", "Of files, by direction.")
        .sample(counts.bytes_in, label("direction", "in"))
        .sample(counts.bytes_out, label("direction", "out"));
    page.counter("transfers_relayed_total", "Asks handed on to a node behind this one.")
        .sample(counts.relayed);
    page.counter("transfers_denied_total", "Connections and asks of who is no member.")
        .sample(counts.denied);
    page.counter("transfers_malformed_total", "Messages that are none of the protocol.")
        .sample(counts.malformed);
    page.counter("transfers_quarantined_total", "Files that were not what their digest says.")
        .sample(counts.quarantined);
}

void add_postgres(Page& page, const Sight& sight) {
    if (!sight.ports.projector) return;
    const ProjectorPulse pulse = sight.ports.projector();
    page.gauge("postgres_connected", "1 while the projector writes into PostgreSQL.")
        .sample(pulse.connected ? 1 : 0);
    page.gauge("postgres_position", "The last event that is in the tables.").sample(pulse.position);
    page.gauge("postgres_lag_events", "Events in the log that the tables do not have.")
        .sample(lag_of(pulse, sight.log_last));
    page.gauge("postgres_needs_a_person", "1 when its trouble does not go away by itself.")
        .sample(pulse.needs_a_person ? 1 : 0);
    page.gauge("postgres_written_timestamp_seconds", "When it last wrote; 0 for never.")
        .sample(unix_time(pulse.written_at));
    page.counter("postgres_events_total", "Events that this process wrote.").sample(pulse.events);
    page.counter("postgres_rows_total", "Rows of views that this process wrote.")
        .sample(pulse.rows);
    page.counter("postgres_rows_refused_total", "Rows whose key PostgreSQL cannot hold.")
        .sample(pulse.rows_refused);
    page.counter("postgres_portions_total", "Transactions.").sample(pulse.portions);
    page.counter("postgres_troubles_total", "Times that it could not go on.")
        .sample(pulse.troubles);
    page.counter("postgres_rebuilds_total", "Times that it filled the tables anew.")
        .sample(pulse.rebuilds);
}

}  // namespace

std::string metrics_text(const Sight& sight) {
    Page page;
    add_node(page, sight);
    add_log(page, sight);
    add_work(page, sight);
    add_nodes(page, sight);
    add_counts(page, sight);
    add_loops(page, sight);
    add_learning(page, sight);
    add_server(page, sight);
    add_transfers(page, sight);
    add_postgres(page, sight);
    return page.text();
}

}  // namespace ringrift::ops::http
