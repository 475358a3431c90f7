#pragma once

// The log, folded, with what the fold changes as rows of SQL tables: pure, portion by portion.
//
// It folds like everybody (Folded<ClusterView>), so the tables are what the views are. A portion is
// the events of a run and the rows that differ after it, at most one for each key. Whoever writes a
// portion must write it whole, after the one before. Belongs to one thread.

#include <map>

#include "projections/folded.hpp"
#include "projections/sql_table.hpp"
#include "projections/touched_keys.hpp"

namespace ringrift::projections {

struct Portion {
    bus::Position from = 0;  ///< Where the tables must stand before; they stand at `to` after.
    bus::Position to = 0;
    bus::Batch events = {};
    std::vector<SqlChange> changes = {};  ///< Of tables that change.
};

class SqlProjection {
  public:
    /// Goes on from a view that the tables hold already; by default from the empty log.
    explicit SqlProjection(Folded<ClusterView> folded = {});

    bus::Position position() const { return folded_.position; }
    const ClusterView& view() const { return folded_.view; }

    /// Folds events that the tables hold already.
    void skip(const bus::Batch& events);

    /// Folds the events, which begin behind `position`, and tells what to write.
    Portion fold(bus::Batch events);

    /// Rows left out so far, because their key is too long or holds what PostgreSQL cannot.
    std::int64_t refused() const { return refused_; }

  private:
    using SmallTables = std::map<const SqlTable*, std::vector<SqlRow>>;

    void start_from_here();
    void add_keyed(const Touched& touched, std::vector<SqlChange>& changes) const;
    void add_small(std::vector<SqlChange>& changes);
    void refuse_unfit(std::vector<SqlChange>& changes);

    Folded<ClusterView> folded_;
    TouchedKeys keys_;
    SmallTables small_;     ///< As written last.
    bool is_fresh_ = true;  ///< `keys_` and `small_` are of the present view.
    std::int64_t refused_ = 0;
};

}  // namespace ringrift::projections
