#include "tests/simulation/cluster.hpp"

#include <algorithm>
#include <sstream>

#include "projections/folded.hpp"
#include "tests/simulation/clock_text.hpp"
#include "tests/simulation/settings.hpp"

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Longer than the grace of a stop, a late report and a look at the log together.
constexpr bus::Duration orphan_max = minutes(6);

}  // namespace

Cluster::Cluster(std::uint64_t seed, bus::Duration length, std::ostream* trace)
    : length_(length),
      heal_at_(length - quiet_time),
      trace_(trace),
      seed_(seed),
      random_(seed, "world"),
      faults_(draw_faults(seed)),
      agenda_(clock_, random_, heal_at_, [this](const std::string& line) { say(line); }),
      lagging_(memory_, clock_, Random(seed, "lag")),
      outage_(lagging_),
      unknown_(outage_, Random(seed, "append")),
      crashing_(unknown_, fuse_),
      witness_(crashing_, [this] { return node_->position(); }),
      store_(fuse_),
      host_(disk_, draw_machine(seed)),
      hands_(seed, clock_, disk_, fuse_),
      idle_max_(random_.between(bus::Duration(200), seconds(8))) {
    plan_faults();
}

void Cluster::say(const std::string& line) {
    if (trace_) *trace_ << clock_text(clock_.passed()) << "  " << line << '\n';
}

void Cluster::run() {
    while (clock_.passed() < length_) {
        agenda_.happen();
        round();
    }
    if (node_) compare_with_rebuild();
}

void Cluster::round() {
    std::size_t work = 0;
    if (!node_ && clock_.passed() >= start_at_) start_node();
    if (node_) {
        work = node_->do_work(clock_.now());
        if (fuse_.is_burnt()) node_died("dies in the middle of a step");
    }
    note_events();
    if (node_ && node_->stopped()) node_died("has stopped in good order");
    look_for_orphans();
    bus::Duration step = work > 0 ? random_.between(bus::Duration(1), bus::Duration(30))
                                  : random_.between(bus::Duration(50), idle_max_);
    const auto next = hands_.next_change();
    if (next && *next > clock_.passed()) step = std::min(step, *next - clock_.passed());
    clock_.advance(step);
}

void Cluster::start_node() {
    fuse_.put_out();
    hands_.daemon_started();
    const consumers::NodePlaces places = {
        .programs = "/bin", .workload = "/etc", .path_of = [this](const bus::FileDigest& file) {
            return disk_.path_of(file);
        }};
    const auto expand = [places, commands = Programs::commands()](const bus::WorkQueued& work,
                                                                  bus::Position fence) {
        return consumers::expand(commands, work, fence, places);
    };
    node_.emplace(draw_settings(seed_, config_version_),
                  ops::NodePorts{.clock = clock_,
                                 .log = witness_,
                                 .store = store_,
                                 .host = host_,
                                 .hands = hands_,
                                 .board = board_},
                  expand);
    ++starts_;
    const auto started = node_->start(clock_.now());
    if (started) return say("the node starts");
    node_died("cannot start: " + started.error());
}

void Cluster::node_died(const std::string& how) {
    say("FAULT the node " + how);
    if (random_.happens(100'000)) compare_with_rebuild();
    node_.reset();
    fuse_.put_out();
    hands_.daemon_died();
    orphans_.clear();
    if (std::exchange(store_lost_with_crash_, false)) store_.lose();
    const bool long_away = random_.happens(150'000);
    const bool healed = clock_.passed() >= heal_at_;
    start_at_ =
        clock_.passed() + (long_away && !healed ? random_.between(minutes(1), minutes(20))
                                                : random_.between(bus::Duration(50), seconds(20)));
}

void Cluster::note_events() {
    const auto batch = memory_.read(stamps_.size(), std::numeric_limits<std::size_t>::max());
    for (const bus::Recorded& recorded : *batch) {
        stamps_.push_back(clock_.passed());
        if (!trace_) continue;
        std::ostringstream line;
        line << "#" << recorded;
        say(line.str());
    }
}

/// Programs whose results nobody may use are ended, not left to take the node's room for ever.
void Cluster::look_for_orphans() {
    if (!node_ || clock_.passed() - orphans_at_ < seconds(20)) return;
    if (clock_.passed() - orphans_at_ > minutes(2)) orphans_.clear();  // nobody was there to do it
    orphans_at_ = clock_.passed();
    for (const auto& [job, process] : hands_.processes()) {
        const bool alive = process.running && !process.outcome;
        const bool kept = process.order.type == bus::WorkType::selfplay;
        const bool held = projections::held(node_->view().work, job.work, {"sim-1"}, job.fence);
        if (!alive || kept || held) {
            orphans_.erase(job);
            continue;
        }
        const auto [since, is_new] = orphans_.try_emplace(job, clock_.passed());
        if (is_new || clock_.passed() - since->second < orphan_max) continue;
        complaints_.push_back("programs without a claim are ended: " + job.work.value +
                              " with fence " + std::to_string(job.fence) + " runs on at " +
                              clock_text(clock_.passed()));
        since->second = bus::Duration::max() / 2;
    }
}

void Cluster::compare_with_rebuild() {
    projections::Folded<projections::ClusterView> rebuilt;
    const auto batch = memory_.read(0, node_->position());
    for (const bus::Recorded& recorded : *batch) rebuilt.advance(recorded);
    if (rebuilt.view == node_->view()) return;
    complaints_.push_back("rebuild equals live: they differ at position " +
                          std::to_string(node_->position()) + ", " + clock_text(clock_.passed()));
}

}  // namespace ringrift::simulation
