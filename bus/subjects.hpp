#pragma once

// Where an event goes: `ringrift.<cluster>.<noun>.<id>.<EVENT_TYPE>`.
//
// Ids are percent-encoded to one NATS token: what is not a letter, a digit, `-` or `_` becomes
// `%XX`, and an empty id becomes `~`, since NATS has no empty tokens. What could not be read has
// the noun `unread`. Pure functions; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "bus/event.hpp"

namespace ringrift::bus {

inline constexpr std::string_view empty_token = "~";

std::string subject_of(const Event& event, std::string_view cluster);
/// The same, behind what `out` holds.
void append_subject(std::string& out, const Event& event, std::string_view cluster);

std::string encode_token(std::string_view id);
/// The same, behind what `out` holds.
void append_token(std::string& out, std::string_view id);
/// Empty when `token` has a `%` that two hexadecimal digits do not follow.
std::optional<std::string> decode_token(std::string_view token);

}  // namespace ringrift::bus
