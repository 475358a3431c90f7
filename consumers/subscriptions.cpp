#include "consumers/subscriptions.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace ringrift::consumers {
namespace {

constexpr std::string_view daemon_events = "daemon_events";
constexpr std::string_view feedback_signals = "feedback_signals";
constexpr std::string_view manager_events = "manager_events";
constexpr std::string_view pipeline = "data_management";
constexpr std::string_view populator = "queue_populator";
constexpr std::string_view puller = "worker_pull";

/// When each loop last ran without failing; asked once for each, however many events wake it.
class Successes {
  public:
    explicit Successes(const Subscriptions::LastSuccess& ask) : ask_(ask) {}
    std::optional<bus::Time> of(std::string_view loop) {
        const auto end = known_.begin() + count_;
        const auto at = std::find_if(known_.begin(), end,
                                     [&](const Known& known) { return known.loop == loop; });
        if (at != end) return at->success;
        const Known known = {.loop = loop, .success = ask_(loop)};
        if (count_ < std::ssize(known_)) known_[static_cast<std::size_t>(count_++)] = known;
        return known.success;
    }

  private:
    struct Known {
        std::string_view loop = {};
        std::optional<bus::Time> success = {};
    };
    const Subscriptions::LastSuccess& ask_;
    std::array<Known, 8> known_ = {};
    std::ptrdiff_t count_ = 0;
};

/// Whether every loop that the event wakes has run without failing since `since`.
bool handled(const Subscription& subscription, bus::Time since, Successes& successes) {
    return std::ranges::all_of(subscription.wakes, [&](std::string_view loop) {
        const auto success = successes.of(loop);
        return success && *success >= since;
    });
}

/// Rows of the table in the order of their events.
const std::vector<std::size_t>& rows_by_event() {
    static const std::vector<std::size_t> sorted = [] {
        std::vector<std::size_t> rows(subscription_table().size());
        std::iota(rows.begin(), rows.end(), std::size_t(0));
        std::ranges::sort(rows, {},
                          [](std::size_t row) { return subscription_table()[row].event; });
        return rows;
    }();
    return sorted;
}

}  // namespace

const std::vector<Subscription>& subscription_table() {
    static const std::vector<Subscription> table = {
        {.event = "NODE_JOINED", .group = daemon_events, .wakes = {pipeline, populator}},
        {.event = "NODE_SUSPECTED", .group = daemon_events, .wakes = {pipeline}},
        {.event = "HOST_OFFLINE", .group = daemon_events, .wakes = {pipeline}},
        {.event = "NODE_DRAINING", .group = daemon_events, .wakes = {pipeline}},
        {.event = "NODE_RELEASED", .group = daemon_events, .wakes = {populator, puller}},
        {.event = "LEADER_ELECTED", .group = daemon_events, .wakes = {pipeline, populator, puller}},
        {.event = "CLUSTER_CONFIG_CHANGED", .group = daemon_events, .wakes = {pipeline, populator}},
        {.event = "IDLE_RESOURCE_DETECTED", .group = daemon_events, .wakes = {populator}},
        {.event = "EVALUATION_COMPLETED",
         .group = feedback_signals,
         .critical = true,
         .wakes = {pipeline}},
        {.event = "EVALUATION_STARTED", .group = feedback_signals, .wakes = {pipeline}},
        {.event = "MODEL_PROMOTED", .group = feedback_signals, .wakes = {pipeline, populator}},
        {.event = "PROMOTION_REJECTED", .group = feedback_signals, .wakes = {pipeline}},
        {.event = "MODEL_ROLLED_BACK", .group = feedback_signals, .wakes = {populator}},
        {.event = "CURRICULUM_REBALANCED", .group = feedback_signals, .wakes = {populator}},
        {.event = "MATCH_PLAYED", .group = feedback_signals, .wakes = {"elo_sync"}},
        {.event = "ELO_UPDATED", .group = feedback_signals, .wakes = {pipeline}},
        {.event = "GAMES_RECORDED", .group = manager_events, .wakes = {pipeline}},
        {.event = "DATA_SYNC_COMPLETED",
         .group = manager_events,
         .critical = true,
         .wakes = {pipeline}},
        {.event = "FILE_REPLICATED", .group = manager_events, .wakes = {pipeline}},
        {.event = "FILE_QUARANTINED", .group = manager_events, .wakes = {pipeline}},
        {.event = "MANIFEST_COLLECTED", .group = manager_events, .wakes = {pipeline}},
        {.event = "NPZ_EXPORT_COMPLETE", .group = manager_events, .wakes = {pipeline}},
        {.event = "TRAINING_COMPLETED",
         .group = manager_events,
         .critical = true,
         .wakes = {pipeline}},
        {.event = "WORK_QUEUED", .group = manager_events, .wakes = {puller}},
        {.event = "WORK_STARTED", .group = manager_events, .wakes = {pipeline}},
        {.event = "WORK_COMPLETED",
         .group = manager_events,
         .wakes = {pipeline, populator, puller}},
        {.event = "WORK_FAILED", .group = manager_events, .wakes = {pipeline, populator, puller}},
        {.event = "WORK_RELEASED", .group = manager_events, .wakes = {puller}},
        {.event = "WORK_LEASE_EXPIRED", .group = manager_events, .wakes = {puller}},
        {.event = "WORK_TIMEOUT", .group = manager_events, .wakes = {pipeline, populator, puller}},
        {.event = "WORK_CANCELLED",
         .group = manager_events,
         .wakes = {pipeline, populator, puller}},
        {.event = "WORK_PARKED", .group = manager_events, .wakes = {pipeline, populator}},
        {.event = "WORK_UNPARKED", .group = manager_events, .wakes = {puller}},
    };
    return table;
}

