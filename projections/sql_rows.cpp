#include <algorithm>

#include "bus/json.hpp"
#include "projections/sql_tables.hpp"

namespace ringrift::projections {
namespace {

template <class T>
SqlCell json_cell(const T& value) {
    return bus::to_json(value);
}
template <class T>
SqlCell json_cell(const std::optional<T>& value) {
    return value ? json_cell(*value) : SqlCell();
}
template <class List>
SqlCell json_unless_empty(const List& list) {
    return list.empty() ? SqlCell() : json_cell(list);
}

/// A row from whatever has a `cell_of`; cells pass as they are.
template <class T>
SqlCell one_cell(T&& value) {
    if constexpr (std::same_as<std::remove_cvref_t<T>, SqlCell>)
        return std::forward<T>(value);
    else
        return cell_of(value);
}
template <class... Ts>
SqlRow row(Ts&&... values) {
    SqlRow made;
    made.cells.reserve(sizeof...(Ts));
    (made.cells.push_back(one_cell(std::forward<Ts>(values))), ...);
    return made;
}

template <class Map, class Key>
const typename Map::mapped_type& at_or_default(const Map& map, const Key& key) {
    static const typename Map::mapped_type none = {};
    const auto found = map.find(key);
    return found == map.end() ? none : found->second;
}

SqlRow config_row(const ClusterView& view, const bus::ConfigKey& config) {
    const ConfigData& data = at_or_default(view.data.configs, config);
    const ConfigTraining& training = at_or_default(view.training.configs, config);
    const RatingPool& pool = at_or_default(view.ratings.pools, config);
    const bus::ConfigPolicy* policy = policy_of(view.leadership, config);
    return row(config, training.best, json_cell(training.promoted), data.games, data.games_synced,
               data.unsynced.size(), data.last_sync, training.exports, training.games_exported,
               json_cell(training.export_waiting), training.trainings, training.trainings_failed,
               training.last_training_at, training.evaluated, training.regressions, pool.games,
               pool.games_said, policy == nullptr ? SqlCell() : json_cell(*policy));
}

std::vector<SqlRow> config_rows(const ClusterView& view) {
    std::set<bus::ConfigKey> configs;
    for (const auto& [config, data] : view.data.configs) configs.insert(config);
    for (const auto& [config, training] : view.training.configs) configs.insert(config);
    for (const auto& [config, pool] : view.ratings.pools) configs.insert(config);
    for (const auto& policy : view.leadership.config.configs) configs.insert(policy.config);
    std::vector<SqlRow> rows;
    for (const auto& config : configs) rows.push_back(config_row(view, config));
    return rows;
}

std::vector<SqlRow> count_rows(const ClusterView& view) {
    std::vector<SqlRow> rows;
    const auto add_all = [&](std::string_view kind, const auto& counts) {
        for (const auto& [name, count] : counts) rows.push_back(row(kind, name, count));
    };
    add_all("events", view.counts.events_by_type);
    add_all("work", view.work.counts);
    add_all("admin_actions", view.leadership.admin_actions);
    add_all("pass", view.work.pass);
    const std::map<std::string, std::int64_t> fold = {
        {"void_events", view.counts.void_events},
        {"unknown_events", view.counts.unknown_events},
        {"parked_events", view.counts.parked_events},
        {"elections", view.leadership.elections},
        {"elections_void", view.leadership.elections_void},
        {"virtual_time", view.work.virtual_time}};
    add_all("fold", fold);
    return rows;
}

std::vector<SqlRow> sync_rows(const DataView& view) {
    std::vector<SqlRow> rows;
    for (const auto& [sync, entry] : view.syncs) {
        rows.push_back(
            row(sync, entry.config, entry.state, entry.why, entry.files, entry.changed_at, true));
    }
    return rows;
}

std::vector<SqlRow> curriculum_rows(const TrainingView& view) {
    std::vector<SqlRow> rows;
    for (const auto& [config, weight] : view.weights_ppm) {
        rows.push_back(row(config, weight, view.curriculum_event));
    }
    return rows;
}

std::vector<SqlRow> voter_rows(const LeadershipView& view) {
    const std::set<bus::NodeId> voters(view.voters.begin(), view.voters.end());
    std::vector<SqlRow> rows;
    for (const bus::NodeId& node : voters) rows.push_back(row(node));
    return rows;
}

}  // namespace

Job job_of(const WorkItem& item) {
    return {.fence = item.lease->fence,
            .work = item.order.work,
            .type = item.order.type,
            .config = item.order.config,
            .node = item.lease->node,
            .claimed_at = item.lease->claimed_at,
            .started_at = item.lease->started_at};
}

SqlRow row_of(const Reign& reign) {
    return row(reign.epoch, reign.leader, reign.elected_at, reign.election, reign.ended_at,
               cell_unless_empty(reign.ended_by));
}

SqlRow row_of(const Job& job) {
    return row(job.fence, job.work, job.type, job.config, job.node, job.claimed_at, job.started_at,
               job.ended_at, cell_unless_empty(job.outcome), cell_unless_empty(job.reason));
}

SqlRow row_of(const bus::MatchPlayed& match, const bus::Recorded& recorded) {
    return row(match.match, match.config, match.work, match.games, json_cell(match.scores),
               recorded.position, recorded.event.time);
}

SqlRow row_of(const bus::NodeId& node, const NodeEntry& entry) {
    const bus::NodeJoined& joined = entry.joined;
    const bus::Capacity& capacity = joined.capacity;
    return row(node, joined.incarnation, entry.status, entry.draining, entry.reason, joined.host,
               joined.port, joined.gpu_name, json_cell(joined.capabilities), joined.version,
               joined.voter, capacity.slots, capacity.cpus, capacity.gpus, capacity.memory_bytes,
               capacity.vram_bytes, capacity.disk_bytes, entry.joined_at, entry.changed_at,
               entry.changed, entry.last_event, entry.quarantined_until_at, entry.quarantine_reason,
               cell_unless_unset(entry.trusted_since_at), entry.nat_status, entry.relay);
}

SqlRow row_of(const std::string& alert, const AlertEntry& entry) {
    const bus::ResourceAlert& said = entry.alert;
    return row(alert, said.node, said.severity, said.value_ppm, said.bound_ppm, said.predicted_at,
               said.message, entry.since_at, entry.event, entry.position);
}

SqlRow row_of(const WorkItem& item) {
    const bus::WorkQueued& order = item.order;
    const auto of_lease = [&](auto member) {
        return item.lease ? one_cell((*item.lease).*member) : SqlCell();
    };
    const bool is_done = item.status == WorkStatus::completed;
    return row(order.work, order.type, order.config, item.status, order.priority, order.model,
               order.baseline, order.games, item.queued, item.queued_at, of_lease(&Lease::node),
               of_lease(&Lease::fence), of_lease(&Lease::claimed_at), of_lease(&Lease::started_at),
               item.attempts, item.claims, item.setbacks_total, item.not_before_at,
               is_open(item.status) ? SqlCell() : cell_of(item.ended_at), item.reason,
               item.evidence, item.changed, item.last_event, item.correlation,
               json_unless_empty(item.setbacks), json_unless_empty(item.blockers),
               is_done ? json_cell(item.result) : SqlCell(), true);
}

SqlRow row_of(const bus::FileDigest& file, const FileEntry& entry) {
    return row(file, entry.kind, entry.config, entry.name, entry.bytes, entry.games, entry.model,
               entry.work, entry.recorded, entry.event, entry.synced);
}

std::vector<SqlRow> replica_rows(const bus::FileDigest& file, const FileEntry& entry) {
    FlatSet<bus::NodeId> nodes = entry.copies;
    for (const bus::NodeId& node : entry.damaged) nodes.insert(node);
    std::vector<SqlRow> rows;
    for (const bus::NodeId& node : nodes) {
        rows.push_back(row(file, node, entry.copies.contains(node), entry.damaged.contains(node)));
    }
    return rows;
}

SqlRow row_of(const bus::NodeId& node, const ManifestEntry& entry) {
    return row(node, entry.digest, entry.files, entry.bytes, entry.collected_at);
}

SqlRow row_of(const bus::ConfigKey& config, const Candidate& candidate) {
    const bus::TrainingCompleted& trained = candidate.trained;
    return row(config, trained.model, candidate.status, candidate.generation, candidate.trained_at,
               trained.work, trained.parent, trained.node, trained.bytes, trained.samples,
               trained.steps, trained.loss_micro, candidate.baseline,
               json_cell(candidate.pentanomial), json_cell(candidate.matches),
               candidate.decision_reason, candidate.rebalanced, candidate.last_event,
               candidate.correlation);
}

SqlRow row_of(const bus::EvaluationCompleted& e) {
    return row(e.config, e.model, e.baseline, e.verdict, json_cell(e.pentanomial), e.games,
               e.llr_micro, e.llr_lower_micro, e.llr_upper_micro, e.elo_milli, e.elo_low_milli,
               e.elo_high_milli, json_cell(e.works), e.reason);
}

SqlRow row_of(const bus::WorkId& work, const Unannounced& entry) {
    return row(work, entry.node, json_cell(entry.order), json_cell(entry.result), entry.event,
               entry.correlation);
}

SqlRow training_row(const bus::WorkId& work, const std::string& state) {
    return row(work, state);
}

SqlRow row_of(const bus::ConfigKey& config, const bus::EloUpdated& elo) {
    return row(config, elo.model, elo.elo_milli, elo.error95_milli, elo.games);
}

SqlRow pair_row(const bus::ConfigKey& config, const bus::ModelId& first, const bus::ModelId& second,
                const PairTotal& total) {
    return row(config, first, second, total.wins, total.draws, total.losses);
}

std::map<const SqlTable*, std::vector<SqlRow>> small_rows(const ClusterView& view) {
    return {{&sql::voters, voter_rows(view.leadership)},
            {&sql::syncs, sync_rows(view.data)},
            {&sql::configs, config_rows(view)},
            {&sql::curriculum, curriculum_rows(view.training)},
            {&sql::counts, count_rows(view)}};
}

std::map<const SqlTable*, std::vector<SqlRow>> rows_of_all(const ClusterView& view) {
    auto all = small_rows(view);
    for (const auto& [node, it] : view.nodes.nodes) all[&sql::nodes].push_back(row_of(node, it));
    for (const auto& [name, it] : view.nodes.alerts) all[&sql::alerts].push_back(row_of(name, it));
    for (const auto& [work, item] : view.work.items) {
        all[&sql::work_items].push_back(row_of(item));
        if (item.lease) all[&sql::jobs].push_back(row_of(job_of(item)));
    }
    for (const auto& [file, it] : view.data.files) {
        all[&sql::files].push_back(row_of(file, it));
        for (SqlRow& replica : replica_rows(file, it)) {
            all[&sql::replicas].push_back(std::move(replica));
        }
    }
    for (const auto& [node, it] : view.data.manifests) {
        all[&sql::manifests].push_back(row_of(node, it));
    }
    for (const auto& [config, training] : view.training.configs) {
        for (const auto& [model, candidate] : training.candidates) {
            all[&sql::models].push_back(row_of(config, candidate));
            if (candidate.evaluation) {
                all[&sql::evaluations].push_back(row_of(*candidate.evaluation));
            }
        }
    }
    for (const auto& [work, state] : view.training.trainings) {
        all[&sql::trainings].push_back(training_row(work, state));
    }
    for (const auto& [work, it] : view.training.unannounced) {
        all[&sql::unannounced].push_back(row_of(work, it));
    }
    for (const auto& [config, pool] : view.ratings.pools) {
        for (const auto& [pair, total] : pool.pairs) {
            all[&sql::rating_pairs].push_back(pair_row(config, pair.first, pair.second, total));
        }
        for (const auto& [model, elo] : pool.elo) {
            all[&sql::ratings].push_back(row_of(config, elo));
        }
    }
    return all;
}

}  // namespace ringrift::projections
