#include "consumers/managers/job_manager.hpp"

#include <algorithm>

#include "consumers/trace_parent.hpp"
#include "producers/late_results.hpp"

namespace ringrift::consumers {
namespace {

using producers::Command;
using projections::JobHere;
using projections::WorkItem;

/// Claims of this node that hold now and that nobody here has heard of, in the order of their ids.
std::vector<JobId> untouched(const producers::Sight& sight,
                             const std::map<JobId, JobEnded>& ended) {
    std::vector<JobId> jobs;
    const auto leased = sight.cluster.work.leased_by_node.find(sight.host.self);
    if (leased == sight.cluster.work.leased_by_node.end()) return jobs;
    for (const bus::WorkId& work : leased->second) {
        const bus::Position fence = find(sight.cluster.work, work)->lease->fence;
        if (sight.host.jobs.contains(fence)) continue;
        JobId job = {.work = work, .fence = fence};
        if (!ended.contains(job)) jobs.push_back(std::move(job));
    }
    return jobs;
}

/// A job without a claim goes on iff its data is wanted all the same and nobody called it off; not
/// beside a newer attempt on this node, which would play the same games.
bool goes_on(const projections::ClusterView& cluster, const bus::NodeId& self,
             const bus::WorkId& work) {
    const WorkItem* item = find(cluster.work, work);
    if (item == nullptr || item->order.type != bus::WorkType::selfplay) return false;
    const bool is_mine_anew = item->lease && item->lease->node == self;
    return item->status != projections::WorkStatus::cancelled && !is_mine_anew;
}

/// Whether the leader has given this node's exclusive work to others by now, for all it can know.
bool is_fenced_off(const projections::HostView& host, bus::Time now, bus::Duration lease) {
    return host.cut_off_since_at && now - *host.cut_off_since_at >= lease;
}

/// Two of it would contradict each other.
bool is_exclusive(bus::WorkType type) {
    return producers::late_result_of(type) == producers::LateResult::drop;
}

Command report_of(const JobEnded& ended, const bus::NodeId& self) {
    const JobId& job = ended.job;
    return std::visit(bus::Overloaded{
                          [&](const JobSuccess& success) -> Command {
                              return producers::ReportCompleted{{.work = job.work,
                                                                 .node = self,
                                                                 .fence = job.fence,
                                                                 .type = ended.type,
                                                                 .config = ended.config,
                                                                 .run_ms = ended.run,
                                                                 .result = success.result}};
                          },
                          [&](const JobFailure& failure) -> Command {
                              return producers::ReportFailed{{.work = job.work,
                                                              .node = self,
                                                              .fence = job.fence,
                                                              .kind = failure.kind,
                                                              .reason = failure.reason,
                                                              .exit_code = failure.exit_code,
                                                              .signal = failure.signal,
                                                              .stderr_tail = failure.stderr_tail}};
                          },
                          [&](const JobStopped&) -> Command {
                              return producers::ReleaseWork{.work = job.work,
                                                            .node = self,
                                                            .fence = job.fence,
                                                            .reason = "ended by the node"};
                          },
                      },
                      ended.outcome);
}

bool games_recorded(const projections::ClusterView& cluster, const JobEnded& ended) {
    const auto* success = std::get_if<JobSuccess>(&ended.outcome);
    if (success == nullptr || ended.type != bus::WorkType::selfplay) return true;
    return std::ranges::all_of(success->result.files, [&](const bus::FileMade& made) {
        const bool to_record = made.games > 0 && made.bytes > 0 && !made.file.empty();
        if (!to_record) return true;
        const auto at = cluster.data.files.find(made.file);
        return at != cluster.data.files.end() && at->second.kind == bus::FileKind::games;
    });
}

}  // namespace

JobChanges plan(const producers::Sight& sight, const std::map<JobId, JobEnded>& ended,
                bus::Duration lease) {
    JobChanges changes;
    const bool fenced_off = is_fenced_off(sight.host, sight.now, lease);
    if (!fenced_off) changes.start = untouched(sight, ended);
    for (const auto& [fence, here] : sight.host.jobs) {
        const WorkItem* item = held(sight.cluster.work, here.work, sight.host.self, fence);
        const bool may_go_on = item != nullptr && !(fenced_off && is_exclusive(item->order.type));
        const bool is_wanted =
            here.stopping || may_go_on || goes_on(sight.cluster, sight.host.self, here.work);
        if (!is_wanted) changes.stop.push_back({.work = here.work, .fence = fence});
    }
    return changes;
}

bool is_settled(const projections::ClusterView& cluster, const bus::NodeId& self,
                const JobEnded& ended) {
    const bool holds = held(cluster.work, ended.job.work, self, ended.job.fence) != nullptr;
    return !holds && games_recorded(cluster, ended);
}

JobManager::JobManager(Hands& hands, ExpandWork expand, bus::Duration lease, const FileMover* mover)
    : hands_(hands), expand_(std::move(expand)), lease_(lease), mover_(mover) {}

std::size_t JobManager::sense(projections::HostView& host, bus::Time now) {
    const auto reports = hands_.drain();
    for (const JobReport& report : reports) {
        std::visit(bus::Overloaded{
                       [&](const JobRunning& e) {
                           JobHere& here = host.jobs[e.job.fence];
                           here.work = e.job.work;
                           here.fence = e.job.fence;
                           here.running = true;
                           here.pid = e.pid;
                           here.progressed_at = now;
                       },
                       [&](const JobProgress& e) {
                           const auto at = host.jobs.find(e.job.fence);
                           if (at == host.jobs.end()) return;
                           JobHere& here = at->second;
                           const bool advanced =
                               e.progress_ppm > here.progress_ppm || e.games > here.games;
                           here.progress_ppm = e.progress_ppm;
                           here.games = e.games;
                           if (advanced) here.progressed_at = now;
                       },
                       [&](const JobSays& e) { said_.push_back(e); },
                       [&](const JobEnded& e) {
                           host.jobs.erase(e.job.fence);
                           ended_[e.job] = e;
                       },
                   },
                   report);
    }
    return reports.size();
}

std::size_t JobManager::carry_out(const producers::Sight& sight, projections::HostView& host,
                                  bool accept_new) {
    const JobChanges changes = plan(sight, ended_, lease_);
    std::size_t made = 0;
    for (const JobId& job : changes.stop) {
        if (made == changes_per_call_max) return made;
        ++made;
        if (call_off(job, host)) continue;
        host.jobs[job.fence].stopping = true;
        hands_.stop(job);
    }
    if (!accept_new) return made;
    made += begin_awaiting(sight, host);
    for (const JobId& job : changes.start) {
        if (made >= changes_per_call_max) return made;
        ++made;
        begin(sight, host, job);
    }
    return made;
}

/// Those whose inputs have come, or will not.
std::size_t JobManager::begin_awaiting(const producers::Sight& sight, projections::HostView& host) {
    std::vector<JobId> due;
    for (auto& [job, awaiting] : awaiting_) {
        const bool lost = held(sight.cluster.work, job.work, sight.host.self, job.fence) == nullptr;
        const bool looked_long_ago =
            sight.now - awaiting.looked_at >= look_every || sight.now < awaiting.looked_at;
        if (lost || looked_long_ago) due.push_back(job);
    }
    std::size_t made = 0;
    for (const JobId& job : due) {
        if (held(sight.cluster.work, job.work, sight.host.self, job.fence) == nullptr)
            call_off(job, host);
        else if (!begin(sight, host, job))
            continue;
        ++made;
    }
    return made;
}

/// False when it waits for inputs. REQUIRES: this node holds the claim.
bool JobManager::begin(const producers::Sight& sight, projections::HostView& host,
                       const JobId& job) {
    const WorkItem* item = find(sight.cluster.work, job.work);
    auto order = expand_(item->order, job.fence);
    if (order) {
        awaiting_.erase(job);
        order->environment["RINGRIFT_TRACEPARENT"] =
            trace_parent(item->correlation, item->last_event);
        host.jobs[job.fence] = {.work = job.work, .fence = job.fence, .progressed_at = sight.now};
        start(*order);
        return true;
    }
    std::string sentence = order.error().sentence;
    bool may_come = mover_ != nullptr && !order.error().missing.empty();
    for (const bus::FileDigest& file : order.error().missing) {
        const auto why = may_come ? mover_->hopeless(sight, file) : std::nullopt;
        if (!why) continue;
        may_come = false;
        sentence += "; " + *why;
    }
    if (!may_come) {
        call_off(job, host);
        fail(job, item->order, std::move(sentence));
        return true;
    }
    awaiting_[job] = {.missing = order.error().missing,
                      .type = item->order.type,
                      .config = item->order.config,
                      .looked_at = sight.now};
    host.jobs[job.fence] = {
        .work = job.work, .fence = job.fence, .fetching = true, .progressed_at = sight.now};
    return false;
}

void JobManager::fail(const JobId& job, const bus::WorkQueued& work, std::string sentence) {
    ended_[job] = {.job = job,
                   .type = work.type,
                   .config = work.config,
                   .outcome = JobFailure{.kind = bus::FailureKind::missing_input,
                                         .reason = std::move(sentence)}};
}

/// Whether the job was waiting for its inputs: then it just is no more.
bool JobManager::call_off(const JobId& job, projections::HostView& host) {
    if (awaiting_.erase(job) == 0) return false;
    host.jobs.erase(job.fence);
    return true;
}

std::set<bus::FileDigest> JobManager::awaited() const {
    std::set<bus::FileDigest> files;
    for (const auto& [job, awaiting] : awaiting_)
        files.insert(awaiting.missing.begin(), awaiting.missing.end());
    return files;
}

std::set<bus::FileDigest> JobManager::made() const {
    std::set<bus::FileDigest> files;
    for (const auto& [job, ended] : ended_) {
        const auto* success = std::get_if<JobSuccess>(&ended.outcome);
        if (success == nullptr) continue;
        for (const bus::FileMade& made : success->result.files) files.insert(made.file);
    }
    return files;
}

Commands JobManager::reports(const producers::Sight& sight) const {
    Commands commands;
    for (const auto& [fence, here] : sight.host.jobs) {
        const WorkItem* item = held(sight.cluster.work, here.work, sight.host.self, fence);
        const bool untold = here.running && item != nullptr && !item->lease->started_at;
        if (untold)
            commands.push_back(producers::ReportStarted{
                .work = here.work, .node = sight.host.self, .fence = fence});
    }
    for (const auto& [job, ended] : ended_) {
        // A job that was over before anybody saw it run did run, unless it could not be started.
        const WorkItem* item = held(sight.cluster.work, job.work, sight.host.self, job.fence);
        const auto* failure = std::get_if<JobFailure>(&ended.outcome);
        const bool ran = failure == nullptr || (failure->kind != bus::FailureKind::spawn_failed &&
                                                failure->kind != bus::FailureKind::missing_input);
        if (item != nullptr && !item->lease->started_at && ran &&
            !std::holds_alternative<JobStopped>(ended.outcome)) {
            commands.push_back(producers::ReportStarted{
                .work = job.work, .node = sight.host.self, .fence = job.fence});
        }
        commands.push_back(report_of(ended, sight.host.self));
    }
    return commands;
}

std::size_t JobManager::settle(const producers::Sight& sight) {
    return std::erase_if(ended_, [&](const auto& entry) {
        if (!is_settled(sight.cluster, sight.host.self, entry.second)) return false;
        hands_.forget(entry.first);
        return true;
    });
}

void JobManager::stop_all(projections::HostView& host) {
    for (const auto& [job, awaiting] : std::exchange(awaiting_, {})) {
        host.jobs.erase(job.fence);
        ended_[job] = {
            .job = job, .type = awaiting.type, .config = awaiting.config, .outcome = JobStopped{}};
    }
    for (auto& [fence, here] : host.jobs) {
        if (here.stopping) continue;
        here.stopping = true;
        hands_.stop({.work = here.work, .fence = fence});
    }
}

std::vector<JobSays> JobManager::take_said() {
    return std::exchange(said_, {});
}

void JobManager::start(const JobOrder& order) {
    ++started_;
    hands_.start(order);
}

}  // namespace ringrift::consumers
