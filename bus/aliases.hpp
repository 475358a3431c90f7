#pragma once

// The names that the Python original gave to events and fields, and the canonical ones.
//
// Only for what comes in at the door (bus/codec.hpp): what stands in the log is written in
// canonical names, and an alias found there is a mistake that must show. An alias never replaces a
// canonical field that is there. Pure; any thread.

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "bus/facts.hpp"

namespace ringrift::bus {

/// Any spelling in any case -> the canonical type; what is no alias comes back in upper case.
std::string canonical_type(std::string_view type);

/// Renames the fields of `data` that `kind` does not have to those that it has; drops nulls; turns
/// Python's floats into our integers (seconds -> `_ms`, loss -> `loss_micro`, Elo -> `elo_milli`,
/// and whole numbers such as 100.0); makes `config` of `board_type` and `num_players`.
void adopt_fields(const FactKind& kind, boost::json::object& data);

/// What the original meant by `type` with `"success": false`: the failure's type, where there is
/// one; else empty.
std::string_view failure_of(std::string_view type);

/// The same for a whole event, also in the original's envelope
/// (`event_type`, `payload`, `timestamp` in seconds, `event_id`).
void adopt_envelope(boost::json::object& event);

}  // namespace ringrift::bus
