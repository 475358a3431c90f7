#pragma once

// What a command of `ringrift on` finds in its environment. Pure; any thread.

#include <string>

#include "ops/jobs/job_environment.hpp"
#include "ops/on/feed.hpp"

namespace ringrift::ops::on {

/// What is needed of an event besides its text.
struct EventHead {
    std::string type = {};
    std::string about = {};  ///< Its subject.
    bool is_parked = false;  ///< It came from outside and lacks something: no fact yet.
};
/// Empty members where the text is no CloudEvent.
EventHead head_of(const std::string& text);

/// RINGRIFT_EVENT_TYPE, _ID, _SUBJECT, _TIME, _SOURCE, _POSITION and _ATTEMPT, and for each member
/// of its data that is a text, a number or a truth value RINGRIFT_EVENT_<MEMBER> in capitals,
/// unless it has one of these names. Values longer than 32 KiB are left to standard input.
Environment environment_of(const FedEvent& event, std::int64_t attempt);

}  // namespace ringrift::ops::on
