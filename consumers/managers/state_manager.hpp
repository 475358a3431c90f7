#pragma once

// StateManager: what this node believes, and how it comes to believe it again after a restart.
//
// Owns the folded cluster view. At start it takes the last snapshot and lets the log tell the rest;
// without one, or with one that does not fit the log, it folds from the start. Counts the starts of
// this node (its incarnation) and persists that before the node speaks. Node's thread only.

#include <string>

#include "projections/cluster_view.hpp"
#include "projections/folded.hpp"
#include "projections/store.hpp"

namespace ringrift::consumers {

class StateManager {
  public:
    explicit StateManager(projections::Store& store) : store_(store) {}

    struct Loaded {
        std::int64_t incarnation = 1;
        bus::Position snapshot = 0;  ///< 0 when the log is folded from the start.
        std::string remark = {};     ///< Why no snapshot was used, where that is news.
    };
    /// The error is a sentence: without an incarnation of its own a node must not speak.
    bus::Result<Loaded, std::string> load_state(bus::Position log_last);

    /// What was folded and voted by a log that is no more is forgotten; how often the node began
    /// stays. For a node that is stopped: see ops/refold.hpp. The error is a sentence.
    static bus::Result<bus::Done, std::string> forget_log(projections::Store& store);

    /// Saves a snapshot when `events_per_snapshot` were folded and `snapshot_pause_min` has passed
    /// since the last one, or when `now_anyway`. Failing to only costs time at the next start;
    /// `remark` says so. True when one was written.
    bool save_state(bus::Time now, bool now_anyway);

    projections::Folded<projections::ClusterView>& folded() { return folded_; }
    const projections::ClusterView& view() const { return folded_.view; }
    bus::Position position() const { return folded_.position; }

    std::int64_t snapshot_bytes() const { return snapshot_bytes_; }
    bus::Time snapshot_at() const { return snapshot_at_; }
    const std::string& remark() const { return remark_; }

    /// Folding so many takes less than a second, and writing a snapshot less than that.
    static constexpr bus::Position events_per_snapshot = 20'000;
    /// Writing one holds up the node's thread (a tenth of a second for 20,000 items of work), and a
    /// busy leader folds 20,000 events in a second or two.
    static constexpr bus::Duration snapshot_pause_min = std::chrono::minutes(1);

  private:
    projections::Store& store_;
    projections::Folded<projections::ClusterView> folded_;
    bus::Position saved_ = 0;
    bus::Time tried_at_ = {};
    std::int64_t snapshot_bytes_ = 0;
    bus::Time snapshot_at_ = {};
    std::string remark_;
};

}  // namespace ringrift::consumers
