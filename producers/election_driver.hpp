#pragma once

// The shell around the election: keeps the ballot, sends the letters, appends what was won, in that
// order, and lets the fold decide what holds.
//
// Nothing is said that rests on a vote which is not in the store yet. Belongs to the node's thread,
// which also owns what it refers to. Without a wire it is for a cluster of one.

#include <span>

#include "bus/wire.hpp"
#include "producers/command_handler.hpp"
#include "producers/election.hpp"

namespace ringrift::producers {

class ElectionDriver {
  public:
    ElectionDriver(CommandHandler& handler,
                   const projections::Folded<projections::ClusterView>& folded,
                   projections::Store& store, bus::Wire* wire)
        : handler_(handler), folded_(folded), store_(store), wire_(wire) {}

    /// Reads the ballot. The error is a sentence; the node must not speak then.
    bus::Result<bus::Done, std::string> start(ElectionSettings settings, bus::Instant now);

    struct LogState {
        bool usable = true;     ///< It can be read and takes events, as far as is known.
        bus::Position end = 0;  ///< Its last event.
    };
    struct Round {
        std::size_t done = 0;
        bool log_failed = false;  ///< It took nothing; its own trouble says why.
    };
    /// Letters about leadership; `now` was read after they had been taken from the wire.
    Round round(std::span<const bus::Letter> letters, LogState log,
                const projections::HostView& host, bus::Time time, bus::Instant now);

    /// Whether this node may act as leader at this very moment, by its lease and by all that is
    /// folded. Ask again for each action.
    bool leads(bus::Instant now) const;

    /// REQUIRES: started.
    Election& election() { return *election_; }
    const Election& election() const { return *election_; }

  private:
    void see(LogState log, bus::Instant now);
    void carry_out(ElectionEffects effects, Round& round, const projections::HostView& host,
                   bus::Time time, bus::Instant now);
    void append(const Lead& lead, Round& round, const projections::HostView& host, bus::Time time,
                bus::Instant now);

    CommandHandler& handler_;
    const projections::Folded<projections::ClusterView>& folded_;
    projections::Store& store_;
    bus::Wire* const wire_;  ///< Null without other nodes.
    std::optional<Election> election_;
};

}  // namespace ringrift::producers
