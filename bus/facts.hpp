#pragma once

// What can be said of every type of event alike: its info, its fields, its data as JSON.
//
// The one place that turns the list of types in `Fact` into tables. Pure; any thread.

#include <span>
#include <string>
#include <string_view>

#include "bus/event.hpp"
#include "bus/json_text.hpp"

namespace ringrift::bus {

/// One readable type of fact.
struct FactKind {
    EventInfo info;
    std::span<const std::string_view> fields;  ///< Names of the data's members, as described.
    bool (*read)(const boost::json::value& data, Fact& into, JsonProblem& problem);
};

/// Every readable type, in the order of `Fact`.
std::span<const FactKind> fact_kinds();

/// By canonical type name; null for any other.
const FactKind* fact_kind(std::string_view type);

/// Info of the fact's type; null for `Unread`.
const EventInfo* info_of(const Fact& fact);

/// Appends the data as JSON; for `Unread`, its whole text.
void write_fact(std::string& out, const Fact& fact);

/// No less than what `write_fact` appends.
std::size_t fact_bytes_at_most(const Fact& fact);

/// No longer than `id_bytes_max`, without control characters. Empty is sound.
bool is_sound_id(std::string_view id);

/// The first id in the fact's own fields that is longer than `id_bytes_max` or holds a control
/// character, as a problem that names it. True when there is none.
bool ids_are_sound(const Fact& fact, JsonProblem& problem);

}  // namespace ringrift::bus
