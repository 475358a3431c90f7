#pragma once

// Event <-> one line of CloudEvents 1.0 JSON (structured mode), readable in the NATS CLI.
//
// `encode(decode(text))` gives the same event back, and the same event always gives the same bytes.
// Decoding never fails: a text that is an event but not one of ours comes back as `Unread`, to be
// kept, counted and shown. What is no event at all is refused at the door, by `decode_at_door`.
// Pure functions; any thread.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/event.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

struct Upcast;  // bus/upcast.hpp

/// Why a text is not taken in; `sentence` says what to change.
struct Malformed {
    std::string sentence = {};
    bool lacks = false;  ///< A field is missing; none that is there was found wrong.
};

std::string encode(const Event& event, std::string_view cluster = "main");
/// The same, behind what `out` holds.
void append_encoded(std::string& out, const Event& event, std::string_view cluster = "main");

/// The `data` member alone, as JSON text; of `Unread`, the whole text. Tests and the CLI use it.
std::string encode_data(const Fact& fact);

/// An upper bound of `encode(event).size()` that costs nothing for ordinary events.
std::size_t encoded_bytes_at_most(const Event& event, std::string_view cluster = "main");

/// For what stands in the log. Old versions are upcast (bus/upcast.hpp).
Event decode(std::string_view text);

/// The same with another table of upcasts; tests use it.
Event decode_with(std::string_view text, std::span<const Upcast> table);

/// For what comes from outside: as `decode`, but whatever would be `Unread`, has no id, or is too
/// long is refused with a sentence. Aliases of the Python original are read (bus/aliases.hpp).
Result<Event, Malformed> decode_at_door(std::string_view text);

/// The fact of type `type` (canonical or alias) from its data. Source of ids is the caller.
Result<Fact, Malformed> fact_from(std::string_view type, std::string_view data);

/// All canonical type names in the order of the variant.
const std::vector<EventInfo>& event_catalogue();

}  // namespace ringrift::bus
