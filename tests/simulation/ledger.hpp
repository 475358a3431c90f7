#pragma once

// A second reading of the log, written apart from the fold, that the fold is held against.
//
// Keeps only what the properties ask for: which events hold, who held which work, what was
// accepted, whose turn it was. It trusts nothing that the product computed. Differences are bugs of
// one of the two. It forgets nothing: what was over a day ago is still over.

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
    std::vector<bus::Position> seen = {};    ///< How far its writer had folded when it said it.
    bus::Duration healed = {};               ///< From here on there were no faults.
    bus::Duration ended = {};
    std::int64_t nodes = 1;
};

struct LedgerItem {
    bus::WorkQueued order = {};
    bus::Position queued = 0;
    std::optional<bus::NodeId> holder = {};
    bus::Position fence = 0;  ///< Of the present or the last claim.
    bool running = false;     ///< Its program, under the present claim.
    bool over = false;        ///< Completed or cancelled: it takes no claim any more.
    bool set_aside = false;   ///< It had its chances or was parked: no claim until unparked.
    bool parked = false;
    std::int64_t attempts = 0;  ///< That started, less those given back unharmed.
    std::int64_t setbacks = 0;
    std::set<bus::NodeId> failed_on = {};
    std::optional<bus::Time> not_before = {};  ///< By the log's time.
    bus::Time queued_at = {};
    bus::Position accepted = 0;  ///< Its WORK_COMPLETED that held.
    bus::Position changed = 0;
    bus::WorkResult result = {};
};

/// In the order in which they were queued: the same in every run.
struct ByQueued {
    bool operator()(const LedgerItem* a, const LedgerItem* b) const {
        return a->queued < b->queued;
    }
};

inline bool is_open(const LedgerItem& item) {
    return item.queued != 0 && !item.over && !item.set_aside;
}

using Violations = std::vector<Violation>;

class Ledger {
  public:
    explicit Ledger(const History& history);

    bool holds(bus::Position position) const { return holds_[position - 1]; }
    /// A leader's, said in another reign than that in which it came into the log.
    bool is_void(bus::Position position) const { return void_.contains(position); }
    const std::map<bus::WorkId, LedgerItem>& items() const { return items_; }
    /// In distinct files that were recorded.
    const std::map<bus::ConfigKey, std::int64_t>& games() const { return games_; }
    const std::vector<Violation>& violations() const { return violations_; }
    /// Claims of which it was judged whose turn it was.
    std::int64_t turns_judged() const { return turns_judged_; }

  private:
    void read(const bus::Recorded& recorded);
    void read(const bus::LeaderElected& e, bus::Position position);
    void read(const bus::LeaderSteppedDown& e, bus::Position position);
    void read(const bus::NodeJoined& e, bus::Position position);
    void read(const bus::WorkQueued& e, bus::Position position);
    void read(const bus::WorkClaimed& e, bus::Position position);
    void read(const bus::WorkStarted& e, bus::Position position);
    void read(const bus::WorkReleased& e, bus::Position position);
    void read(const bus::WorkFailed& e, bus::Position position);
    void read(const bus::WorkLeaseExpired& e, bus::Position position);
    void read(const bus::WorkTimeout& e, bus::Position position);
    void read(const bus::WorkParked& e, bus::Position position);
    void read(const bus::WorkUnparked& e, bus::Position position);
    void read(const bus::WorkCompleted& e, bus::Position position);
    void read(const bus::WorkCancelled& e, bus::Position position);
    void read(const bus::GamesRecorded& e, bus::Position position);
    template <class Fact>
    void read(const Fact& e, bus::Position position);
    void reserve(LedgerItem& item, const bus::NodeId& node, bus::Position position);
    void release(LedgerItem& item);
    enum class Went { wrong, lost, silent };  ///< Its program, its daemon, its node.
    void set_back(LedgerItem& item, Went how, bus::Position position);
    LedgerItem* held(const bus::WorkId& work, const bus::NodeId& node, bus::Position fence);
    void complain(std::string property, std::string what, std::vector<bus::Position> events);

    // Whose turn it is: ledger_turns.cpp.
    void wait(LedgerItem& item);  ///< It is open, and was not.
    void leave(LedgerItem& item);
    void charge(const bus::WorkQueued& order);
    void let_go_on(bus::Time leader_clock);
    bool is_ready(const LedgerItem& item, bus::Time now) const;
    bool goes_before(const LedgerItem& item, const LedgerItem& other) const;
    std::int64_t pass_of(const bus::ConfigKey& config) const;
    bool saw_all_before(bus::Position claim) const;
    void judge_turn(const LedgerItem& claimed, const bus::NodeId& node, bus::Position claim);
    bus::Time time_of(bus::Position position) const;

    const History& history_;
    std::vector<bool> holds_;
    std::set<bus::Position> void_;
    std::set<bus::EventId> ids_;
    bus::Epoch epoch_ = 0;
    bus::NodeId leader_ = {};
    bus::Position elected_ = 0;
    bool stood_anew_ = true;  ///< The leader's process is another, or stepped down.
    std::map<bus::WorkId, LedgerItem> items_;
    std::map<bus::NodeId, bus::Capacity> capacity_;
    std::map<bus::NodeId, bus::Requirements> reserved_;
    std::map<bus::FileDigest, bus::Position> files_;
    std::map<bus::ConfigKey, std::int64_t> games_;
    std::set<const LedgerItem*, ByQueued> open_;
    std::map<std::string, bus::WorkId> open_keys_;
    std::map<bus::ConfigKey, std::int64_t> open_of_config_;
    std::map<bus::ConfigKey, std::int64_t> pass_;  ///< What each config had of its share.
    std::int64_t pass_now_ = 0;                    ///< The largest at which a claim was made.
    bus::Time leader_clock_ = {};                  ///< Of the last event of a leader about work.
    std::int64_t turns_judged_ = 0;
    std::vector<Violation> violations_;
};

}  // namespace ringrift::simulation
