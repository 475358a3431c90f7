#pragma once

// Which events make which loops run at once, and the proof that they do.
//
// A loop runs at its period anyway; a subscription only spares the waiting. `observe` compares the
// fold's counts of events with those of the last round, so nothing is missed by missing an edge.
// A subscription is healthy while the canary put into it came out again within two intervals, and
// while no loop that it woke has left an event unhandled for long. Node's thread only.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "projections/cluster_view.hpp"

namespace ringrift::consumers {

struct Subscription {
    std::string_view event;
    std::string_view group;  ///< daemon_events, feedback_signals or manager_events.
    bool critical = false;   ///< Without it the pipeline stalls.
    std::vector<std::string_view> wakes = {};  ///< Names of loops.
};

/// All of them; the three critical ones are the runbook's.
const std::vector<Subscription>& subscription_table();

struct SubscriptionHealth {
    std::string_view event = {};
    std::string_view group = {};
    bool critical = false;
    bool healthy = false;
    bus::Time canary_at = {};  ///< When one last came out.
    bus::Duration oldest_unhandled = {};
    std::string problem = {};  ///< One sentence; empty when healthy.
};

class Subscriptions {
  public:
    static constexpr bus::Duration interval = std::chrono::seconds(15);
    /// A woken loop runs in the same round, so this long is already a stall.
    static constexpr bus::Duration unhandled_max = std::chrono::seconds(60);

    /// When a loop last ran without failing; none when it never did.
    using LastSuccess = std::function<std::optional<bus::Time>(std::string_view loop)>;

    /// Takes note of what was folded since the last call, and sends canaries when they are due.
    void observe(const projections::FoldCounts& counts, const LastSuccess& last_success,
                 bus::Time now);

    /// The loops to wake now, each once. Delivers the canaries that are under way.
    std::set<std::string_view> take_wakes(bus::Time now);

    std::vector<SubscriptionHealth> health(bus::Time now) const;

  private:
    struct State {
        std::int64_t seen = 0;  ///< Events of the type when last observed.
        bool pending = false;
        bool canary_sent = false;
        std::optional<bus::Time> canary_at = {};
        std::optional<bus::Time> unhandled_at =
            {};  ///< The oldest event that a woken loop has not seen.
    };
    std::vector<State> states_ = std::vector<State>(subscription_table().size());  ///< By row.
    std::optional<bus::Time> canaries_at_;
};

}  // namespace ringrift::consumers
