#pragma once

// What the server counts about itself, for /status and /metrics. Written on the server's thread,
// read on any; holds the only lock between them.

#include <cstdint>
#include <mutex>
#include <string>

namespace ringrift::ops::http {

struct ServerCounts {
    std::int64_t connections = 0;  ///< Open now.
    std::int64_t streams = 0;      ///< Open now.
    std::int64_t requests = 0;     ///< From here on since the start.
    std::int64_t answers_2xx = 0;
    std::int64_t answers_4xx = 0;
    std::int64_t answers_5xx = 0;
    std::int64_t connections_refused = 0;  ///< All were in use, none idle.
    std::int64_t connections_evicted = 0;  ///< Idle ones that gave way.
    std::int64_t clients_too_slow = 0;     ///< Whose request did not arrive in time.
    std::int64_t streams_dropped = 0;      ///< Whose client did not take what was sent.
    std::string last_drop = {};            ///< Which stream was dropped last, and why.
};

class CountBoard {
  public:
    ServerCounts read() const {
        const std::lock_guard lock(mutex_);
        return counts_;
    }
    void add(std::int64_t ServerCounts::*which, std::int64_t change = 1) {
        const std::lock_guard lock(mutex_);
        counts_.*which += change;
    }
    void answered(int status) {
        add(&ServerCounts::requests);
        add(status < 400   ? &ServerCounts::answers_2xx
            : status < 500 ? &ServerCounts::answers_4xx
                           : &ServerCounts::answers_5xx);
    }
    void dropped(std::string sentence) {
        const std::lock_guard lock(mutex_);
        ++counts_.streams_dropped;
        counts_.last_drop = std::move(sentence);
    }

  private:
    mutable std::mutex mutex_;
    ServerCounts counts_;  ///< Guarded by mutex_.
};

/// One more as long as it lives.
class Counted {
  public:
    Counted(CountBoard& board, std::int64_t ServerCounts::*which) : board_(board), which_(which) {
        board_.add(which_);
    }
    ~Counted() { board_.add(which_, -1); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    CountBoard& board_;
    std::int64_t ServerCounts::*which_;
};

}  // namespace ringrift::ops::http
