#pragma once

// The simulated cluster: the real node between simulated ports, and the faults that befall it.
//
// Runs from a seed to the end of its hours; faults stop 2.5 hours before, so that what should
// follow in the end can be asked for. Afterwards tests/simulation/properties.hpp judges the log it
// left.

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "bus/memory_log.hpp"
#include "ops/node.hpp"
#include "tests/simulation/agenda.hpp"
#include "tests/simulation/faulty_log.hpp"
#include "tests/simulation/faulty_store.hpp"
#include "tests/simulation/sim_hands.hpp"

namespace ringrift::simulation {

class Cluster {
  public:
    Cluster(std::uint64_t seed, bus::Duration length, std::ostream* trace);
    void run();

    bus::Log& log() { return memory_; }
    /// When each event came into the log, by what had passed; by position less one.
    const std::vector<bus::Duration>& stamps() const { return stamps_; }
    bus::Duration healed_at() const { return heal_at_; }
    const SimClock& clock() const { return clock_; }
    const SimHands& hands() const { return hands_; }
    /// Null when the node is down.
    const ops::Node* node() const { return node_ ? &*node_ : nullptr; }
    ops::Pulse pulse() const { return board_.read(); }
    std::int64_t starts() const { return starts_; }
    const WitnessLog& witness() const { return witness_; }
    /// What was seen to be wrong while it ran.
    const std::vector<std::string>& complaints() const { return complaints_; }

  private:
    void plan_faults();
    void plan_world_faults(const FaultTimes& mean);
    void heal();
    void say(const std::string& line);

    void start_node();
    void node_died(const std::string& how);
    void crash_soon();
    void lose_file();
    void act_as_operator();
    void round();
    void note_events();
    void look_for_orphans();
    void compare_with_rebuild();

    const bus::Duration length_;
    const bus::Duration heal_at_;
    std::ostream* const trace_;
    const std::uint64_t seed_;
    Random random_;
    const Faults faults_;
    SimClock clock_;
    Agenda agenda_;
    Fuse fuse_;
    SimDisk disk_;
    bus::MemoryLog memory_;
    LaggingLog lagging_;
    OutageLog outage_;
    UnknownAppendLog unknown_;
    CrashingLog crashing_;
    WitnessLog witness_;
    SimStore store_;
    SimHost host_;
    SimHands hands_;
    ops::PulseBoard board_;
    const bus::Duration idle_max_;
    std::int64_t config_version_ = 0;
    std::int64_t starts_ = 0;
    bool store_lost_with_crash_ = false;
    std::optional<ops::Node> node_;
    bus::Duration start_at_ = {};
    std::vector<bus::Duration> stamps_;
    std::map<consumers::JobId, bus::Duration> orphans_;  ///< Programs without a claim, since when.
    bus::Duration orphans_at_ = {};
    std::vector<std::string> complaints_;
};

}  // namespace ringrift::simulation
