#include "projections/sql_projection.hpp"

#include <algorithm>
#include <iterator>

namespace ringrift::projections {
namespace {

/// Rows of one table as they are found or not found by key.
class Changes {
  public:
    explicit Changes(const SqlTable& table) { change_.table = &table; }

    void now(SqlRow row) { change_.rows.push_back(std::move(row)); }
    template <class... Keys>
    void gone(const Keys&... keys) {
        change_.gone.push_back({.cells = {cell_of(keys)...}});
    }
    void into(std::vector<SqlChange>& changes) {
        if (!change_.rows.empty() || !change_.gone.empty()) changes.push_back(std::move(change_));
    }

  private:
    SqlChange change_;
};

/// For maps whose rows are made from key and value.
template <class Keys, class Map>
void add_found(const SqlTable& table, const Keys& keys, const Map& map,
               std::vector<SqlChange>& changes) {
    Changes change(table);
    for (const auto& key : keys) {
        const auto found = map.find(key);
        if (found == map.end())
            change.gone(key);
        else
            change.now(row_of(found->first, found->second));
    }
    change.into(changes);
}

template <class History>
void add_history(const SqlTable& table, const History& history, std::vector<SqlChange>& changes) {
    Changes change(table);
    for (const auto& [key, entry] : history) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(entry)>, SqlRow>)
            change.now(entry);
        else
            change.now(row_of(entry));
    }
    change.into(changes);
}

void add_work(const Touched& touched, const WorkView& view, std::vector<SqlChange>& changes) {
    Changes change(sql::work_items);
    for (const bus::WorkId& work : touched.work) {
        if (const WorkItem* item = find(view, work))
            change.now(row_of(*item));
        else
            change.gone(work);
    }
    change.into(changes);
}

/// All copies of a file are written anew: `gone` names the file alone.
void add_replicas(const Touched& touched, const DataView& view, std::vector<SqlChange>& changes) {
    Changes change(sql::replicas);
    for (const bus::FileDigest& file : touched.files) {
        const auto found = view.files.find(file);
        change.gone(file);
        if (found == view.files.end()) continue;
        for (SqlRow& row : replica_rows(file, found->second)) change.now(std::move(row));
    }
    change.into(changes);
}

void add_models(const Touched& touched, const TrainingView& view, std::vector<SqlChange>& changes) {
    Changes models(sql::models);
    Changes evaluations(sql::evaluations);
    for (const auto& [config, model] : touched.models) {
        const auto training = view.configs.find(config);
        if (training == view.configs.end()) continue;  // A candidate never leaves.
        const auto found = training->second.candidates.find(model);
        if (found == training->second.candidates.end()) continue;
        models.now(row_of(config, found->second));
        if (found->second.evaluation) evaluations.now(row_of(*found->second.evaluation));
    }
    models.into(changes);
    evaluations.into(changes);
}

void add_trainings(const Touched& touched, const TrainingView& view,
                   std::vector<SqlChange>& changes) {
    Changes change(sql::trainings);
    for (const bus::WorkId& work : touched.trainings) {
        const auto found = view.trainings.find(work);
        if (found != view.trainings.end()) change.now(training_row(work, found->second));
    }
    change.into(changes);
    add_found(sql::unannounced, touched.trainings, view.unannounced, changes);
}

void add_ratings(const Touched& touched, const RatingsView& view, std::vector<SqlChange>& changes) {
    Changes ratings(sql::ratings);
    for (const auto& [config, model] : touched.ratings) {
        const auto pool = view.pools.find(config);
        if (pool == view.pools.end()) continue;
        const auto found = pool->second.elo.find(model);
        if (found != pool->second.elo.end()) ratings.now(row_of(config, found->second));
    }
    ratings.into(changes);
    Changes pairs(sql::rating_pairs);
    for (const auto& [config, first, second] : touched.pairs) {
        const auto pool = view.pools.find(config);
        if (pool == view.pools.end()) continue;
        const auto found = pool->second.pairs.find({first, second});
        if (found != pool->second.pairs.end()) {
            pairs.now(pair_row(config, first, second, found->second));
        }
    }
    pairs.into(changes);
}

}  // namespace

SqlProjection::SqlProjection(Folded<ClusterView> folded) : folded_(std::move(folded)) {
    start_from_here();
}

void SqlProjection::start_from_here() {
    keys_ = TouchedKeys(folded_.view);
    small_ = folded_.position == 0 ? SmallTables() : small_rows(folded_.view);
    is_fresh_ = true;
}

void SqlProjection::skip(const bus::Batch& events) {
    for (const bus::Recorded& recorded : events) folded_.advance(recorded);
    is_fresh_ = false;
}

Portion SqlProjection::fold(bus::Batch events) {
    if (!is_fresh_) start_from_here();
    Portion portion = {.from = folded_.position};
    for (const bus::Recorded& recorded : events) {
        keys_.before(folded_.view, recorded);
        folded_.advance(recorded);
        keys_.after(folded_.view, recorded);
    }
    portion.to = folded_.position;
    portion.events = std::move(events);
    add_keyed(keys_.take(folded_.view), portion.changes);
    add_small(portion.changes);
    refuse_unfit(portion.changes);
    return portion;
}

void SqlProjection::add_keyed(const Touched& touched, std::vector<SqlChange>& changes) const {
    const ClusterView& view = folded_.view;
    add_found(sql::nodes, touched.nodes, view.nodes.nodes, changes);
    add_found(sql::alerts, touched.alerts, view.nodes.alerts, changes);
    add_history(sql::leaders, touched.reigns, changes);
    add_work(touched, view.work, changes);
    add_history(sql::jobs, touched.jobs, changes);
    add_found(sql::files, touched.files, view.data.files, changes);
    add_replicas(touched, view.data, changes);
    add_found(sql::manifests, touched.manifests, view.data.manifests, changes);
    add_models(touched, view.training, changes);
    add_trainings(touched, view.training, changes);
    add_history(sql::matches, touched.matches, changes);
    add_ratings(touched, view.ratings, changes);
}

void SqlProjection::add_small(std::vector<SqlChange>& changes) {
    SmallTables fresh = small_rows(folded_.view);
    for (auto& [table, rows] : fresh) {
        std::ranges::sort(rows);
        SqlChange change = {.table = table};
        std::vector<SqlRow>& former = small_[table];
        std::ranges::sort(former);
        std::ranges::set_difference(rows, former, std::back_inserter(change.rows));
        const auto key_of = [columns = table->key_columns](const SqlRow& row) {
            const auto end = row.cells.begin() + static_cast<std::ptrdiff_t>(columns);
            return SqlRow{.cells = {row.cells.begin(), end}};
        };
        std::set<SqlRow> keys;
        for (const SqlRow& row : rows) keys.insert(key_of(row));
        for (const SqlRow& row : former) {
            if (!keys.contains(key_of(row))) change.gone.push_back(key_of(row));
        }
        if (!change.rows.empty() || !change.gone.empty()) changes.push_back(std::move(change));
    }
    small_ = std::move(fresh);
}

void SqlProjection::refuse_unfit(std::vector<SqlChange>& changes) {
    for (SqlChange& change : changes) {
        const auto is_unfit = [&](const SqlRow& row) { return !has_fit_key(*change.table, row); };
        change.refused = static_cast<std::int64_t>(std::erase_if(change.rows, is_unfit));
        std::erase_if(change.gone, is_unfit);
        refused_ += change.refused;
    }
}

}  // namespace ringrift::projections
