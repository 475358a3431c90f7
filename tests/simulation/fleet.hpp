#pragma once

// The simulated cluster of several machines: real nodes with their election, membership, dispatch
// and leases, on one log, with letters between them, and the faults that befall them.
//
// Time goes from one thing that happens to the next: a node's round, a letter's arrival, an event
// that comes late, a fault. Faults stop `quiet_time` before the end. What is seen to be wrong
// while it runs is a complaint; afterwards tests/simulation/properties_many.hpp judges the log.

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "bus/memory_wire.hpp"
#include "projections/folded.hpp"
#include "tests/leadership_ledger.hpp"
#include "tests/simulation/agenda.hpp"
#include "tests/simulation/faulty_wire.hpp"
#include "tests/simulation/fleet_shape.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/member.hpp"

namespace ringrift::simulation {

class Fleet {
  public:
    using Members = std::vector<std::unique_ptr<Member>>;
    Fleet(std::uint64_t seed, int nodes, bus::Duration length, std::ostream* trace);
    void run();

    const SharedLog& log() const { return log_; }
    bus::Duration healed_at() const { return heal_at_; }
    const SimClock& clock() const { return clock_; }
    const Members& members() const { return members_; }
    const tests::LeadershipLedger& auditor() const { return auditor_; }
    /// All that is in the log, folded apart from any node.
    const projections::Folded<projections::ClusterView>& folded() const { return folded_; }
    std::int64_t starts() const;
    std::int64_t rounds() const { return rounds_; }
    const FleetShape& shape() const { return shape_; }
    /// When a node first led after the faults had ended; empty if none did.
    std::optional<bus::Duration> led_at() const { return led_at_; }
    const Violations& complaints() const { return complaints_; }

  private:
    // fleet.cpp
    void add_members(int nodes);
    bus::Duration next_moment() const;
    bool is_due(const Member& member) const;
    void start(Member& member);
    void died(Member& member, const std::string& how);
    void round(Member& member);
    void wake(Member& member, bus::Duration at);
    void wake_readers();
    bus::Duration rest_of(Member& member, std::size_t work);
    void note_events();
    void say(const std::string& line);
    void complain(std::string property, std::string what);

    // fleet_watch.cpp: what is looked at while it runs
    void watch_leaders(Member& member);
    void watch_promises(const bus::Letter& letter);
    void look_for_orphans();
    void look_for_unfenced();
    void compare_with_rebuild(const Member& member);
    SimTransfers* reach(const Member& from, const bus::NodeId& to);
    void watch_removal(const Member& member, const bus::FileDigest& file);
    void prove_the_dead(Member& member);

    // fleet_faults.cpp: what befalls it
    void plan_faults();
    void plan_faults_of_nodes(const FaultTimes& mean);
    void plan_faults_between(const FleetFaultTimes& mean);
    void heal();
    Member& somebody();
    std::vector<Member*> some_of_them();
    void crash_soon(Member& member);
    void freeze(Member& member, bus::Duration how_long);
    void part(bool one_way);
    void cut_from_log(Member& member);
    void leave_alone(Member& leader);
    void lower_disks();
    void black_out();
    void act_as_operator(Member& member);

    const bus::Duration length_;
    const bus::Duration heal_at_;
    std::ostream* const trace_;
    const std::uint64_t seed_;
    Random random_;
    const Faults faults_;
    const FleetFaults between_;
    const FleetShape shape_;
    SimClock clock_;
    Agenda agenda_;
    SharedLog log_;
    FaultyWire wire_faults_;
    bus::MemoryPost post_;
    SimDisk shared_disk_;
    Members members_;
    std::vector<bus::NodeId> voters_;
    bus::Duration idle_max_;
    std::int64_t config_version_ = 0;
    tests::LeadershipLedger auditor_;
    projections::Folded<projections::ClusterView> folded_;
    std::optional<bus::Duration> led_at_;
    bus::Duration looked_at_ = {};
    std::int64_t rounds_ = 0;
    Violations complaints_;
};

}  // namespace ringrift::simulation
