#pragma once

// Which events are news for the operator's log, and how they read. One place for every line.
//
// A log line is a state transition as `key=value`. Level error means that a person must look. The
// four patterns of the runbook are `[P2P] Leader elected`, `[P2P] Event subscriptions`,
// `[P2P] CRITICAL` and `[P2P] Sync completed`. Pure.

#include <optional>
#include <string>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::ops {

enum class LineLevel { debug, info, warning, error, critical };

struct LogLine {
    LineLevel level = LineLevel::info;
    std::string text = {};
};

/// Empty for what is no news at any level.
std::optional<LogLine> log_line(const bus::Recorded& recorded);

/// Said once, soon after the start: that the subscriptions deliver, or which critical ones do not.
LogLine subscriptions_line(const std::vector<std::string>& critical_failed);

}  // namespace ringrift::ops
