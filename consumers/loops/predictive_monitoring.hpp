#pragma once

// PredictiveMonitoring: names trends before they are failures.
//
// Every node watches its own disk and memory, of which it alone has the history; the leader watches
// the queue and the trainings. An alert stands until its measure is clearly better than the bound
// that raised it, so nothing has to be throttled; one that went from warning to critical stays
// critical until then.

#include "consumers/loop.hpp"

namespace ringrift::consumers {

/// A resource that can run out.
struct FillBounds {
    double critical = 0;      ///< Fraction in use, at or above.
    double full = 1;          ///< The fraction that the trend is measured against.
    double watched_from = 0;  ///< Below it a trend is no reason to wake anybody.
    double clear_below = 0;
    bus::Duration warn_within = {};   ///< It is full so soon.
    bus::Duration clear_beyond = {};  ///< Not full for so long.
    bus::Duration window = {};        ///< Of the history that the trend is taken from.
};

struct PredictiveMonitoring {
    static constexpr std::string_view name = "predictive_monitoring";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::every_node;

    FillBounds disk = {.critical = 0.90,
                       .full = 1.00,
                       .watched_from = 0.50,
                       .clear_below = 0.87,
                       .warn_within = std::chrono::hours(4),
                       .clear_beyond = std::chrono::hours(6),
                       .window = std::chrono::hours(4)};
    FillBounds memory = {.critical = 0.95,
                         .full = 0.95,
                         .watched_from = 0.70,
                         .clear_below = 0.90,
                         .warn_within = std::chrono::hours(2),
                         .clear_beyond = std::chrono::hours(3),
                         .window = std::chrono::hours(2)};

    bus::Duration backlog_window = std::chrono::hours(1);
    /// More items that wait, for each slot of the cluster, are a backlog: QueuePopulator itself
    /// keeps two open.
    std::int64_t backlog_per_slot = 10;
    std::int64_t backlog_growth_min =
        10;  ///< Items per window: a queue that shrinks needs no alert.

    bus::Duration training_stall_after = std::chrono::hours(6);

    Commands step(const producers::Sight& sight) const;

  private:
    void watch_queue(const producers::Sight& sight, Commands& commands) const;
    void watch_trainings(const producers::Sight& sight, Commands& commands) const;
};
static_assert(Loop<PredictiveMonitoring>);

}  // namespace ringrift::consumers
