#pragma once

// The indices of the work view, kept in step with its items.
//
// Whoever changes an item takes its `Spot` before and calls `reindex` after: what did not change is
// not touched. Used by the fold in work_view.cpp alone; `rebuilt` is how tests know that it is
// right.

#include "projections/work_view.hpp"

namespace ringrift::projections {

/// All that the indices know of an item.
struct Spot {
    enum class Line { none, blocked, delayed, waiting };
    bool known = false;  ///< False: the item is in no index.
    WorkStatus status = WorkStatus::pending;
    Line line = Line::none;
    When when = {};           ///< Key in `delayed` or in `ended`.
    bus::NodeId holder = {};  ///< Empty unless leased.
    friend bool operator==(const Spot&, const Spot&) = default;
};

Spot spot_of(const WorkItem& item);

/// `item` is at `spot` in the indices and goes to where it belongs now.
void reindex(WorkView& view, const Spot& spot, const WorkItem& item);
/// Before the item is erased.
void drop_from_indices(WorkView& view, const WorkItem& item);

/// How long an ended item stays.
bus::Duration kept_for(WorkStatus status);

/// The same items and history, all indices made anew from the items.
WorkView rebuilt(const WorkView& view);

}  // namespace ringrift::projections
