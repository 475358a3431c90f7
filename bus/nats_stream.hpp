#pragma once

// The stream that holds the log: `RINGRIFT_<cluster>`, made once and verified on every line.
//
// It takes `ringrift.<cluster>.<noun>.>` for the six nouns and `unread`, and so neither telemetry
// nor the wire nor ingest. Nothing is ever deleted from it: no age, no limit by subject, delete and
// purge denied; where it may not grow (`max_bytes`, a full disk) it refuses what is new. A stream
// kept in another way is not used, since what it would lose nobody would notice. Calls block up to
// `ask_wait`; not for the node's thread.

#include <optional>
#include <string>
#include <vector>

#include "bus/ids.hpp"
#include "bus/nats_handles.hpp"
#include "bus/nats_state.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// How the stream should be kept.
struct StreamPlan {
    std::string cluster = "main";
    int replicas = 1;  ///< 1, 3 or 5. A stream with more is taken too.
    /// How long the server remembers ids, and so how late an event may be said again and still
    /// count once. Costs the server some 150 bytes for each event of that time.
    Duration duplicate_window = std::chrono::minutes(10);
    bool may_create = true;  ///< False: a stream that is missing is an error.
};

/// As the server has it.
struct StreamFacts {
    /// When its first event was stored, RFC 3339 to the nanosecond: its identity, the same on every
    /// server. (When it was *made* is not: each of two nodes that make it at once is told its own
    /// time, and the servers keep both.) Empty while there is no event.
    std::string began = {};
    Position end = 0;  ///< Its last event, as its leader holds it, not as some server remembers.
};

inline constexpr Duration ask_wait = std::chrono::milliseconds(1500);

/// RFC 3339 with nine digits, of nanoseconds since 1970: no rounding makes two alike.
std::string nanosecond_text(std::int64_t nanoseconds);

std::string stream_name(const std::string& cluster);
std::vector<std::string> stream_subjects(const std::string& cluster);

/// One line of `a differs, b differs` for people; empty when `stream` keeps what `plan` asks.
/// Makes the stream when it is missing and may be made, and looks at it otherwise.
Result<StreamFacts, NatsHealth> verify_stream(__natsConnection* connection, __jsCtx* jetstream,
                                              const StreamPlan& plan);

/// The position of the last event, from the stream's leader and through its own log: a message that
/// expects an impossible last position is refused with the true one. (The stream's info is answered
/// from memory and was seen to be behind just after a failover.)
Result<Position, NatsHealth> end_of_stream(__natsConnection* connection, const StreamPlan& plan);

}  // namespace ringrift::bus
