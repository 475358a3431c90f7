#pragma once

// Why an item of work has not been given to a node yet, as the log's view tells
// it. Pure.

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "projections/cluster_view.hpp"

namespace ringrift::ops::http {

struct WhyWaiting {
    std::string_view code = {};  ///< back_off, depends_on, no_leader, no_node,
                                 ///< too_large, no_room or its_turn.
    std::string sentence = {};
};

/// Answers for one state of the view; remembers what it worked out about the
/// nodes.
class WaitingRoom {
  public:
    WaitingRoom(const projections::ClusterView& view, bus::Time now);

    /// REQUIRES: item is pending.
    WhyWaiting why(const projections::WorkItem& item);

  private:
    struct Room {
        bus::Capacity all = {};
        bus::Requirements reserved = {};
        std::vector<std::string> capabilities = {};
    };
    enum class Fit { now, later, never };
    Fit fit_of(const bus::WorkQueued& order);

    const projections::ClusterView& view_;
    bus::Time now_;
    std::vector<Room> rooms_;  ///< Of the nodes that take work.
    std::map<std::tuple<bus::WorkType, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                        std::int64_t>,
             Fit>
        known_;
};

}  // namespace ringrift::ops::http
