#pragma once

// Which log, and how far: what a node keeps with its snapshot, so that it never folds on from
// another log than the one it began with.
//
// A position alone would not tell a log that lost its tail and grew again. One line of text.

#include <optional>
#include <string>
#include <string_view>

#include "bus/ids.hpp"

namespace ringrift::bus {

struct LogMark {
    std::string began = {};  ///< When its first event was stored, to the nanosecond: its identity.
    Position position = 0;   ///< The last event that was read; 0: none yet.
    EventId event = {};      ///< The id of that event.
    friend bool operator==(const LogMark&, const LogMark&) = default;
};

/// Under which a node keeps it.
inline constexpr std::string_view log_mark_name = "log_mark";

/// `<began> <position> <id, percent-encoded>`
std::string to_text(const LogMark& mark);
std::optional<LogMark> mark_from_text(std::string_view text);

}  // namespace ringrift::bus
