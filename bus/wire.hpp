#pragma once

// The port to the other nodes: letters beside the log. Memory (tests, simulation), core NATS.
//
// - A letter may be lost, doubled, late or out of order. Whoever needs an answer asks again.
// - Nothing here ever blocks: `send` hands over or drops, and counts what it dropped.
// - A node does not hear its own letters to all.
// - What is received waits in a bounded inbox until `take`; what does not fit is dropped, counted.
// - What arrives is decoded already: unknown and malformed letters are counted, never seen.
//
// Called on the node's thread only; the transports have their own threads behind it.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bus/letter.hpp"

namespace ringrift::bus {

/// Since the start. Every letter that does not arrive is in one of them, on one side, unless the
/// network itself lost it.
struct WireCounts {
    std::int64_t sent = 0;
    std::int64_t received = 0;
    std::int64_t not_sent = 0;    ///< Not connected, too large, or the way out was full.
    std::int64_t overflowed = 0;  ///< Received, but the inbox was full.
    std::int64_t unknown_type = 0;
    std::int64_t malformed = 0;  ///< Too large ones as well.
    friend bool operator==(const WireCounts&, const WireCounts&) = default;
};

/// Letters that may wait in an inbox: a second of a large cluster's.
inline constexpr std::size_t letters_waiting_max = 16 * 1024;

class Wire {
  public:
    virtual ~Wire() = default;

    /// The wire fills in `from`: the id of the node whose wire it is.
    virtual void send(Letter letter) = 0;

    /// All that has arrived, in the order of arrival.
    virtual std::vector<Letter> take() = 0;

    /// Calls `wake` from any thread, soon after a letter arrived; it must be quick and must not
    /// call back. Replaces the former.
    virtual void on_news(std::function<void()> wake) = 0;

    /// Whether letters leave this node now, as far as it knows. What `send` is given while they do
    /// not is dropped.
    virtual bool connected() const = 0;

    /// Why not, as a sentence for a person. Empty when connected.
    virtual std::string trouble() const = 0;

    virtual WireCounts counts() const = 0;
};

}  // namespace ringrift::bus
