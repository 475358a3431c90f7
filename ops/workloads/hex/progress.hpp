// What a job says while it runs, for whoever decides whether it still moves.
//
// With RINGRIFT_CHANNEL set, one ZeroMQ frame of JSON a report, pushed to that endpoint and dropped
// if nobody takes it: a job never waits for its audience. Otherwise a JSON line on stdout. At most
// four reports a second; the first and the last are never left out for their time, only for want of
// room.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

namespace ringrift::hex {

/// Who reports, as the node told the job in its environment.
struct JobIdentity {
    std::string channel = {};  ///< ZeroMQ endpoint; empty when run by hand.
    std::string work = {};     ///< Empty when run by hand.
    std::uint64_t fence = 0;   ///< Echoed, so that a report of a lost claim is known as such.
};

class Progress {
  public:
    explicit Progress(JobIdentity identity);

    /// `unit` names what is counted: games, samples or steps. The last report has done == total.
    void report(std::int64_t done, std::int64_t total, std::string_view unit);

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds pause_min{250};

    JobIdentity identity_;
    zmq::context_t context_;
    std::optional<zmq::socket_t> socket_ = {};  ///< Set iff there is a channel.
    std::optional<Clock::time_point> last_ = {};
};

}  // namespace ringrift::hex
