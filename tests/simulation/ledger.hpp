#pragma once

// A second reading of the log, written apart from the fold, that the fold is held against.
//
// Keeps only what the properties ask for: which events hold, who held which work, what was
// accepted. It trusts nothing that the product computed. Differences are bugs of one of the two.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::simulation {

struct Violation {
    std::string property = {};  ///< As a sentence that should be true.
    std::string what = {};
    std::vector<bus::Position> events = {};
};

/// All that is known when the simulation is over.
struct History {
    std::vector<bus::Recorded> events = {};
    std::vector<bus::Duration> stamps = {};  ///< When each came into the log, by what had passed.
    bus::Duration healed = {};               ///< From here on there were no faults.
    bus::Duration ended = {};
};

struct LedgerItem {
    bus::WorkQueued order = {};
    bus::Position queued = 0;
    std::optional<bus::NodeId> holder = {};
    bus::Position fence = 0;     ///< Of the present or the last claim.
    bool over = false;           ///< Completed or cancelled: it takes no claim any more.
    bus::Position accepted = 0;  ///< Its WORK_COMPLETED that held.
    bus::Position changed = 0;
    bus::WorkResult result = {};
};

class Ledger {
  public:
    explicit Ledger(const History& history);

    bool holds(bus::Position position) const { return holds_[position - 1]; }
    const std::map<bus::WorkId, LedgerItem>& items() const { return items_; }
    /// In distinct files that were recorded.
    const std::map<bus::ConfigKey, std::int64_t>& games() const { return games_; }
    const std::vector<Violation>& violations() const { return violations_; }

  private:
    void read(const bus::Recorded& recorded);
    void read(const bus::LeaderElected& e, bus::Position position);
    void read(const bus::LeaderSteppedDown& e, bus::Position position);
    void read(const bus::NodeJoined& e, bus::Position position);
    void read(const bus::WorkQueued& e, bus::Position position);
    void read(const bus::WorkClaimed& e, bus::Position position);
    void read(const bus::WorkCompleted& e, bus::Position position);
    void read(const bus::WorkCancelled& e, bus::Position position);
    void read(const bus::GamesRecorded& e, bus::Position position);
    template <class Fact>
    void read(const Fact& e, bus::Position position);
    void release(LedgerItem& item);
    LedgerItem* held(const bus::WorkId& work, const bus::NodeId& node, bus::Position fence);
    void complain(std::string property, std::string what, std::vector<bus::Position> events);

    std::vector<bool> holds_;
    bus::Epoch epoch_ = 0;
    bus::NodeId leader_ = {};
    std::map<bus::WorkId, LedgerItem> items_;
    std::map<bus::NodeId, bus::Capacity> capacity_;
    std::map<bus::NodeId, bus::Requirements> reserved_;
    std::map<bus::FileDigest, bus::Position> files_;
    std::map<bus::ConfigKey, std::int64_t> games_;
    std::vector<Violation> violations_;
};

}  // namespace ringrift::simulation
