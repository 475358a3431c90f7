#pragma once

// The port to the event log: the one totally ordered list of facts that everything is folded from.
//
// Three transports keep the same contract, and one suite asks it of each (tests/log_contract_test):
// memory (tests, simulation), SQLite (embedded default), NATS JetStream (more than one machine).
//
// - Positions start at 1, have no gaps, and never change.
// - An event whose id is in the log already is not written again: its position is the first one's.
//   NATS promises that only within its duplicate window; folds must not rely on it beyond.
// - `append` of several events is several appends in order: after a failure, a first part of them
//   may stand in the log. Each event is meaningful alone, and rule 4 of the design repairs the
//   rest.
// - What `append` acknowledged survives what bus/README.md says for each transport.
//
// Called on the node's thread only, unless an implementation says more.

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bus/event.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

enum class AppendError {
    unavailable,  ///< Not known whether it was written. Read, fold and decide again; keep reports.
    full,         ///< Nothing was written, the store has no room. Free some; nothing else helps.
    too_large,    ///< Nothing was written: one event is over `event_bytes_max`. A bug of the sayer.
    refused  ///< Nothing was written: the store denies it (permissions, read-only, damaged), or an
             ///< event has no id. A person must look.
};

enum class ReadError {
    unavailable,  ///< The log cannot be reached now. Try again later; keep working with what is
                  ///< folded.
    damaged  ///< A gap, an order that went backwards, or bytes nobody wrote. Stop; a person must
             ///< look.
};

/// No event is larger as text; NATS servers refuse more than 1 MiB unless told otherwise.
inline constexpr std::size_t event_bytes_max = 1024 * 1024;

struct Appended {
    std::vector<Position> positions = {};  ///< One for each event, in the order given.
};

using Batch = std::vector<Recorded>;  // in the order of the log, without gaps

class Log {
  public:
    virtual ~Log() = default;

    virtual Result<Appended, AppendError> append(std::span<const Event> events) = 0;

    /// Up to `count_max` events after `after`, oldest first. Empty at the end of the log. An
    /// `after` beyond the end is `damaged`: this is not the log, or not all of it, that it was read
    /// from.
    virtual Result<Batch, ReadError> read(Position after, std::size_t count_max) = 0;

    /// The position of the last event that can be read; 0 for an empty log.
    virtual Result<Position, ReadError> last() = 0;

    /// Calls `wake` from any thread, soon after something new can be read; at most once for each
    /// call to `read`. It must not call back into the log. Replaces the former.
    virtual void on_news(std::function<void()> wake) = 0;

    /// Why the last operation failed, as a sentence for a person. Empty when it did not.
    virtual std::string trouble() const = 0;
};

}  // namespace ringrift::bus