void Subscriptions::observe(const projections::FoldCounts& counts, const LastSuccess& last_success,
                            bus::Time now) {
    const bool canaries_due = !canaries_at_ || now - *canaries_at_ >= interval;
    if (canaries_due) canaries_at_ = now;
    // Asked in every turn of every round: one walk through two sorted lists, no look-ups.
    Successes successes(last_success);
    auto count = counts.events_by_type.begin();
    const auto counts_end = counts.events_by_type.end();
    for (const std::size_t row : rows_by_event()) {
        const Subscription& subscription = subscription_table()[row];
        State& state = states_[row];
        if (canaries_due) state.canary_sent = true;
        if (state.unhandled_at && handled(subscription, *state.unhandled_at, successes)) {
            state.unhandled_at.reset();
        }
        while (count != counts_end && count->first < subscription.event) ++count;
        const bool came = count != counts_end && count->first == subscription.event;
        const std::int64_t total = came ? count->second : 0;
        if (total == state.seen) continue;
        state.seen = total;
        state.pending = true;
        if (!state.unhandled_at) state.unhandled_at = now;
    }
}

std::set<std::string_view> Subscriptions::take_wakes(bus::Time now) {
    std::set<std::string_view> wakes;
    for (std::size_t row = 0; row < states_.size(); ++row) {
        const Subscription& subscription = subscription_table()[row];
        State& state = states_[row];
        if (std::exchange(state.canary_sent, false)) state.canary_at = now;
        if (!std::exchange(state.pending, false)) continue;
        wakes.insert(subscription.wakes.begin(), subscription.wakes.end());
    }
    return wakes;
}

std::vector<SubscriptionHealth> Subscriptions::health(bus::Time now) const {
    std::vector<SubscriptionHealth> all;
    for (std::size_t row = 0; row < states_.size(); ++row) {
        const Subscription& subscription = subscription_table()[row];
        const State& state = states_[row];
        SubscriptionHealth health = {.event = subscription.event,
                                     .group = subscription.group,
                                     .critical = subscription.critical};
        if (state.canary_at) health.canary_at = *state.canary_at;
        if (state.unhandled_at) health.oldest_unhandled = now - *state.unhandled_at;
        if (!state.canary_at || now - *state.canary_at > 2 * interval) {
            health.problem = "no canary came through for two intervals";
        } else if (health.oldest_unhandled > unhandled_max) {
            health.problem =
                "a loop that it wakes has not run without failing since the event came";
        }
        health.healthy = health.problem.empty();
        all.push_back(std::move(health));
    }
    return all;
}

}  // namespace ringrift::consumers
