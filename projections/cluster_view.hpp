#pragma once

// All six views as one, and the one fold that feeds them: the judge of what holds.
//
// A leader's event is void unless that epoch's leader says it in its reign: it changes no view and
// is counted. The folds that an event concerns get it in a fixed order; a WORK_COMPLETED reaches
// the training view only when its claim holds. The node's thread owns one; the API's thread folds
// another for itself.

#include <array>
#include <variant>

#include "projections/data_view.hpp"
#include "projections/folded.hpp"
#include "projections/leadership_view.hpp"
#include "projections/nodes_view.hpp"
#include "projections/ratings_view.hpp"
#include "projections/shortcut.hpp"
#include "projections/training_view.hpp"
#include "projections/work_view.hpp"

namespace ringrift::projections {

struct UnreadEntry {
    bus::Position position = 0;
    std::string type = {};
    std::string problem = {};
    bus::EventId event = {};
    friend bool operator==(const UnreadEntry&, const UnreadEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(UnreadEntry, (), (position, type, problem, event))

inline constexpr std::size_t unread_kept = 20;

/// By index of the fact in bus::Fact: its count in `events_by_type`, null until it is first
/// counted.
using CountByFact = std::array<std::int64_t*, std::variant_size_v<bus::Fact>>;

/// What the fold itself saw: for /status and /metrics, and so that nothing is silent.
struct FoldCounts {
    std::map<std::string, std::int64_t> events_by_type = {};
    Shortcut<CountByFact> by_fact = {};  ///< To the counts above; nothing is erased there.
    std::int64_t void_events = 0;        ///< Of leaders whose reign was over.
    std::int64_t unknown_events = 0;
    std::int64_t parked_events = 0;
    std::vector<UnreadEntry> parked =
        {};  ///< The last `unread_kept` that nothing has come of since.
    bus::Time last_event_at = {};
    friend bool operator==(const FoldCounts&, const FoldCounts&) = default;
};
BOOST_DESCRIBE_STRUCT(FoldCounts, (),
                      (events_by_type, void_events, unknown_events, parked_events, parked,
                       last_event_at))

struct ClusterView {
    LeadershipView leadership = {};
    NodesView nodes = {};
    WorkView work = {};
    DataView data = {};
    TrainingView training = {};
    RatingsView ratings = {};
    FoldCounts counts = {};
    friend bool operator==(const ClusterView&, const ClusterView&) = default;
};
BOOST_DESCRIBE_STRUCT(ClusterView, (), (leadership, nodes, work, data, training, ratings, counts))

void apply(ClusterView& view, const bus::Recorded& recorded);

}  // namespace ringrift::projections
