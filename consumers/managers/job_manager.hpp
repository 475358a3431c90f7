#pragma once

// JobManager: makes the programs on this node be the jobs that the log gives to this node.
//
// Level-triggered: compares the node's leases with what the hands know, starts what is missing,
// ends what is extra. So a restart needs no recovery code: it is the first comparison. The end of a
// job is kept until the log has it: asked for again each round until the view shows that the claim
// has ended and its games are recorded. A job whose inputs lie on other nodes waits here until
// FileMover has brought them; it fails only when they can be had nowhere. Belongs to the node's
// thread.

#include <functional>
#include <map>

#include "consumers/file_mover.hpp"
#include "consumers/hands.hpp"
#include "consumers/lease_watch.hpp"
#include "consumers/loop.hpp"
#include "consumers/workload.hpp"

namespace ringrift::consumers {

/// From an item of work to what is run here, or a sentence why it cannot be
/// (consumers/workload.hpp).
using ExpandWork =
    std::function<bus::Result<JobOrder, CannotRun>(const bus::WorkQueued&, bus::Position fence)>;

/// What `carry_out` will do. Pure, so that its test needs no process. A node that has been cut off
/// for a lease ends its exclusive jobs itself: somebody else may run them by now.
struct JobChanges {
    std::vector<JobId> start = {};
    std::vector<JobId> stop = {};
    friend bool operator==(const JobChanges&, const JobChanges&) = default;
};
JobChanges plan(const producers::Sight& sight, const std::map<JobId, JobEnded>& ended,
                bus::Duration lease = lease_default);

/// Whether the log has all that the end of this job has to say.
bool is_settled(const projections::ClusterView& cluster, const bus::NodeId& self,
                const JobEnded& ended);

class JobManager {
  public:
    /// `mover` brings inputs; null where there are no other nodes.
    JobManager(Hands& hands, ExpandWork expand, bus::Duration lease = lease_default,
               const FileMover* mover = nullptr);

    /// Takes the hands' news into the host view. Returns how many reports there were.
    std::size_t sense(projections::HostView& host, bus::Time now);

    /// Starts and ends at most `changes_per_call_max` jobs; with `accept_new` false it starts none.
    std::size_t carry_out(const producers::Sight& sight, projections::HostView& host,
                          bool accept_new);

    /// The files that claims of this node wait for.
    std::set<bus::FileDigest> awaited() const;
    /// The files that ended jobs have left and that the log need not know yet.
    std::set<bus::FileDigest> made() const;

    /// What is to be said: jobs that started, jobs that ended. Asked for until it is in the log.
    Commands reports(const producers::Sight& sight) const;

    /// Forgets the ended jobs that the log has. Returns how many.
    std::size_t settle(const producers::Sight& sight);

    /// Ends everything that runs here, for a shutdown.
    void stop_all(projections::HostView& host);
    bool is_idle(const projections::HostView& host) const {
        return host.jobs.empty() && ended_.empty();
    }

    /// Starts one job of the type that the runbook names so; there is no other way to a process.
    void run_gpu_selfplay_job(const JobOrder& order) { start(order); }
    void spawn_training(const JobOrder& order) { start(order); }

    /// What jobs said through their channel, to be ingested; empties the list.
    std::vector<JobSays> take_said();
    std::int64_t started() const { return started_; }

    static constexpr std::size_t changes_per_call_max = 64;  ///< So that a round stays short.

    /// How often it is looked whether the inputs of a job have come.
    static constexpr bus::Duration look_every = std::chrono::milliseconds(50);

  private:
    /// A job whose inputs are on their way.
    struct Awaiting {
        std::vector<bus::FileDigest> missing = {};
        bus::WorkType type = bus::WorkType::selfplay;
        bus::ConfigKey config = {};
        bus::Time looked_at = {};
    };
    void start(const JobOrder& order);
    bool begin(const producers::Sight& sight, projections::HostView& host, const JobId& job);
    std::size_t begin_awaiting(const producers::Sight& sight, projections::HostView& host);
    void fail(const JobId& job, const bus::WorkQueued& work, std::string sentence);
    bool call_off(const JobId& job, projections::HostView& host);

    Hands& hands_;
    ExpandWork expand_;
    const bus::Duration lease_;
    const FileMover* const mover_;
    std::map<JobId, Awaiting> awaiting_;
    std::map<JobId, JobEnded> ended_;  ///< Not yet settled.
    std::vector<JobSays> said_;
    std::int64_t started_ = 0;
};

}  // namespace ringrift::consumers
