#pragma once

// The answer of JetStream to a message: stored where, or why not. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "bus/ids.hpp"
#include "bus/log.hpp"

namespace ringrift::bus {

struct NatsAck {
    enum class Kind {
        none,           ///< No answer (yet): not known whether it was stored.
        stored,         ///< At `position`; a duplicate has the position of the first.
        refused,        ///< By the stream, for `code`.
        no_responders,  ///< There is no stream, or none with a leader: not stored.
        unreadable      ///< Not an answer of JetStream: somebody else listens on our subjects.
    };
    Kind kind = Kind::none;
    Position position = 0;
    bool is_duplicate = false;
    std::string stream = {};       ///< That stored it.
    int code = 0;                  ///< JetStream's own (`err_code`), e.g. 10071; not the text.
    std::string description = {};  ///< For people.
};

/// `text` is the data of the answer, `status` its header of that name (`503`: no responders).
NatsAck read_ack(std::string_view text, std::string_view status);

/// What a caller of `append` should be told. `ack.kind` is not `stored`.
AppendError append_error(const NatsAck& ack);

/// Of `wrong last sequence: N`, N: what the stream's leader holds as its end. Empty for others.
std::optional<Position> end_of(const NatsAck& ack);

/// What is known of a message that a consumer delivered.
struct Delivery {
    Position position = 0;    ///< In the stream.
    std::int64_t stored = 0;  ///< When the server stored it, in nanoseconds since 1970.
    friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// From the subject that the message is to be acknowledged on, which is
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<position>.<of the consumer>.<stored>.…`, or has the
/// server's domain and account before the stream. All 0 for any other subject.
Delivery delivery_in(std::string_view reply);

namespace jetstream_code {
inline constexpr int replicas_need_a_cluster = 10074;
inline constexpr int stream_not_found = 10059;
inline constexpr int stream_name_in_use = 10058;
inline constexpr int subjects_overlap = 10065;
inline constexpr int not_enabled_for_account = 10039;
inline constexpr int not_enabled = 10076;
inline constexpr int no_suitable_peers = 10005;
inline constexpr int temporarily_unavailable = 10008;
inline constexpr int wrong_last_sequence = 10071;
inline constexpr int other_stream = 10060;
}  // namespace jetstream_code

/// Whether the code means that the server has no room.
bool is_no_room(int code);

}  // namespace ringrift::bus
