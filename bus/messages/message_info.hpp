#pragma once

// What is said once about each type of message: its name on the wire, and which form of it this is.
//
// A message lives for seconds, but two versions of the program may talk to each other meanwhile: a
// field that is added is listed in `may_be_missing` (bus/json.hpp), fields that are not known are
// skipped, and what a field means never changes. Units are in the names, as in events.

#include <string_view>

#include <boost/describe.hpp>

namespace ringrift::bus {

struct MessageInfo {
    std::string_view type;  ///< UPPER_SNAKE, unique among messages.
    int version = 1;        ///< Counted up with each added field; names its golden sample.
};

}  // namespace ringrift::bus
