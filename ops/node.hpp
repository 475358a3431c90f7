#pragma once

// The node: one machine's share of the cluster, put together from its parts; the whole of it is
// `do_work`. The daemon calls it in a loop, the simulator under a false clock: the same code.
//
//   world -> host view -> (log -> cluster view) -> loops -> commands -> log -> cluster view -> jobs
//
// Everything belongs to the thread that calls `do_work`. Other threads meet it in two places: the
// inbox of admin requests, and the board where it publishes its pulse. It never blocks on them.

#include <optional>
#include <string>

#include "bus/inbox.hpp"
#include "consumers/file_mover.hpp"
#include "consumers/machine_keeper.hpp"
#include "consumers/managers/job_manager.hpp"
#include "consumers/managers/loop_manager.hpp"
#include "consumers/managers/state_manager.hpp"
#include "consumers/roll_call.hpp"
#include "consumers/subscriptions.hpp"
#include "ops/admin.hpp"
#include "ops/pulse.hpp"
#include "ops/steady_time.hpp"
#include "producers/command_handler.hpp"
#include "producers/election_driver.hpp"
#include "producers/host_sampler.hpp"
#include "producers/leader_watch.hpp"

namespace ringrift::ops {

struct NodeSettings {
    bus::NodeJoined self = {};  ///< Its incarnation is counted by StateManager.
    std::string cluster = "main";
    std::string log_kind = "sqlite";
    bus::ClusterConfigChanged config =
        {};  ///< From the workload file; said when the log has another.
    std::int64_t run_seed = 0;
    std::int64_t min_nodes = 2;
    std::int64_t max_nodes = 50;
    bool autoscale_dry_run = false;
    std::int64_t provider_orders_per_hour = 20;
    bus::Duration heartbeat = std::chrono::seconds(15);
    bus::Duration lease = std::chrono::seconds(45);
    producers::SilenceLimits silence = {};
    bus::Duration stop_grace = std::chrono::seconds(30);
    std::int64_t copies = 2;  ///< Of every games file and model, where files can be copied.
    bus::Duration publish_every = std::chrono::milliseconds(200);  ///< Its pulse.
    std::vector<bus::NodeId> founders = {};  ///< Voters of a cluster that has none yet; empty on
                                             ///< the embedded log, where this node elects itself.
    bus::NodeId preferred = {};              ///< The voter that stands first; may be empty.
    producers::ElectionTimes election_times = {};
};

/// The world as the node meets it. All outlive the node.
struct NodePorts {
    bus::Clock& clock;  ///< Measures how long a loop ran; all else is told the time.
    bus::Log& log;
    projections::Store& store;
    producers::Host& host;
    consumers::Hands& hands;
    PulseBoard& board;
    bus::Wire* wire = nullptr;  ///< To the other nodes; null on the embedded log.
    producers::LeaderWatch* leader_watch = nullptr;  ///< Proof of a leader's end; may be null.
    consumers::Transfers* transfers = nullptr;       ///< Of files; null where none are moved.
    consumers::Provider* provider = nullptr;         ///< Of machines; null where none is set.
};

class Node {
  public:
    Node(NodeSettings settings, NodePorts ports, consumers::ExpandWork expand);

    /// Loads what the node believed, folds the log, counts this start. The error is a sentence;
    /// nothing has been said on the bus then.
    bus::Result<bus::Done, std::string> start(bus::Time now);

    /// One round. Returns how much was done; 0 means that nothing is to be done before something
    /// happens or `idle_max` has passed.
    std::size_t do_work(bus::Time now);

    /// Ends jobs, gives claims back, says NODE_LEFT, saves a snapshot. `stopped` tells when done;
    /// after `stop_grace` it goes without what is left.
    void stop(std::string reason, bus::Time now);
    /// Ends without ending jobs, giving claims back or saying NODE_LEFT: whoever starts next on
    /// this data folder goes on with them. If it leads, it says that it leads no more. `stopped` at
    /// once.
    void hand_over(std::string reason, bus::Time now);
    bool stopped() const { return phase_ == Phase::stopped; }
    bool stopping() const { return phase_ != Phase::running; }

