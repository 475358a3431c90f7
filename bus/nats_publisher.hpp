#pragma once

// Sends messages to a stream, many before the first is acknowledged, and gathers the answers.
//
// One call sends one batch in order on one line. Each letter is written when its turn comes, so
// that the server works while the next is written. Up to `in_flight_max` wait for their answer at a
// time; as soon as one is refused nothing more is sent. The order in the stream is the order given,
// with one exception that no client can close: if the stream loses its leader in the middle of a
// batch, an early message may get lost and a later one of those in flight be stored. Said again
// with the same ids in the same order, all are there, each once, the lost one last.
//
// libnats' own asynchronous publishing is not used: after a lost connection its pending
// acknowledgements count against the next batch, and a forbidden subject looks like a timeout.
// Belongs to the thread that appends.

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bus/nats_ack.hpp"
#include "bus/nats_connection.hpp"
#include "bus/nats_handles.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

struct NatsLetter {
    std::string subject = {};
    std::string message_id = {};  ///< Printable, without spaces.
    std::string text = {};
};

class NatsPublisher {
  public:
    static constexpr std::size_t in_flight_max = 2048;           ///< Enough to keep a server busy.
    static constexpr std::size_t in_flight_bytes_max = 8 << 20;  ///< What sockets hold with ease.

    /// Writes the letter of that index into `into`, which is empty. Asked once for each in order,
    /// and again for those sent when the server forbids one.
    using Write = std::function<void(std::size_t index, NatsLetter& into)>;

    explicit NatsPublisher(NatsConnection& connection);
    ~NatsPublisher();

    /// One answer for each of `count` letters. Returns when all are there, or something is
    /// forbidden, or the line is lost, or after `wait` (once for every `in_flight_max` letters).
    /// Those without an answer are `none`.
    std::vector<NatsAck> publish(const NatsLine& line, std::size_t count, const Write& write,
                                 Duration wait);
    /// Whether the server forbade a subject of the last batch.
    bool is_forbidden() const { return is_forbidden_; }
    std::uint64_t line() const { return line_; }
    /// What counts against the server's max_payload beside the text.
    static std::size_t header_bytes(std::size_t id_bytes);

  private:
    struct Answers;
    bool ready_on(const NatsLine& line);
    const NatsLetter& written(std::size_t index, const Write& write);
    bool send(const NatsLine& line, const NatsLetter& letter, const std::string& reply);
    /// False when no more should be sent.
    bool wait_until(std::size_t open_max, Duration wait, const Write& write);
    bool is_line_lost_or_subject_forbidden(const Write& write);

    NatsConnection& connection_;  ///< Outlives this.
    std::unique_ptr<Answers> answers_;
    std::unique_ptr<NatsReceiver> receiver_;  ///< Of answers, on line `line_`.
    std::uint64_t line_ = 0;
    std::string inbox_;
    // Of the batch under way:
    NatsLetter letter_;  ///< The one that is sent; its room is used again.
    std::uint64_t forbidden_before_ = 0;
    std::size_t sent_ = 0;
    bool is_forbidden_ = false;
};

}  // namespace ringrift::bus
