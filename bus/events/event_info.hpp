#pragma once

// What is said once about each type of event: its name on the bus, its noun, its version, and who
// may say it. Every event struct carries one as `info`.
//
// An event is a past participle, holds only integers, text, times and lists of these (a fold must
// give the same bytes everywhere, and JSON numbers with a fraction do not), and its meaning never
// changes: a new meaning is a new version with an upcast, see bus/upcast.hpp. Units are in the
// names: `_ms`, `_bytes`, `_ppm` (millionths), `_milli` (thousandths), `_micro` (millionths).

#include <cstdint>
#include <string_view>

#include <boost/describe.hpp>

namespace ringrift::bus {

enum class Noun { nodes, leadership, work, data, training, ratings };
BOOST_DESCRIBE_ENUM(Noun, nodes, leadership, work, data, training, ratings)

/// Whose word an event is. A leader's event carries the epoch of its reign, and the fold voids it
/// when that reign is over; anybody's event is judged by its content alone.
enum class Authority { anybody, leader };

struct EventInfo {
    std::string_view type;  ///< UPPER_SNAKE, the last token of the subject.
    Noun noun;              ///< The third token of the subject.
    Authority authority = Authority::anybody;
    int version = 1;  ///< `dataversion` of what is written today.
};

}  // namespace ringrift::bus
