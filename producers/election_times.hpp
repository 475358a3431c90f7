#pragma once

// How long everything in an election takes, and the one inequality on which its safety rests.
//
// A beacon's reply is a promise: for `promise`, counted on the voter's clock from when it got the
// beacon, it follows no other leader. The leader counts `lease` on its own clock from when it sent
// that beacon. It was sent before it was received, so with clocks whose rates differ from true time
// by less than a share r (in either direction) the lease ends first whenever
//
//     lease * (1 + r) < promise * (1 - r)          defaults: r < 0.3 / 6.3, nearly 5 in 100
//
// Real clocks differ by 1 in 10,000. What is assumed: clocks that keep that rate and do not stop
// while the machine sleeps (bus::Monotonic), and a state.db that keeps what it acknowledged. Where
// that fails, two nodes may believe to lead for a while, and still only one's events count: the
// fold voids those of the older epoch.

#include <string>

#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::producers {

struct ElectionTimes {
    bus::Duration beacon = std::chrono::milliseconds(500);  ///< Between two of a leader.
    bus::Duration lease = std::chrono::seconds(3);          ///< Five beacons may get lost.
    bus::Duration promise = std::chrono::milliseconds(3300);
    /// Silence after which a leader is doubted: whoever can prove that its process has ended lets
    /// the voters elect at once, instead of when their promises end.
    bus::Duration doubt = std::chrono::milliseconds(750);
    /// Candidates stand at a random moment within it, so that mostly one is first.
    bus::Duration spread = std::chrono::milliseconds(300);
    bus::Duration head_start = std::chrono::milliseconds(300);  ///< Of the preferred voter.
    bus::Duration answer = std::chrono::milliseconds(500);      ///< A candidate waits for votes.
    bus::Duration append = std::chrono::seconds(1);    ///< Until what was won is tried again.
    bus::Duration visible = std::chrono::seconds(30);  ///< For what was appended to be readable.
    bus::Duration rest = std::chrono::seconds(1);      ///< Of who resigned: others come first.
    /// Who has this much of the log still to fold does not stand. A busy log is always some events
    /// ahead; whoever is elected has folded all of it before it acts.
    bus::Position behind_max = 4096;
};

/// What does not fit together, as a sentence; empty when all does.
inline std::string fault_of(const ElectionTimes& times) {
    if (times.promise * 21 <= times.lease * 22)
        return "the promise must be longer than the lease by more than 1 in 21";
    if (times.beacon * 2 > times.lease) return "a lease must last for two beacons or more";
    if (times.doubt < times.beacon) return "a leader cannot be doubted before its next beacon";
    return {};
}

}  // namespace ringrift::producers
