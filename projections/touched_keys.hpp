#pragma once

// Which things a run of events may have changed, so that only their rows are written.
//
// An event names what it is about, and that is nearly all; what a fold changes besides is looked
// for here: dependents of completed work, alerts of a node that went, work whose back-off is over,
// items that left the view. Too many keys cost a needless write, one too few would leave a row
// wrong for ever: tests/sql_rows_test folds random logs and compares every row.
//
// `before` and `after` around each event that is folded, `take` when rows are to be written. Ends
// of reigns and of claims, and matches that counted, are seen here too: the views forget them.
// Belongs to whoever folds.

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "projections/cluster_view.hpp"
#include "projections/sql_tables.hpp"

namespace ringrift::projections {

using ModelKey = std::pair<bus::ConfigKey, bus::ModelId>;
using PairKey = std::tuple<bus::ConfigKey, bus::ModelId, bus::ModelId>;

struct Touched {
    std::set<bus::NodeId> nodes = {};
    std::set<std::string> alerts = {};
    std::vector<bus::WorkId> work = {};  ///< Sorted, each once, when taken. So are the files.
    std::vector<bus::FileDigest> files = {};
    std::set<bus::NodeId> manifests = {};
    std::set<ModelKey> models = {};
    std::set<ModelKey> ratings = {};
    std::set<PairKey> pairs = {};
    std::set<bus::WorkId> trainings = {};     ///< And what is unannounced.
    std::map<bus::Epoch, Reign> reigns = {};  ///< As they are now, ended or not; so are the jobs.
    std::map<bus::Position, Job> jobs = {};
    std::map<std::string, SqlRow> matches = {};
};

class TouchedKeys {
  public:
    TouchedKeys() = default;
    /// `view` is what the tables hold already.
    explicit TouchedKeys(const ClusterView& view);

    void before(const ClusterView& view, const bus::Recorded& recorded);
    void after(const ClusterView& view, const bus::Recorded& recorded);

    /// All since the last time.
    Touched take(const ClusterView& view);

  private:
    void note_lease(const WorkItem* item, const bus::Recorded& recorded);
    void note_reign(const LeadershipView& leadership, const bus::Recorded& recorded);
    void find_promoted(const WorkView& view);
    void find_forgotten(const WorkView& view);

    Touched touched_;
    std::map<When, bus::WorkId> delayed_;  ///< Items written with a back-off; some may be over.
    std::map<When, bus::WorkId> ended_;    ///< Items written as ended; some may have gone on.
    bus::Time clock_at_ = {};              ///< The latest that the queue's clock has shown.
    Reign reign_ = {};                     ///< The present or the last one.
    std::optional<Job> job_before_ = {};   ///< Of the item that the event is about.
    std::size_t matches_before_ = 0;
};

}  // namespace ringrift::projections
