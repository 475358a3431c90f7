#pragma once

// A letter: what one node says to another beside the log. It may get lost, come twice, late or out
// of order, and nothing may depend on that it does not.
//
//   {"type":"BEACON","from":"voter-1","to":"voter-2","data":{"epoch":7,"sent_ms":12500}}
//
// One line of JSON, without `to` when it is for everybody; the same letter always gives the same
// bytes. A text that is no letter is counted and dropped by whoever received it, never fatal.
//
// To add a message: a struct in `bus/messages/<noun>_messages.hpp` with its `info` and description,
// its name in `Message`, and `RINGRIFT_GOLDEN=write letter_test` for its sample. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages/leadership_messages.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

using Message = std::variant<
    // leadership
    VoteRequest, VoteReply, Beacon, BeaconReply, Resignation, StepDownRequest>;

struct Letter {
    NodeId from = {};
    NodeId to = {};  ///< Empty: to all others.
    Message message = {};
    friend bool operator==(const Letter&, const Letter&) = default;
};

/// A NATS server takes up to 1 MiB unless told otherwise; what needs more belongs on the data
/// plane.
inline constexpr std::size_t letter_bytes_max = 512 * 1024;

/// Why a text is not taken for a letter.
struct NoLetter {
    enum class Why {
        unknown_type,  ///< Of a newer program, perhaps.
        malformed,     ///< No JSON, a wrong or missing field, an id that cannot be one.
        too_large      ///< Over `letter_bytes_max`.
    };
    Why why = Why::malformed;
    std::string sentence = {};  ///< For a person; names the field.
};

std::string encode(const Letter& letter);
Result<Letter, NoLetter> decode_letter(std::string_view text);

/// UPPER_SNAKE name of the message.
std::string_view type_of(const Message& message);
/// Every type of message, in the order of `Message`.
const std::vector<MessageInfo>& message_catalogue();

}  // namespace ringrift::bus
