#pragma once

// AutoScaling: asks for more machines when the queue outgrows the cluster, and, reluctantly, for
// fewer.
//
// A node is ended only after an hour without work AND five health checks missed in a row (a check
// is a heartbeat that should have come), never below `min_nodes` that are well, and at most one per
// cool-down. It is never a voter, never one that holds a claim, and never one with files of which
// no other node has a sound copy (producers/scaling). A node that this leader never heard counts as
// silent and idle since the log called it offline, once the leader itself has led for as long as
// five checks take.
//
// Nothing new is decided while a machine is being ended, at most for half an hour. Machines that
// were asked for and have not joined count as members for as long. A decision is
// followed by its requests at once, or by the next step should this node die between. In a dry run
// the decision is said once and nothing follows; that needs no provider. Without one there is
// nobody to ask: then the loop rests and says so.

#include <optional>

#include "consumers/loop.hpp"

namespace ringrift::consumers {

struct AutoScaling {
    static constexpr std::string_view name = "auto_scaling";
    static constexpr bus::Duration period = std::chrono::minutes(5);
    static constexpr RunsOn runs_on = RunsOn::leader;
    bool has_provider = false;    ///< Commands to provision and to terminate are configured.
    std::int64_t min_nodes = 2;   ///< RINGRIFT_MIN_NODES
    std::int64_t max_nodes = 50;  ///< RINGRIFT_MAX_NODES
    bool dry_run = false;         ///< RINGRIFT_AUTOSCALE_DRY_RUN

    bus::Duration cool_down = std::chrono::minutes(5);
    bus::Duration idle_min = std::chrono::hours(1);
    std::int64_t health_failures_min = 5;
    bus::Duration health_check_every = std::chrono::seconds(15);  ///< The period of Heartbeat.
    std::int64_t pending_per_node_max = 10;  ///< More, and the cluster is too small.
    std::int64_t added_per_step_max = 3;     ///< Machines cost money; the next step can add more.
    bus::Duration join_wait = std::chrono::minutes(30);  ///< Then a machine is not waited for.

    /// One DecideScale at most, and the requests that follow from it or from the last one.
    Commands step(const producers::Sight& sight) const;
    std::string why_rests(const producers::Sight& sight) const;

    /// Why the node may not be ended now; empty when it may. Shown by /explain.
    std::string why_kept(const producers::Sight& sight, const projections::NodeEntry& node) const;

  private:
    /// Since when a node has been idle and how long it has been silent, as far as anybody knows.
    struct Quiet {
        std::optional<bus::Time> idle_since_at = {};
        bus::Duration silent = {};
    };
    std::optional<Quiet> quiet_of(const producers::Sight& sight,
                                  const projections::NodeEntry& node) const;
    std::int64_t nodes_to_add(const producers::Sight& sight) const;
    std::int64_t members(const producers::Sight& sight) const;
    std::int64_t coming(const producers::Sight& sight) const;
    Commands decide_scale(const producers::Sight& sight, std::int64_t change,
                          const bus::NodeId& node, std::string reason) const;
};
static_assert(MayRest<AutoScaling>);

}  // namespace ringrift::consumers
