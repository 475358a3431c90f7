#pragma once

// MachineKeeper: makes the machines be what the log has asked for, through the provider.
//
//     NODE_PROVISION_REQUESTED   ─▶ provision, until it is done ─▶ NODE_PROVISIONED
//     NODE_TERMINATION_REQUESTED ─▶ terminate, until it is done ─▶ NODE_TERMINATED
//
// Level-triggered, on the leader: what is requested and not done is ordered, once at a time; what
// failed is ordered again after a pause that doubles from half a minute to ten. A machine that was
// asked for half an hour ago is not wanted any more, and a node that has become needed is not ended
// (producers::why_needed), whatever was requested. After three failures in a row the alert
// `provider/<node>` stands until it is done, or nobody wants it any more. At most so many orders
// are begun in an hour, whatever is requested: an error of ours must not rent a data centre; what
// waits for that is the alert `provider_budget`.
//
// What runs is this leader's memory only: the next leader orders again what is not in the log, so a
// provider has to be told twice without harm; the fold takes the first answer only. A node that
// leads no more ends what it had begun. Belongs to the node's thread.

#include <deque>
#include <map>

#include "consumers/loop.hpp"
#include "consumers/provider.hpp"

namespace ringrift::consumers {

/// What the log asks for and does not have, oldest name first; the attempt is not filled in. Pure.
std::vector<MachineOrder> open_orders(const producers::Sight& sight);

class MachineKeeper {
  public:
    MachineKeeper(Provider& provider, std::int64_t orders_per_hour_max)
        : provider_(provider), orders_per_hour_max_(orders_per_hour_max) {}

    /// Takes the provider's news. Returns how many reports there were.
    std::size_t sense(bus::Time now);

    /// Orders what is due; with `leads` false nothing, and what runs is ended. Returns how much was
    /// begun.
    std::size_t carry_out(const producers::Sight& sight, bool leads);

    /// What is to be said, asked for until it is in the log; and the alerts.
    Commands reports(const producers::Sight& sight) const;

    static constexpr bus::Duration pause_min = std::chrono::seconds(30);
    static constexpr bus::Duration pause_max = std::chrono::minutes(10);
    static constexpr std::int64_t failures_until_alert = 3;
    static constexpr bus::Duration budget_window = std::chrono::hours(1);

  private:
    struct Progress {
        std::int64_t attempts = 0;
        bool is_running = false;
        bool is_done = false;
        std::string machine = {};  ///< When it is done.
        std::string trouble = {};  ///< Of the last attempt.
        bus::Time next_at = {};
    };
    bool is_spent() const {
        return static_cast<std::int64_t>(begun_at_.size()) >= orders_per_hour_max_;
    }

    Provider& provider_;
    const std::int64_t orders_per_hour_max_;
    std::map<MachineRequest, Progress> requests_;
    std::deque<bus::Time> begun_at_;  ///< Within the window.
    bool leads_ = false;
    bool waits_for_budget_ = false;
};

}  // namespace ringrift::consumers
