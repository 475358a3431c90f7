#pragma once

// How fast elections go: all times in the proportions of the defaults, from the two that somebody
// chooses. They must be the same on every voter, since a leader's lease rests on the promises of
// the others.

#include "producers/election_times.hpp"

namespace ringrift::producers {

/// Without a fault where the lease is three beacons or more.
inline ElectionTimes election_times(bus::Duration beacon, bus::Duration lease) {
    ElectionTimes times = {.beacon = beacon, .lease = lease, .promise = lease * 11 / 10};
    times.doubt = beacon * 3 / 2;
    times.spread = times.head_start = beacon * 3 / 5;
    times.answer = beacon;
    return times;
}

}  // namespace ringrift::producers
