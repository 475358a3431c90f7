#pragma once

// The port by which a voter learns that its leader's process has ended, other than by its silence.
//
// Silence proves nothing: the leader may be paused, or cut off. A machine that refuses connections
// where the leader's API was listening a moment ago proves that the process is gone, and lets the
// voters elect at once. Nothing here blocks. Node's thread only. Real one: ops/api_watch.

#include <string>
#include <vector>

#include "producers/election.hpp"

namespace ringrift::producers {

class LeaderWatch {
  public:
    virtual ~LeaderWatch() = default;

    /// Who leads, and where its API should be. Said in each round; the same again is free.
    virtual void watch(const Reign& reign, const std::string& host, int port) = 0;

    /// The watched leader is silent: look now.
    virtual void doubt() = 0;

    /// Reigns whose process has been proved to have ended since the last question.
    virtual std::vector<bus::Epoch> take_ended() = 0;
};

}  // namespace ringrift::producers
