#include "ops/node.hpp"

#include <algorithm>

#include "consumers/lease_watch.hpp"
#include "consumers/loops/worker_pull.hpp"
#include "ops/admin_plan.hpp"
#include "producers/nodes.hpp"

namespace ringrift::ops {
namespace {

using producers::CommandHandler;

constexpr bus::Duration lease_watch_period = std::chrono::seconds(1);
/// A round in which the loops keep waking each other ends after so many turns; the next goes on.
constexpr int turns_per_round_max = 16;

/// FNV-1a: nodes that share a seed must not stand at the same moments.
std::uint64_t seed_for(const bus::NodeId& node, std::int64_t seed) {
    std::uint64_t hash = 14695981039346656037U ^ static_cast<std::uint64_t>(seed);
    for (const char c : node.value) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return hash;
}

}  // namespace

Node::Node(NodeSettings settings, NodePorts ports, consumers::ExpandWork expand)
    : settings_(std::move(settings)),
      ports_(ports),
      admin_(admin_requests_max,
             [this] {
                 if (wake_) wake_();
             }),
      state_(ports.store),
      handler_(settings_.self.node, ports.log, state_.folded()),
      elections_(handler_, state_.folded(), ports.store, ports.wire),
      sampler_(ports.host),
      roll_call_(ports.wire, settings_.heartbeat),
      mover_(ports.transfers == nullptr
                 ? std::nullopt
                 : std::make_optional<consumers::FileMover>(*ports.transfers)),
      machines_(ports.provider == nullptr
                    ? std::nullopt
                    : std::make_optional<consumers::MachineKeeper>(
                          *ports.provider, settings_.provider_orders_per_hour)),
      jobs_(ports.hands, std::move(expand), settings_.lease, mover_ ? &*mover_ : nullptr),
      loops_(settings_.self.node, ports.clock) {
    host_.self = settings_.self.node;
    add_loops();
}

bus::Result<bus::Done, std::string> Node::start(bus::Time wall) {
    const bus::Time now = own_time(wall);
    const auto last = ports_.log.last();
    if (!last) return ports_.log.trouble();
    auto loaded = state_.load_state(*last);
    if (!loaded) return loaded.error();
    incarnation_ = loaded->incarnation;
    log_last_at_start_ = *last;
    started_at_ = now;
    trouble_ = loaded->remark;
    // Servers that have just come up themselves may not show all of a cluster's log yet: the rounds
    // read on, and until it has read all that stood there the node neither joins nor stands.
    const bool readable = handler_.catch_up(std::numeric_limits<std::size_t>::max());
    const bool may_come = ports_.wire != nullptr && !handler_.failures().contains("read_damaged");
    if (!readable && !may_come) return ports_.log.trouble();
    note_caught_up();
    const auto voting =
        elections_.start({.self = settings_.self.node,
                          .founders = settings_.founders,
                          .preferred = settings_.preferred,
                          .times = settings_.election_times,
                          .seed = seed_for(settings_.self.node, settings_.run_seed + incarnation_)},
                         ports_.clock.monotonic());
    if (!voting) return voting.error();
    const auto wake = [this] {
        if (wake_) wake_();
    };
    ports_.log.on_news(wake);
    if (ports_.wire != nullptr) ports_.wire->on_news(wake);
    loops_.start_all(now);
    publish(now);
    return bus::Done{};
}

/// Where reading lags, what this node said before it died is not seen at once: its last number, its
/// last reign and its claims. It neither joins nor stands before.
void Node::note_caught_up() {
    if (caught_up_ || state_.position() < log_last_at_start_) return;
    caught_up_ = true;
    // A node whose own memory was lost goes on from what the log remembers of it: with a number
    // that was used before it could never join again.
    const auto known = state_.view().nodes.nodes.find(settings_.self.node);
    if (known != state_.view().nodes.nodes.end()) {
        incarnation_ = std::max(incarnation_, known->second.joined.incarnation + 1);
    }
}

std::size_t Node::do_work(bus::Time wall) {
    if (phase_ == Phase::stopped) return 0;
    const bus::Time now = own_time(wall);
    std::size_t work = 0;
    sense(now);
    work += jobs_.sense(host_, now);
    if (mover_) work += mover_->sense(now);
    const bool readable = now >= retry_at_ && handler_.catch_up(producers::fold_batch_max);
    if (!readable && now >= retry_at_) {
        trouble_ = ports_.log.trouble();
        retry_at_ = now + retry_after;
    }
    if (readable) note_caught_up();
    bool taken = readable && ask(standing(now), now);
    // Also while the log is away: a voter goes on following, a leader's lease goes on running out.
    work += read_letters(taken, now);
    note_reach(readable, now);
    // Its heartbeats would keep alive the one that it must wait to see the end of.
    if (!producers::is_taken(state_.view().nodes, settings_.self))
        roll_call_.speak(host_, incarnation_, state_.position(), now);
    if (!readable) {
        work += jobs_.carry_out(sight(now), host_, false);  // What must end ends all the same.
        return publish(now), work;
    }
    work += answer_admin(now);
    taken = taken && now >= retry_at_ && ask(jobs_.reports(sight(now)), now);
    if (taken) jobs_.settle(sight(now));  // What was not taken is reported again.
    if (mover_) {
        taken = taken && now >= retry_at_ && say_what_moved(now);
        mover_->settle(sight(now), state_.position());
    }
    taken = taken && keep_machines(now);
    if (taken) work += ingest_said(now) + answer_wishes(now);
    if (taken && phase_ == Phase::running) work += run_loops(now);
    work += jobs_.carry_out(sight(now), host_, phase_ == Phase::running && caught_up_);
    work += move_files(now);
    if (phase_ == Phase::stopping) go_on_stopping(now);
    state_.save_state(now, false);
    publish(now);
    return work;
}

void Node::sense(bus::Time now) {
    using projections::DiskState;
    const DiskState before = host_.disk.state;
    sampler_.sense(host_, state_.position(), now);
    const bool has_room_again =
        before == DiskState::halted && host_.disk.state != DiskState::halted;
    if (has_room_again) loops_.wake(consumers::WorkerPull::name);
}

/// What must be true of this node in the log before anything else: that it is here, and while it
/// leads, under which config.
consumers::Commands Node::standing(bus::Time) const {
    if (phase_ != Phase::running || !caught_up_) return {};
    const auto& view = state_.view();
    consumers::Commands commands;
    if (!joined()) {
        bus::NodeJoined self = settings_.self;
        self.incarnation = incarnation_;
        commands.push_back(producers::JoinCluster{std::move(self)});
    }
    if (is_leader() && view.leadership.config.hash != settings_.config.hash)
        commands.push_back(producers::ChangeConfig{settings_.config});
    return commands;
}

bool Node::joined() const {
    const auto& nodes = state_.view().nodes.nodes;
    const auto entry = nodes.find(settings_.self.node);
    return caught_up_ && entry != nodes.end() && entry->second.joined.incarnation == incarnation_;
}

CommandHandler::Handled Node::ask(const producers::Command& command, bus::Time now) {
    const auto handled = handler_.handle(command, sense_lead(), now);
    if (handled.outcome == Outcome::unavailable || handled.outcome == Outcome::halted) {
        trouble_ = ports_.log.trouble();
        retry_at_ = now + retry_after;
    } else {
        trouble_.clear();
    }
    return handled;
}

bool Node::ask(const consumers::Commands& commands, bus::Time now) {
    for (const producers::Command& command : commands) {
        const Outcome outcome = ask(command, now).outcome;
        if (outcome == Outcome::unavailable || outcome == Outcome::halted) return false;
    }
    return true;
}

bool Node::say_what_moved(bus::Time now) {
    for (const producers::Command& report : mover_->reports(sight(now))) {
        const auto handled = ask(report, now);
        const bool took = handled.outcome == Outcome::appended;
        if (took || handled.outcome == Outcome::refused || handled.position > 0)
            mover_->answered(report, handled.position);
        if (!took && handled.outcome != Outcome::refused) return false;
    }
    return true;
}

std::size_t Node::run_loops(bus::Time now) {
    std::size_t asked = 0;
    if (is_leader() && now >= lease_watch_at_) {
        lease_watch_at_ = now + lease_watch_period;
        if (!ask(consumers::expired_leases(sight(now), settings_.lease), now)) return asked;
    }
    const auto last_success = [&](std::string_view loop) {
        return loops_.last_success_of(loop, is_leader(), now);
    };
    for (int turn = 0; turn < turns_per_round_max; ++turn) {
        subscriptions_.observe(state_.view().counts, last_success, now);
        for (const std::string_view loop : subscriptions_.take_wakes(now)) loops_.wake(loop);
        const auto commands = loops_.run_due(sight(now), is_leader());
        if (commands.empty()) break;
        asked += commands.size();
        for (const consumers::LoopCommand& command : commands) {
            if (sends_on(command.command)) continue;
            const Outcome outcome = ask(command.command, now).outcome;
            if (outcome == Outcome::unavailable || outcome == Outcome::halted) return asked;
        }
    }
    return asked;
}

/// False when the log takes nothing now. A node that ends orders no more.
bool Node::keep_machines(bus::Time now) {
    if (!machines_) return true;
    machines_->sense(now);
    const bool leads = is_leader() && phase_ == Phase::running;
    machines_->carry_out(sight(now), leads);
    return now >= retry_at_ && ask(machines_->reports(sight(now)), now);
}

/// What claims wait for, then what the leader planned. A node that ends begins no more.
std::size_t Node::move_files(bus::Time now) {
    if (!mover_ || phase_ != Phase::running || !caught_up_) return 0;
    mover_->want(jobs_.awaited());
    mover_->keep(jobs_.made());
    return mover_->carry_out(sight(now), handler_.shows_all_said());
}

std::size_t Node::ingest_said(bus::Time now) {
    const auto said = jobs_.take_said();
    for (const consumers::JobSays& says : said) {
        const AdminReply reply =
            carry_out({.action = "ingest",
                       .parameters = {{"type", says.type}, {"job", says.job.work.value}},
                       .body = says.data,
                       .actor = "job " + says.job.work.value},
                      now);
        count_ingested(reply);
    }
    return said.size();
}

void Node::stop(std::string reason, bus::Time wall) {
    if (phase_ != Phase::running) return;
    const bus::Time now = own_time(wall);
    phase_ = Phase::stopping;
    stop_reason_ = std::move(reason);
    stop_by_ = now + settings_.stop_grace + std::chrono::seconds(2);
    loops_.stop_all();
}

void Node::hand_over(std::string reason, bus::Time now) {
    if (phase_ == Phase::stopped) return;
    elections_.election().retire(std::move(reason), ports_.clock.monotonic());
    read_letters(true, now);
    state_.save_state(now, true);
    phase_ = Phase::stopped;
}

void Node::go_on_stopping(bus::Time now) {
    jobs_.stop_all(host_);
    const bool late = now >= stop_by_;
    if (!jobs_.is_idle(host_) && !late) return;
    const consumers::Commands farewell = {
        producers::LeaveCluster{settings_.self.node, stop_reason_}};
    const bool said = ask(farewell, now);
    if (!said && !late) return;
    elections_.election().retire(stop_reason_, ports_.clock.monotonic());
    read_letters(said, now);
    state_.save_state(now, true);
    phase_ = Phase::stopped;
}

}  // namespace ringrift::ops
