#include "bus/nats_ack.hpp"

#include <array>
#include <charconv>

#include <boost/json/monotonic_resource.hpp>

#include "bus/json_text.hpp"

namespace ringrift::bus {
namespace {

namespace json = boost::json;

constexpr std::string_view end_text = "wrong last sequence: ";

constexpr int message_over_maximum = 10054;
constexpr int stream_sealed = 10109;

std::string text_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::int64_t integer_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) return 0;
    if (const std::int64_t* small = value->if_int64()) return *small;
    const std::uint64_t* large = value->if_uint64();
    return large == nullptr ? 0 : static_cast<std::int64_t>(*large);
}

void read_refusal(const json::object& error, NatsAck& ack) {
    ack.kind = NatsAck::Kind::refused;
    ack.code = static_cast<int>(integer_at(error, "err_code"));
    ack.description = text_at(error, "description");
}

/// What nearly every answer looks like: `{"stream":"S", "seq":7}`. False for any other, and then
/// `ack` is as it was.
bool read_stored(std::string_view text, NatsAck& ack) {
    constexpr std::string_view before_stream = "{\"stream\":\"", before_seq = "\", \"seq\":";
    if (!text.starts_with(before_stream)) return false;
    text.remove_prefix(before_stream.size());
    const std::size_t quote = text.find('"');
    const std::string_view stream = text.substr(0, quote);
    if (quote == std::string_view::npos || stream.find('\\') != std::string_view::npos)
        return false;
    text.remove_prefix(quote);
    if (!text.starts_with(before_seq)) return false;
    text.remove_prefix(before_seq.size());
    Position position = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, position);
    if (error != std::errc() || position == 0 || end - rest != 1 || *rest != '}') return false;
    ack = {.kind = NatsAck::Kind::stored, .position = position, .stream = std::string(stream)};
    return true;
}

/// Nothing else, and all of it.
std::optional<std::int64_t> whole_number(std::string_view digits) {
    std::int64_t number = 0;
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || rest != digits.data() + digits.size()) return {};
    return number;
}

}  // namespace

NatsAck read_ack(std::string_view text, std::string_view status) {
    NatsAck ack;
    if (status.empty() && read_stored(text, ack)) return ack;
    if (!status.empty()) {
        ack.kind = status == "503" ? NatsAck::Kind::no_responders : NatsAck::Kind::unreadable;
        ack.description = "status " + std::string(status);
        return ack;
    }
    ack.kind = NatsAck::Kind::unreadable;
    ack.description = "not an answer of JetStream";
    std::array<unsigned char, 1024> buffer;
    json::monotonic_resource memory(buffer.data(), buffer.size());
    json::value value(&memory);
    JsonProblem problem;
    if (!parse_json(text, &memory, value, problem) || !value.is_object()) return ack;
    const json::object& object = value.get_object();
    const json::value* error = object.if_contains("error");
    if (error != nullptr && error->is_object()) {
        read_refusal(error->get_object(), ack);
        return ack;
    }
    ack.position = static_cast<Position>(integer_at(object, "seq"));
    if (ack.position == 0) return ack;
    ack.kind = NatsAck::Kind::stored;
    ack.description.clear();
    ack.stream = text_at(object, "stream");
    const json::value* duplicate = object.if_contains("duplicate");
    ack.is_duplicate = duplicate != nullptr && duplicate->is_bool() && duplicate->get_bool();
    return ack;
}

bool is_no_room(int code) {
    switch (code) {
        case 10002:  // resource limits of the account
        case 10023:  // insufficient resources
        case 10028:  // insufficient memory
        case 10047:  // insufficient storage
        case 10077:  // could not be stored: a limit of the stream, or the disk
            return true;
        default: return false;
    }
}

AppendError append_error(const NatsAck& ack) {
    switch (ack.kind) {
        case NatsAck::Kind::stored:
        case NatsAck::Kind::none:
        case NatsAck::Kind::no_responders: return AppendError::unavailable;
        case NatsAck::Kind::unreadable: return AppendError::refused;
        case NatsAck::Kind::refused: break;
    }
    if (is_no_room(ack.code)) return AppendError::full;
    if (ack.code == message_over_maximum) return AppendError::too_large;
    const bool is_lasting = ack.code == jetstream_code::other_stream || ack.code == stream_sealed ||
                            ack.code == jetstream_code::wrong_last_sequence;
    return is_lasting ? AppendError::refused : AppendError::unavailable;
}

std::optional<Position> end_of(const NatsAck& ack) {
    if (ack.kind != NatsAck::Kind::refused || ack.code != jetstream_code::wrong_last_sequence)
        return {};
    const std::string_view description = ack.description;
    if (!description.starts_with(end_text)) return {};
    const std::string_view digits = description.substr(end_text.size());
    Position end = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), end);
    if (error != std::errc() || rest != digits.data() + digits.size()) return {};
    return end;
}

Delivery delivery_in(std::string_view reply) {
    constexpr std::string_view prefix = "$JS.ACK.";
    constexpr std::size_t tokens_of_old = 9;
    constexpr std::size_t position_of_old = 5;
    constexpr std::size_t position_of_new = 7;  // After a domain and an account.
    if (!reply.starts_with(prefix)) return {};
    std::array<std::string_view, 12> tokens;
    std::size_t count = 0;
    while (count < tokens.size()) {
        const std::size_t dot = reply.find('.');
        tokens[count++] = reply.substr(0, dot);
        if (dot == std::string_view::npos) break;
        reply.remove_prefix(dot + 1);
    }
    if (count < tokens_of_old) return {};
    const std::size_t at = count == tokens_of_old ? position_of_old : position_of_new;
    const auto position = whole_number(tokens[at]);
    const auto stored = whole_number(tokens[at + 2]);
    if (!position || !stored) return {};
    return {.position = static_cast<Position>(*position), .stored = *stored};
}

}  // namespace ringrift::bus
