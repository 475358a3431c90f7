#pragma once

// `ringrift events`: the history page by page, and what comes after it.

#include <ostream>
#include <string>

#include "ops/cli/remote.hpp"

namespace ringrift::ops::cli {

struct EventsQuestion {
    std::string type = {};
    std::string noun = {};
    std::string key = {};
    std::string since = {};
    std::string after = {};  ///< A position.
    std::string limit = {};  ///< Empty with --json: all.
    bool follow = false;
};

/// People get the last `events_shown`, or as many as they ask for, unless they say from where;
/// programs get everything from the first on.
inline constexpr int events_shown = 50;

Exit show_events(const Remote& remote, const EventsQuestion& question, std::ostream& out,
                 std::ostream& err);

}  // namespace ringrift::ops::cli
