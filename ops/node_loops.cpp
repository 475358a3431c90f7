#include "consumers/loops/auto_scaling.hpp"
#include "consumers/loops/data_management.hpp"
#include "consumers/loops/elo_sync.hpp"
#include "consumers/loops/heartbeat.hpp"
#include "consumers/loops/idle_detection.hpp"
#include "consumers/loops/job_reaper.hpp"
#include "consumers/loops/manifest_collection.hpp"
#include "consumers/loops/nat_management.hpp"
#include "consumers/loops/predictive_monitoring.hpp"
#include "consumers/loops/queue_populator.hpp"
#include "consumers/loops/self_healing.hpp"
#include "consumers/loops/work_queue_maintenance.hpp"
#include "consumers/loops/worker_pull.hpp"
#include "ops/node.hpp"

// The list of loops: the runbook's 13, in the order in which they run when several are due.

namespace ringrift::ops {

void Node::add_loops() {
    const std::int64_t seed = settings_.run_seed;
    consumers::AnyLoop beat =
        consumers::any_loop(consumers::Heartbeat{.limits = settings_.silence});
    beat.period = settings_.heartbeat;  // Who speaks more often is missed sooner.
    loops_.add(std::move(beat));
    consumers::SyncPlanner planner;
    planner.copies = static_cast<std::size_t>(settings_.copies);
    loops_.add(consumers::ManifestCollection{.planner = planner});
    loops_.add(consumers::DataManagement{.planner = planner,
                                         .coordinator = consumers::TrainingCoordinator(seed)});
    loops_.add(consumers::EloSync{});
    loops_.add(consumers::QueuePopulator{.scheduler = consumers::SelfplayScheduler(seed),
                                         .run_seed = seed});
    loops_.add(consumers::WorkQueueMaintenance{});
    loops_.add(consumers::JobReaper{});
    loops_.add(consumers::SelfHealing{});
    loops_.add(consumers::PredictiveMonitoring{});
    loops_.add(consumers::IdleDetection{});
    loops_.add(consumers::AutoScaling{.has_provider = ports_.provider != nullptr,
                                      .min_nodes = settings_.min_nodes,
                                      .max_nodes = settings_.max_nodes,
                                      .dry_run = settings_.autoscale_dry_run});
    loops_.add(consumers::NatManagement{});
    loops_.add(consumers::WorkerPull{});
}

}  // namespace ringrift::ops
