#pragma once

// The work queue as the log tells it: what waits, who holds what, how each item ended.
//
// A pure fold over work events. The first valid claim of an item wins, and its position is the
// fence; whatever is said with another fence changes nothing and is counted. Read by the deciders
// in producers/work.hpp, by JobManager, by the loops, and by GET /work.
//
// Order within a config: by `rank`, the time an item was queued less a minute for each point of
// priority. So 50 points are worth 50 minutes, and nothing that waits is overtaken for ever.
// Order between configs: by `pass`, stride scheduling (Waldspurger and Weihl 1995): a claim adds
// slots/share to its config's pass, and the smallest pass goes next.
//
// An item that is pending is in exactly one of three lines: `blocked` while a dependency is not
// completed, `delayed` while its `not_before_at` is set, else `waiting`. Items that need the same
// wait in one line, so whoever cannot run its head need not look at the rest.

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "bus/event.hpp"
#include "projections/flat.hpp"
#include "projections/register.hpp"
#include "projections/shortcut.hpp"
#include "projections/tally.hpp"
#include "projections/work_item.hpp"

namespace ringrift::projections {

/// Items that differ in nothing that decides where they can run.
struct WaitingClass {
    bus::ConfigKey config = {};
    bus::WorkType type = bus::WorkType::selfplay;
    bus::Requirements needs = {};
    friend auto operator<=>(const WaitingClass&, const WaitingClass&) = default;
};
BOOST_DESCRIBE_STRUCT(WaitingClass, (), (config, type, needs))

/// Smaller goes first.
struct WaitingRank {
    std::int64_t rank = 0;  ///< Milliseconds: `queued_at` less a minute for each point of priority.
    bus::Position queued = 0;  ///< Of the item; no two are the same.
    friend auto operator<=>(const WaitingRank&, const WaitingRank&) = default;
};
BOOST_DESCRIBE_STRUCT(WaitingRank, (), (rank, queued))

/// A time and, so that no two are the same, a position.
using When = std::pair<bus::Time, bus::Position>;

/// What became of an event: what it says, if it held, else why it changed nothing.
enum class Outcome {
    queued,
    claimed,
    started,
    completed,
    failed,
    released,
    lease_expired,
    timeout,
    cancelled,
    parked,
    unparked,
    idle_resources,
    unsound,
    duplicates,
    lost_claims,
    late_results,
    not_applicable
};
BOOST_DESCRIBE_ENUM(Outcome, queued, claimed, started, completed, failed, released, lease_expired,
                    timeout, cancelled, parked, unparked, idle_resources, unsound, duplicates,
                    lost_claims, late_results, not_applicable)

/// Null until the first is counted.
using CountByOutcome =
    std::array<std::int64_t*, static_cast<std::size_t>(Outcome::not_applicable) + 1>;

struct WorkView {
    Register<bus::WorkId, WorkItem> items = {};  ///< Ended ones stay for a while, see `kept_for`.

    // Indices over `items`; each follows from it, see projections/work_index.hpp.
    std::map<WaitingClass, std::map<WaitingRank, bus::WorkId>> waiting = {};  ///< Best first.
    std::map<When, bus::WorkId> delayed = {};                   ///< By `not_before_at`.
    std::map<bus::WorkId, std::set<bus::WorkId>> blocked = {};  ///< By what they wait for.
    std::map<std::string, bus::WorkId> open_by_dedup_key = {};
    std::map<bus::NodeId, FlatSet<bus::WorkId>> leased_by_node = {};
    std::map<bus::NodeId, bus::Requirements> reserved = {};  ///< Sum over the node's leases.
    std::map<When, bus::WorkId> ended = {};                  ///< By when they leave the view.
    Tally<WorkStatus> by_status = {};
    Tally<std::pair<bus::WorkType, WorkStatus>> by_type = {};
    FlatMap<std::pair<bus::WorkType, bus::ConfigKey>, std::int64_t> open_by_kind = {};  ///< > 0.
    FlatMap<bus::ConfigKey, std::int64_t> open_by_config = {};                          ///< > 0.

    // History that `items` does not tell.
    FlatMap<bus::ConfigKey, std::int64_t> pass = {};
    std::int64_t virtual_time = 0;  ///< The largest pass at which a claim was made.
    bus::Time clock_at = {};        ///< Of the last leader's event: a node's clock may be wrong.
    FlatMap<std::pair<bus::WorkType, bus::ConfigKey>, std::int64_t> queued_total = {};
    std::map<std::string, std::int64_t, std::less<>> counts = {};  ///< Of each Outcome, by name.
    Shortcut<CountByOutcome> by_outcome = {};  ///< To the counts above; nothing is erased there.
    Shortcut<const WorkItem*> changed = {};    ///< What the last event was about, if it held.
    friend bool operator==(const WorkView&, const WorkView&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkView, (),
                      (items, waiting, delayed, blocked, open_by_dedup_key, leased_by_node,
                       reserved, ended, by_status, by_type, open_by_kind, open_by_config, pass,
                       virtual_time, clock_at, queued_total, counts))

inline constexpr std::size_t too_late_max = 4;

/// Completed and cancelled items leave the view so long after they ended (runbook: old items, 24
/// h).
inline constexpr bus::Duration ended_kept = std::chrono::hours(24);
/// What failed keeps its evidence longer, and is probed again, see WorkQueueMaintenance.
inline constexpr bus::Duration set_aside_kept = std::chrono::hours(24 * 7);
/// Beyond so many, those nearest to leaving leave at once; PostgreSQL has the long history.
inline constexpr std::size_t ended_max = 20'000;

/// What one slot costs a config that has the whole cluster as its share.
inline constexpr std::int64_t pass_per_slot = 1'000'000;
/// No config is further behind than so much service; those who are take turns. It bounds how long
/// others wait while a config catches up that could not be served (no node fitted, none was alive).
inline constexpr std::int64_t pass_credit_max = 1'000 * pass_per_slot;

/// Whether the fact can change this view.
template <class Fact>
inline constexpr bool concerns_work = Fact::info.noun == bus::Noun::work;

void apply(WorkView& view, const bus::Recorded& recorded);

const WorkItem* find(const WorkView& view, const bus::WorkId& work);
/// The item iff exactly this claim holds now.
const WorkItem* held(const WorkView& view, const bus::WorkId& work, const bus::NodeId& node,
                     bus::Position fence);

/// What a claim of the item adds to its config's pass.
std::int64_t stride_of(const bus::WorkQueued& order);
/// The pass of a config, not further behind `virtual_time` than the credit.
std::int64_t pass_of(const WorkView& view, const bus::ConfigKey& config);
WaitingRank rank_of(const WorkItem& item);

/// As on the bus: `export`, not `export_`.
std::string_view name_of(bus::WorkType type);
std::string_view name_of(bus::FailureKind kind);
std::string_view name_of(WorkStatus status);

}  // namespace ringrift::projections
