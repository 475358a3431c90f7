#pragma once

// The CloudEvents members around an event's data: who, when, because of what.
//
// Written in one fixed order; read in any. Members that say nothing (no cause, epoch 0, an event
// about nothing) are not written. `source` is `/<cluster>/nodes/<node>`. Pure; any thread.

#include <string>
#include <string_view>

#include "bus/event.hpp"
#include "bus/json_text.hpp"

namespace ringrift::bus {

/// What the envelope says of the data. Views into the value that was read.
struct DataLabel {
    std::string_view type = {};
    std::string_view subject = {};
    std::string_view parked = {};        ///< Why it was only kept; empty for what was taken.
    int version = 1;                     ///< Of what has no `dataversion`.
    boost::json::value* data = nullptr;  ///< Null when it is missing.
};

/// Everything up to and without the data, from `{` to `"data":`.
void write_envelope(std::string& out, const Event& event, std::string_view cluster);

/// No less than what `write_envelope` appends, and one `}`.
std::size_t envelope_bytes_at_most(const Event& event, std::string_view cluster);

/// Fills all of `into` but its fact, and goes on after a problem, so that what can be known is.
/// False, with the first problem, when a member is of the wrong kind, or there is no id or type.
bool read_envelope(boost::json::object& from, Event& into, DataLabel& label, JsonProblem& problem);

}  // namespace ringrift::bus
