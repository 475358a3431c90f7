#pragma once

// The simulated carriers: files that come from other machines' disks, late, after failures, or not.
//
// Keeps the contract of consumers/transfers.hpp. What is half fetched is kept apart and never seen
// as the file; a copy whose bytes rotted is moved aside when somebody asks for it. The daemon's
// death ends what was under way. Whoever holds it says whom it reaches at this moment.

#include <functional>
#include <map>
#include <vector>

#include "consumers/transfers.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/machine.hpp"

namespace ringrift::simulation {

/// Of a million fetches.
struct TransferShares {
    std::int64_t fails = 0;    ///< For no reason that the log knows of.
    std::int64_t torn = 0;     ///< Breaks off, and goes on from there at the next order.
    std::int64_t slow = 0;     ///< Takes up to 10 minutes.
    std::int64_t doubled = 0;  ///< Is told twice.
};

class SimTransfers final : public consumers::Transfers {
  public:
    /// The other machine's carriers; null when they cannot be reached now.
    using Reach = std::function<SimTransfers*(const bus::NodeId&)>;
    SimTransfers(const SimClock& clock, SimDisk& disk, Fuse& fuse, Random random)
        : clock_(clock), disk_(disk), fuse_(fuse), random_(random) {}

    void misbehave(const TransferShares& ppm) { ppm_ = ppm; }
    void daemon_died();
    std::optional<bus::Duration> next_change() const;

    [[nodiscard]] bool fetch(const consumers::TransferOrder& order) override;
    void remove(const bus::FileDigest& file) override;
    std::vector<consumers::TransferReport> drain() override;

    Reach reach = {};
    /// Called before a file leaves this disk for good.
    std::function<void(const bus::FileDigest&)> on_remove = {};

  private:
    struct UnderWay {
        consumers::TransferOrder order = {};
        bus::Duration until = {};
        bool breaks = false;
        bool fails = false;
    };
    const SimFile* give(const bus::FileDigest& file);
    consumers::TransferReport end(const UnderWay& course);

    const SimClock& clock_;
    SimDisk& disk_;
    Fuse& fuse_;
    Random random_;
    TransferShares ppm_ = {};
    std::map<bus::FileDigest, UnderWay> under_way_;
    std::map<bus::FileDigest, std::int64_t> half_;  ///< Parts that have come, in a million.
    std::vector<consumers::TransferReport> news_;
};

}  // namespace ringrift::simulation
