#include <algorithm>

#include "consumers/managers/node_selector.hpp"
#include "ops/node.hpp"

// What nodes write to each other, and who leads.

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
        if (const auto last = ports_.log.last()) end = std::max(end, *last);
    }
    const auto round = elections_.round(letters, {.usable = log_usable && caught_up_, .end = end},
                                        sense_lead(), now, instant);
    if (round.log_failed) {
        trouble_ = ports_.log.trouble();
        retry_at_ = now + retry_after;
    }
    return round.done + roll_call_.hear(letters, host_, state_.view(), now);
}

/// Whether this node reaches its cluster, as far as it matters here: the log is where everybody
/// would say that its claims are gone.
void Node::note_reach(bool log_usable, bus::Time now) {
    if (log_usable || ports_.wire == nullptr) {
        host_.cut_off_since_at.reset();
    } else if (!host_.cut_off_since_at) {
        host_.cut_off_since_at = now;
    }
}

/// Claims are the leader's to make: on any other node a loop's wish for work becomes a letter.
bool Node::sends_on(const producers::Command& command) {
    const auto* claim = std::get_if<producers::ClaimWork>(&command);
    if (claim == nullptr || is_leader()) return false;
    roll_call_.want(*claim, state_.view().leadership.leader, incarnation_);
    return true;
}

/// What cannot be answered now, because the log is away or does not show this leader's last claims
/// yet, is answered in a later round.
std::size_t Node::answer_wishes(bus::Time now) {
    const auto wanted = roll_call_.wanted();
    if (wanted.empty()) return 0;
    const bool is_elected = state_.view().leadership.leader == settings_.self.node;
    if (is_elected && !is_leader()) return 0;  // In a moment: else they ask in half a minute.
    if (is_leader()) {
        const auto turns = consumers::NodeSelector{}.turns_for(wanted, sight(now));
        const auto handled = ask(producers::ShareOutWork{turns}, now);
        const bool is_behind = handled.outcome == Outcome::refused &&
                               handled.refusal.kind == producers::Refusal::Kind::behind;
        if (is_behind || handled.outcome == Outcome::unavailable) return 0;
    }
    roll_call_.forget_wanted();  // On another node: they ask again, and somebody else by then.
    return wanted.size();
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
