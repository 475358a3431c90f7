#include "ops/node.hpp"

// What other nodes write to this one, and who leads.

namespace ringrift::ops {

std::size_t Node::read_letters(bool log_usable, bus::Time now) {
    std::vector<bus::Letter> letters;
    if (ports_.wire != nullptr) letters = ports_.wire->take();
    // Read after the letters were taken: what is promised is counted from it.
    const bus::Instant instant = ports_.clock.monotonic();
    watch_leader(instant);
    // Where nobody else can stand, it does not matter how far the log goes on.
    bus::Position end = state_.position();
    if (ports_.wire != nullptr) {
        if (const auto last = ports_.log.last()) end = *last;
    }
    const auto round =
        elections_.round(letters, {.usable = log_usable, .end = end}, sense_lead(), now, instant);
    if (round.log_failed) {
        trouble_ = ports_.log.trouble();
        retry_at_ = now + retry_after;
    }
    return round.done;
}

void Node::watch_leader(bus::Instant instant) {
    if (ports_.leader_watch == nullptr) return;
    const projections::LeadershipView& view = state_.view().leadership;
    const auto* leader = projections::find(state_.view().nodes, view.leader);
    if (leader != nullptr && view.leader != settings_.self.node) {
        ports_.leader_watch->watch({.epoch = view.epoch, .leader = view.leader},
                                   leader->joined.host, static_cast<int>(leader->joined.port));
    }
    if (elections_.election().doubted(instant)) ports_.leader_watch->doubt();
    for (const bus::Epoch epoch : ports_.leader_watch->take_ended())
        elections_.election().gone(epoch, instant);
}

bool Node::is_leader() const {
    return elections_.leads(ports_.clock.monotonic());
}

/// The host view, with what this node may do just now.
const projections::HostView& Node::sense_lead() {
    host_.may_lead = is_leader();
    return host_;
}

}  // namespace ringrift::ops
