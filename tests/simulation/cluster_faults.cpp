#include "tests/simulation/cluster.hpp"
#include "tests/simulation/operator.hpp"

// The faults that befall the cluster, each when its time has come.

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

void Cluster::plan_faults() {
    const FaultTimes& mean = faults_.mean;
    hands_.misbehave(faults_.ppm);
    unknown_.happens(faults_.ppm.append_unknown);
    lagging_.lag_at_most(faults_.lag_max);
    agenda_.recur("a crash is near", mean.crash, [this] { crash_soon(); });
    agenda_.recur("the node is asked to stop", mean.restart, [this] {
        if (node_) node_->stop("restarted by its operator", clock_.now());
    });
    agenda_.recur("the next crash loses the node's own memory", mean.store_loss,
                  [this] { store_lost_with_crash_ = true; });
    agenda_.recur("the snapshot is damaged", mean.snapshot_damage,
                  [this] { store_.damage_snapshot(random_); });
    agenda_.recur("the node is paused", mean.pause, [this] {
        clock_.advance(random_.between(seconds(1), random_.coin() ? minutes(1) : minutes(15)));
    });
    agenda_.recur("the wall clock jumps", mean.clock_jump,
                  [this] { clock_.jump(random_.between(-minutes(5), minutes(5))); });
    agenda_.recur("the workload file is changed", mean.config_change,
                  [this] { ++config_version_; });
    plan_world_faults(mean);
    agenda_.later(heal_at_, [this] { heal(); });
}

void Cluster::plan_world_faults(const FaultTimes& mean) {
    agenda_.recur("the log is away", mean.outage, [this] {
        outage_.set(OutageLog::State::away);
        agenda_.later(random_.between(seconds(1), minutes(5)),
                      [this] { outage_.set(OutageLog::State::fine); });
    });
    agenda_.recur("the disk is full", mean.full_disk, [this] {
        outage_.set(OutageLog::State::full);
        disk_.full = true;
        agenda_.later(random_.between(seconds(10), minutes(20)), [this] {
            outage_.set(OutageLog::State::fine);
            disk_.full = false;
        });
    });
    agenda_.recur("the store is away", mean.store_outage, [this] {
        store_.set_away(true);
        agenda_.later(random_.between(seconds(1), minutes(5)), [this] { store_.set_away(false); });
    });
    agenda_.recur("a file disappears", mean.file_loss, [this] { lose_file(); });
    agenda_.recur("the operator acts", mean.operator_action, [this] { act_as_operator(); });
}

void Cluster::heal() {
    say("the faults end");
    outage_.set(OutageLog::State::fine);
    disk_.full = false;
    store_.set_away(false);
    unknown_.happens(0);
    lagging_.lag_at_most({});
    hands_.misbehave({});
    if (node_ && random_.coin()) crash_soon();
}

void Cluster::crash_soon() {
    fuse_.light(random_.between(0, 12));
    agenda_.later(seconds(20), [this] {
        if (node_ && fuse_.is_lit()) node_died("dies between two rounds");
    });
}

void Cluster::lose_file() {
    if (const auto lost = disk_.lose_one(random_)) say("      it was " + lost->value);
}

void Cluster::act_as_operator() {
    if (!node_) return;
    auto request = draw_request(*node_, random_);
    if (!request) return;
    say("      " + request->action + " " + request->parameters["work"]);
    if (!node_->admin().put(std::move(*request))) complaints_.push_back("the admin inbox is full");
}

}  // namespace ringrift::simulation
