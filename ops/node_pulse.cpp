#include "ops/node.hpp"

// What the node lets others see of itself: its pulse, a few times a second.

namespace ringrift::ops {

/// Whom a voter hears, which may be somebody of whom its log does not know yet; for the other nodes
/// whom the log names.
bus::NodeId Node::leader_now(bus::Instant now) const {
    const bus::NodeId heard = elections_.election().heard_leader(now);
    const bus::NodeId& recorded = state_.view().leadership.leader;
    if (!heard.empty() || recorded == settings_.self.node) return heard;
    return elections_.election().trouble(now).empty() ? recorded : bus::NodeId();
}

void Node::publish(bus::Time now) {
    // At once when it begins or ends to lead: whoever reads that in the log asks about it next.
    const bool is_news = is_leader() != published_as_leader_;
    const bool is_due = is_news || now - published_at_ >= settings_.publish_every;
    if (!is_due && phase_ == Phase::running) return;
    published_at_ = now;
    published_as_leader_ = is_leader();
    Pulse pulse = {.beat_at = ports_.clock.now(),  // As its readers see it.
                   .started_at = started_at_,
                   .node = settings_.self.node.value,
                   .cluster = settings_.cluster,
                   .version = settings_.self.version,
                   .position = state_.position(),
                   .log_trouble = now < retry_at_ ? trouble_ : std::string(),
                   .log_kind = settings_.log_kind,
                   .stopping = phase_ != Phase::running,
                   .sample = host_.sample};
    if (const auto last = ports_.log.last()) pulse.log_last = *last;
    pulse.caught_up = pulse.position >= pulse.log_last;
    const bus::Instant instant = ports_.clock.monotonic();
    pulse.leads = is_leader();
    pulse.no_leader = elections_.election().trouble(instant);
    pulse.leader = leader_now(instant).value;
    pulse.disk_state = std::string(boost::describe::enum_to_string(host_.disk.state, "unknown"));
    pulse.disk_reason = host_.disk.reason;
    for (const auto& [fence, job] : host_.jobs) pulse.jobs.push_back(job);
    pulse.heartbeats = host_.heartbeats;
    pulse.loops = loops_.pulse();
    for (const consumers::SubscriptionHealth& health : subscriptions_.health(now)) {
        pulse.subscriptions.push_back({.event = std::string(health.event),
                                       .group = std::string(health.group),
                                       .critical = health.critical,
                                       .healthy = health.healthy,
                                       .last_canary_at = health.canary_at,
                                       .oldest_unhandled = health.oldest_unhandled,
                                       .problem = health.problem});
    }
    pulse.refusals = handler_.refusals();
    pulse.counts = counts_;
    for (const auto& [failure, count] : handler_.failures()) pulse.counts[failure] = count;
    pulse.counts["jobs_started"] = jobs_.started();
    pulse.counts.merge(ports_.hands.counts());
    if (ports_.transfers != nullptr) pulse.transfers = ports_.transfers->counts();
    pulse.snapshot_bytes = state_.snapshot_bytes();
    pulse.snapshot_at = state_.snapshot_at();
    ports_.board.publish(std::move(pulse));
}

std::vector<std::string> Node::critical_failed(bus::Time now) const {
    std::vector<std::string> failed;
    for (const consumers::SubscriptionHealth& health : subscriptions_.health(now)) {
        if (health.critical && !health.healthy) failed.emplace_back(health.event);
    }
    return failed;
}

}  // namespace ringrift::ops
