#pragma once

// One machine of a simulated fleet: what stays when its daemon dies, and the daemon.
//
// The node's log goes through WitnessLog, CrashingLog, AuditedLog and LogWay; its wire through
// AuditedWire. Programs run on whether the daemon lives or not, and while it is frozen.

#include <memory>
#include <optional>

#include "ops/node.hpp"
#include "tests/simulation/audited_lease.hpp"
#include "tests/simulation/faulty_store.hpp"
#include "tests/simulation/shared_log.hpp"
#include "tests/simulation/sim_hands.hpp"
#include "tests/simulation/sim_transfers.hpp"

namespace ringrift::simulation {

/// Proof of a leader's end, when the fleet says so truthfully.
class SimWatch final : public producers::LeaderWatch {
  public:
    void watch(const producers::Reign& reign, const std::string&, int) override { watched = reign; }
    void doubt() override { doubts = true; }
    std::vector<bus::Epoch> take_ended() override { return std::exchange(ended, {}); }

    producers::Reign watched = {};
    bool doubts = false;
    std::vector<bus::Epoch> ended = {};
};

struct MemberSettings {
    std::uint64_t seed = 0;
    bus::NodeId id = {};
    std::vector<bus::NodeId> voters = {};
    producers::Machine machine = {};
    bus::Duration lease = {};  ///< Of a leader.
    std::int64_t rate_ppm = 0;
    bus::Duration clock_began = {};
};

struct Member {
    /// `shared` is the folder that all machines have; null where each has its own.
    Member(const MemberSettings& settings, const SimClock& truth, SharedLog& log, SimDisk* shared)
        : id(settings.id),
          clock(truth, settings.rate_ppm, settings.clock_began),
          audit(id, settings.voters, settings.lease, clock),
          disk(shared == nullptr ? own_disk : *shared),
          store(fuse),
          host(disk, settings.machine),
          hands(settings.seed, truth, disk, fuse, "hands " + id.value),
          transfers(truth, disk, fuse, Random(settings.seed, "transfers " + id.value)),
          way(log, truth, Random(settings.seed, "way " + id.value)),
          audited(way, audit),
          crashing(audited, fuse),
          witness(crashing, [this] { return node->position(); }) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    bool is_frozen(bus::Duration passed) const { return passed < frozen_until; }

    const bus::NodeId id;
    NodeClock clock;
    Fuse fuse;
    LeaseAudit audit;
    SimDisk own_disk;
    SimDisk& disk;
    SimStore store;
    SimHost host;
    SimHands hands;
    SimTransfers transfers;
    LogWay way;
    AuditedLog audited;
    CrashingLog crashing;
    WitnessLog witness;
    SimWatch watch;
    ops::PulseBoard board;

    // What dies with the process.
    std::unique_ptr<AuditedWire> wire;
    std::optional<ops::Node> node;
    bool led = false;  ///< In its last round.

    // All by what has passed.
    bus::Duration round_at = {};  ///< Its next round.
    bus::Duration frozen_until = {};
    bus::Duration start_at = {};                        ///< While it is down.
    std::optional<bus::Duration> unreached_since = {};  ///< It does not read the log since then.
    bool store_lost_with_crash = false;
    std::int64_t starts = 0;
    std::map<consumers::JobId, bus::Duration> orphans;  ///< Programs without a claim, since when.
};

}  // namespace ringrift::simulation
