#pragma once

// Who is being served, what they wait for, and whose turn it is: the bounds of a server.
//
// A session is one connection of a fetcher (or one that comes through a relay). Sessions take
// turns, one chunk each, so a greedy one slows nobody down but itself. What a session has not taken
// off our hands yet counts against it, so one that has stopped reading holds a few chunks and no
// more. Where there are too many, one that has been given all that it asked gives way: fetchers of
// small files come and go by the hundred. Pure: no socket, no clock. Belongs to the server's
// thread.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/transfer/frames.hpp"
#include "bus/transfer/token_bucket.hpp"

namespace ringrift::bus {

/// The way back to who asked.
struct Caller {
    std::size_t link = 0;    ///< 0 is our own door; n is the n-th relay that we are connected to.
    std::string peer = {};   ///< At our door: ZeroMQ's name of the connection.
    std::string route = {};  ///< Through a relay: what it wants to see again.
    friend auto operator<=>(const Caller&, const Caller&) = default;
};

struct SessionBounds {
    std::size_t sessions_max = 64;
    std::size_t waiting_max = 64;  ///< Asks of one session that wait for their turn.
    std::size_t untaken_max = 4;   ///< Chunks given to one session that are not on the wire yet.
    std::chrono::milliseconds idle_max = std::chrono::seconds(60);     ///< Then it is forgotten.
    std::chrono::milliseconds sign_of_life = std::chrono::seconds(2);  ///< Between two WAITs.
};

class ServerSessions {
  public:
    explicit ServerSessions(SessionBounds bounds = {}) : bounds_(bounds) {}

    /// Takes an ask into its session's line. False when there is no room for it: say NO busy.
    [[nodiscard]] bool add(const Caller& caller, Frame ask, MonotonicTime now);

    struct Turn {
        Caller caller = {};
        Frame ask = {};
        std::uint64_t session = 0;  ///< For `taken`.
    };
    /// The ask that is served now; empty when none can be. It counts as given until `taken`.
    std::optional<Turn> next(MonotonicTime now);

    /// The bytes of one turn have left for the network, or will never.
    void taken(std::uint64_t session);

    void forget(const Caller& caller);

    /// Forgets the idle; yields who waits so long that they should hear a WAIT, with their ask.
    std::vector<Turn> look_after(MonotonicTime now);

    std::size_t count() const { return sessions_.size(); }
    bool anybody_waits() const;

  private:
    bool forget_one_at_rest();

    struct Session {
        std::uint64_t number = 0;
        std::deque<Frame> waiting = {};
        std::size_t untaken = 0;
        MonotonicTime active_at = {};  ///< Of its last ask or turn.
        MonotonicTime told_at = {};    ///< Of what it last heard from us.
    };

    const SessionBounds bounds_;
    std::uint64_t last_number_ = 0;
    std::map<Caller, Session> sessions_;
    Caller last_served_ = {};
};

}  // namespace ringrift::bus
