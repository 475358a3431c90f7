#pragma once

// The tables that the views are kept in, and what a row of each is made from.
//
// Pure: the same view gives the same rows. One function for each table and key; no row if the view
// knows no such thing. `rows_of_all` is what the tables hold after everything: tests compare it.

#include <map>

#include "projections/cluster_view.hpp"
#include "projections/sql_table.hpp"

namespace ringrift::projections {

namespace sql {
extern const SqlTable nodes, alerts, leaders, voters, work_items, jobs, files, replicas, manifests,
    syncs, configs, models, evaluations, trainings, unannounced, curriculum, matches, rating_pairs,
    ratings, counts;
}  // namespace sql

/// All of them, in the order of migrations/.
std::span<const SqlTable* const> sql_tables();

/// A reign, as history keeps it.
struct Reign {
    bus::Epoch epoch = 0;
    bus::NodeId leader = {};
    bus::Time elected_at = {};
    bus::EventId election = {};
    std::optional<bus::Time> ended_at = {};
    std::string ended_by = {};  ///< Type of the event; empty while it lasts.
};

/// A claim that held, as history keeps it.
struct Job {
    bus::Position fence = 0;
    bus::WorkId work = {};
    bus::WorkType type = bus::WorkType::selfplay;
    bus::ConfigKey config = {};
    bus::NodeId node = {};
    bus::Time claimed_at = {};
    std::optional<bus::Time> started_at = {};
    std::optional<bus::Time> ended_at = {};
    std::string outcome = {};  ///< Type of the event that ended it; empty while it lasts.
    std::string reason = {};
};

Job job_of(const WorkItem& item);

SqlRow row_of(const Reign& reign);
SqlRow row_of(const Job& job);
SqlRow row_of(const bus::MatchPlayed& match, const bus::Recorded& recorded);
SqlRow row_of(const bus::NodeId& node, const NodeEntry& entry);
SqlRow row_of(const std::string& alert, const AlertEntry& entry);
SqlRow row_of(const WorkItem& item);
SqlRow row_of(const bus::FileDigest& file, const FileEntry& entry);
std::vector<SqlRow> replica_rows(const bus::FileDigest& file, const FileEntry& entry);
SqlRow row_of(const bus::NodeId& node, const ManifestEntry& entry);
SqlRow row_of(const bus::ConfigKey& config, const Candidate& candidate);
SqlRow row_of(const bus::EvaluationCompleted& evaluation);
SqlRow row_of(const bus::WorkId& work, const Unannounced& entry);
SqlRow training_row(const bus::WorkId& work, const std::string& state);
SqlRow row_of(const bus::ConfigKey& config, const bus::EloUpdated& elo);
SqlRow pair_row(const bus::ConfigKey& config, const bus::ModelId& first, const bus::ModelId& second,
                const PairTotal& total);

/// The tables small enough to be made anew each time: voters, syncs, configs, curriculum, counts.
std::map<const SqlTable*, std::vector<SqlRow>> small_rows(const ClusterView& view);

/// Every row that the view tells, history apart: no leaders, matches, ended jobs, former items.
std::map<const SqlTable*, std::vector<SqlRow>> rows_of_all(const ClusterView& view);

}  // namespace ringrift::projections
