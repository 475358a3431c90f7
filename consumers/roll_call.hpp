#pragma once

// RollCall: what nodes tell each other between the events: that they live, which claims they work
// on, and that they have room for more.
//
// Who hears a heartbeat notes it in its host view, by its own clock; what follows from it, or from
// its absence, is the loops' business. Who leads also keeps who wants work until the next round
// decides it. All of it may be lost: heartbeats come again, and so does the wish for work. Belongs
// to the node's thread. Without a wire nobody is told anything, and nobody is there to hear.

#include <map>
#include <set>
#include <span>
#include <vector>

#include "bus/wire.hpp"
#include "consumers/loop.hpp"

namespace ringrift::consumers {

class RollCall {
  public:
    /// `wire` may be null; it outlives this.
    RollCall(bus::Wire* wire, bus::Duration period) : wire_(wire), period_(period) {}

    /// Takes what nodes say of themselves into `host`. Returns how much of it there was. Words of a
    /// former life of a node, or of one that has not joined, are not heard.
    std::size_t hear(std::span<const bus::Letter> letters, projections::HostView& host,
                     const projections::ClusterView& cluster, bus::Time now);

    /// Says that this node lives: every period, and at once when its claims have changed, so that
    /// a new leader or a lost claim is never older news than a letter's way.
    void speak(const projections::HostView& host, std::int64_t incarnation, bus::Position folded,
               bus::Time now);

    /// Asks the leader for what WorkerPull would claim if this node led.
    void want(const producers::ClaimWork& claim, const bus::NodeId& leader,
              std::int64_t incarnation);

    /// What other nodes ask for, one command for each node, until it was answered.
    std::vector<producers::ClaimWork> wanted() const;
    void forget_wanted() { wanted_.clear(); }

    std::int64_t heartbeats_heard() const { return heard_; }

  private:
    bus::Wire* const wire_;
    const bus::Duration period_;
    std::optional<bus::Time> spoke_at_ = {};
    std::set<bus::Position> said_ = {};  ///< The claims named last.
    std::map<bus::NodeId, std::int64_t> wanted_ = {};
    std::int64_t heard_ = 0;
};

}  // namespace ringrift::consumers
