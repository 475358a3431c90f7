#pragma once

// What a job says while it runs, as one JSON object: how far it is, or an event of its own.
//
//   {"work":"w-1","fence":812,"progress_ppm":250000,"games":50}
//   {"work":"w-1","fence":812,"event":"TRAINING_PROGRESS","data":{...}}
//
// Pure functions; any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bus/ids.hpp"

namespace ringrift::bus {

inline constexpr std::size_t job_message_bytes_max = 64 * 1024;

struct ProgressSaid {
    std::int64_t progress_ppm = 0;  ///< 0 to 1'000'000.
    std::int64_t games = 0;
    friend bool operator==(const ProgressSaid&, const ProgressSaid&) = default;
};

/// Not validated: the ingest consumer judges it.
struct EventSaid {
    std::string type = {};
    std::string data = {};  ///< JSON text of an object.
    friend bool operator==(const EventSaid&, const EventSaid&) = default;
};

struct JobMessage {
    WorkId work = {};
    Position fence = 0;
    std::variant<ProgressSaid, EventSaid> said = {};
    friend bool operator==(const JobMessage&, const JobMessage&) = default;
};

/// Empty when the text is not one of the two. `fence` may be a number or its digits as a text.
std::optional<JobMessage> parse_job_message(std::string_view text);

/// From a line on standard output. `progress` from 0 to 1 is read as well.
std::optional<ProgressSaid> parse_progress(std::string_view line);

}  // namespace ringrift::bus
