#pragma once

// Old versions of events, brought up to today's before they are read.
//
// An event's meaning never changes. A new meaning is a new version in its EventInfo, a row here
// that turns the data of the old into the new, and a golden sample that is kept for ever. A field
// that is added with a harmless default needs none of this, see `may_be_missing` in bus/json.hpp.
// Pure; any thread.

#include <span>
#include <string_view>

#include <boost/json.hpp>

#include "bus/json_text.hpp"

namespace ringrift::bus {

struct Upcast {
    std::string_view type;
    int from = 1;                              ///< Makes version `from + 1` out of version `from`.
    void (*apply)(boost::json::object& data);  ///< Total: what it does not find, it leaves.
};

/// Every upcast there is.
std::span<const Upcast> upcasts();

/// Brings `data` from version `from` to version `to`, step by step. False, with the problem, when
/// `from` is newer than `to`, below 1, or has no way up.
bool upcast(std::string_view type, int from, int to, boost::json::object& data,
            std::span<const Upcast> table, JsonProblem& problem);

}  // namespace ringrift::bus
