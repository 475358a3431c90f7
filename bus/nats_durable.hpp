#pragma once

// A durable pull consumer on the log: JetStream remembers under a name how far somebody has come.
//
// One event is out at a time (`max_ack_pending` 1), in the order of the log. It stays out until it
// is said to be `done`; while nothing is heard of it for `ack_wait` it is given out again, to
// whoever asks next under that name. So several processes may share a name: one works, the others
// stand by, and an event is given out at least once.
//
// Asks by hand for one message after the other: natsSubscription_Fetch of libnats 3.4.1 writes
// beyond its list. Calls block up to `ask_wait`, `next` up to what it is given. For one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/nats_connection.hpp"
#include "bus/nats_handles.hpp"
#include "bus/nats_stream.hpp"

namespace ringrift::bus {

struct DurablePlan {
    std::string cluster = "main";
    std::string name = {};  ///< Letters, digits, - and _.
    /// Filter, e.g. `ringrift.main.training.*.TRAINING_COMPLETED`; empty: the whole log.
    std::string subject = {};
    std::string purpose = {};  ///< For people; `nats consumer info` shows it. Part of what it is.
    /// Where a new one begins: at this position; empty: behind the end of the log.
    std::optional<Position> from = {};
    /// An event of which nothing is heard for so long is given out again.
    Duration ack_wait = std::chrono::seconds(10);
};

/// How far one has come.
struct DurableFacts {
    std::string name = {};
    std::string subject = {};
    std::string purpose = {};
    Position done = 0;             ///< All that concerns it up to here is done.
    Position given_out = 0;        ///< The last event given out.
    std::int64_t outstanding = 0;  ///< Given out and not done: 0 or 1.
    std::int64_t waiting = 0;      ///< Events of the log that concern it and were never given out.
    std::int64_t askers = 0;       ///< Processes that ask for the next event now.
};

struct DurableEvent {
    Position position = 0;
    std::int64_t given_out = 1;  ///< How often, this time included.
    std::string text = {};       ///< CloudEvents JSON.
    std::string answer_to = {};  ///< Where `done` and the like are said.
};

class NatsDurable {
  public:
    /// `connection` outlives this.
    NatsDurable(NatsConnection& connection, DurablePlan plan);

    /// Makes it, or goes on with what is there under its name. The error says what to do; the
    /// state `stream_differs` means that the name is taken for another purpose.
    Result<DurableFacts, NatsHealth> open();

    /// The next event; empty when none came within `wait`. `trouble` says whether that is because
    /// NATS is away.
    std::optional<DurableEvent> next(Duration wait);

    /// It is done and never given out again. False when the server did not confirm it: then it
    /// may be.
    bool done(const DurableEvent& event);
    /// It is still being worked on; to be said more often than every `ack_wait`.
    void still_at_it(const DurableEvent& event);
    /// Somebody else may have it at once.
    void give_back(const DurableEvent& event);

    /// Why nothing comes; empty when all is well.
    std::string trouble() const { return trouble_; }

  private:
    bool listen();
    bool ask_for_one();
    std::optional<DurableEvent> taken(NatsMessage message);

    NatsConnection& connection_;
    const DurablePlan plan_;
    const std::string stream_;
    std::string inbox_ = {};
    NatsSubscription subscription_;
    std::uint64_t line_ = 0;  ///< That the subscription is on.
    bool has_asked_ = false;  ///< A request is under way.
    Duration waited_ = {};    ///< Since it was made, without a word.
    std::string trouble_ = {};
};

/// Those whose name begins with `prefix`.
Result<std::vector<DurableFacts>, NatsHealth> durables(NatsConnection& connection,
                                                       const std::string& cluster,
                                                       std::string_view prefix);

/// It is forgotten how far that one has come. Fine when there is none.
std::optional<NatsHealth> forget_durable(NatsConnection& connection, const std::string& cluster,
                                         const std::string& name);

}  // namespace ringrift::bus