    /// Where the API listens, which the others are told; before `start`. For a port that the system
    /// has chosen.
    void serve_at(std::int64_t port) { settings_.self.port = port; }
    /// Any thread may put; see ops/admin.hpp.
    bus::Inbox<AdminRequest>& admin() { return admin_; }
    /// Wakes the thread that sleeps between rounds; set before `start`. Called from any thread.
    void on_wake(std::function<void()> wake) { wake_ = std::move(wake); }

    const projections::ClusterView& view() const { return state_.view(); }
    const projections::HostView& host_view() const { return host_; }
    bus::Position position() const { return state_.position(); }
    /// The log names it, and its lease runs at this very moment: asks the clock each time.
    bool is_leader() const;
    /// The log has what this start said of itself.
    bool joined() const;
    /// Empty while all critical subscriptions are healthy.
    std::vector<std::string> critical_failed(bus::Time now) const;

    static constexpr bus::Duration idle_max = std::chrono::milliseconds(100);
    /// A log that takes nothing is asked again after this; a full disk does not empty faster.
    static constexpr bus::Duration retry_after = std::chrono::seconds(1);

  private:
    enum class Phase { running, stopping, stopped };
    using Outcome = producers::CommandHandler::Outcome;

    /// The time that all below is told, from what the wall clock shows.
    bus::Time own_time(bus::Time wall) { return time_.at(wall, ports_.clock.monotonic()); }
    producers::Sight sight(bus::Time now) { return {state_.view(), sense_lead(), now}; }
    const projections::HostView& sense_lead();
    void add_loops();
    void sense(bus::Time now);
    void note_caught_up();
    /// Asks for the commands one after the other; false when the log takes none now.
    bool ask(const consumers::Commands& commands, bus::Time now);
    bool say_what_moved(bus::Time now);
    producers::CommandHandler::Handled ask(const producers::Command& command, bus::Time now);
    consumers::Commands standing(bus::Time now) const;
    /// ops/node_letters.cpp: reads what others wrote, and votes, follows or leads.
    std::size_t read_letters(bool log_usable, bus::Time now);
    void note_reach(bool log_usable, bus::Time now);
    bool sends_on(const producers::Command& command);
    std::size_t answer_wishes(bus::Time now);
    std::size_t move_files(bus::Time now);
    bool keep_machines(bus::Time now);
    void watch_leader(bus::Instant instant);
    std::size_t run_loops(bus::Time now);
    std::size_t answer_admin(bus::Time now);
    AdminReply carry_out(const AdminRequest& request, bus::Time now);
    std::size_t ingest_said(bus::Time now);
    void count_ingested(const AdminReply& reply);
    void go_on_stopping(bus::Time now);
    void publish(bus::Time now);
    bus::NodeId leader_now(bus::Instant now) const;

    NodeSettings settings_;
    NodePorts ports_;
    std::function<void()> wake_;
    SteadyTime time_;
    bus::Inbox<AdminRequest> admin_;
    consumers::StateManager state_;
    projections::HostView host_;
    producers::CommandHandler handler_;
    producers::ElectionDriver elections_;
    producers::HostSampler sampler_;
    consumers::RollCall roll_call_;
    std::optional<consumers::FileMover> mover_;  ///< Before the jobs, whose inputs it brings.
    std::optional<consumers::MachineKeeper> machines_;
    consumers::JobManager jobs_;
    consumers::LoopManager loops_;
    consumers::Subscriptions subscriptions_;

    Phase phase_ = Phase::running;
    std::string stop_reason_;
    bus::Time stop_by_ = {};
    bus::Time started_at_ = {};
    std::int64_t incarnation_ = 0;
    bus::Position log_last_at_start_ = 0;
    bool caught_up_ = false;   ///< Has folded all that stood in the log at its start.
    bus::Time retry_at_ = {};  ///< While the log takes nothing, the next try.
    bus::Time lease_watch_at_ = {};
    bus::Time published_at_ = {};
    bool published_as_leader_ = false;
    std::string trouble_;  ///< Why the log could not be used last; empty when it could.
    std::map<std::string, std::int64_t> counts_;
};

}  // namespace ringrift::ops
