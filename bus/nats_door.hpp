#pragma once

// The door for events from outside: `ringrift.<cluster>.ingest.<ANY_NAME>` on core NATS.
//
// Who knocks is heard by one of those that listen (a queue group), and may ask for an answer by
// naming where to send it (request/reply). Core NATS stores nothing: while nobody listens, a
// publisher that asks is told so by the server, and one that does not ask loses its event.
//
// `hear` runs on a thread of libnats and must be quick; `answer` may be called from any thread. A
// thread of its own listens anew on each line.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "bus/nats_connection.hpp"
#include "bus/nats_handles.hpp"

namespace ringrift::bus {

struct Knock {
    std::string name = {};       ///< What stands behind `ingest.`, `_` for dots between its parts.
    std::string text = {};       ///< As it came.
    std::string answer_to = {};  ///< Empty: no answer is asked for.
};

class NatsDoor {
  public:
    /// `connection` outlives this.
    NatsDoor(NatsConnection& connection, const std::string& cluster,
             std::function<void(Knock)> hear);
    ~NatsDoor();
    NatsDoor(const NatsDoor&) = delete;
    NatsDoor& operator=(const NatsDoor&) = delete;

    /// Nothing happens when nobody asked for one, or while NATS is away.
    void answer(const Knock& knock, const std::string& text) const;
    /// True once it listens on the line that is up.
    bool is_open() const;

  private:
    void run(const std::stop_token& stop);
    bool listen(const NatsLine& line);

    NatsConnection& connection_;
    const std::string start_;  ///< `ringrift.<cluster>.ingest.`
    const std::function<void(Knock)> hear_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t stirs_ = 0;  ///< Counts changes of the connection; guarded by mutex_.
    std::uint64_t line_ = 0;   ///< That is listened on, 0: none; guarded by mutex_.
    std::unique_ptr<NatsReceiver> receiver_ = {};  ///< Of the thread.
    std::jthread thread_;                          ///< Last: it uses all of these.
};

inline constexpr const char* door_group = "ringrift-ingest";

}  // namespace ringrift::bus
