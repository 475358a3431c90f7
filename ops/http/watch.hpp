#pragma once

// Who is connected and until when each may take for what it does: the server's one clock for all
// connections, and who gives way when there are too many. Knows no library, only the two ways to
// wake a connection. Belongs to the server's thread.

#include <chrono>
#include <functional>
#include <list>

#include "bus/time.hpp"

namespace ringrift::ops::http {

class Watch;

/// One connection, on the list as long as it lives.
class Watched {
  public:
    /// `cancel` ends whatever it waits for; `wake` only its waiting for news.
    Watched(Watch& watch, int socket, std::function<void()> cancel, std::function<void()> wake);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    /// What follows may take so long; then it is cancelled, and `expired`.
    void within(bus::Duration time);
    void rests();  ///< Between two requests from now on.
    void works() { idle_ = false; }
    bool idle() const { return idle_; }
    void follows(bool yes) { following_ = yes; }
    void has_all_day() { deadline_ = Steady::time_point::max(); }
    bool expired() const { return expired_; }

  private:
    friend class Watch;
    using Steady = std::chrono::steady_clock;

    void expire();
    bool has_gone() const;

    Watch& watch_;
    int socket_;
    std::function<void()> cancel_;
    std::function<void()> wake_;
    bool idle_ = true;
    bool following_ = false;
    bool expired_ = false;
    Steady::time_point deadline_ = Steady::time_point::max();
    Steady::time_point idle_since_ = Steady::now();
    std::list<Watched*>::iterator place_;
};

class Watch {
  public:
    std::size_t size() const { return watched_.size(); }
    bool empty() const { return watched_.empty(); }

    /// Cancels all whose time is over, and followers whose other end has closed.
    void expire();
    /// Those that follow look for news now.
    void wake_followers();
    void cancel_idle();
    /// Ends the one that idles longest. False when none does.
    bool make_room();

  private:
    friend class Watched;
    std::list<Watched*> watched_;
};

}  // namespace ringrift::ops::http
