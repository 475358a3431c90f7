#pragma once

// An event from outside as it came over HTTP or NATS, made a request to the node. Pure.
//
// Read are `{"type":…,"data":{…}}` with any known name of the type, a whole CloudEvent, and the
// Python original's envelope (`event_type`, `payload`, `timestamp`, `event_id`). What the event is
// worth is decided by the node (producers/outside); here it is only found whether it is one.

#include <string>
#include <string_view>

#include "bus/result.hpp"
#include "ops/admin.hpp"

namespace ringrift::ops {

struct NoEvent {
    std::string code = {};  ///< invalid_body, missing_parameter or invalid_event.
    std::string sentence = {};
};

/// With `named`, the type that the place it was sent to says, a body without an envelope is all
/// data. Of the request, the actor is left to the caller.
bus::Result<AdminRequest, NoEvent> outside_request(std::string_view body,
                                                   const std::string& named = {});

inline constexpr const char* ingest_hint =
    "Send {\"type\":\"GAMES_RECORDED\",\"data\":{…}}; "
    "names of the Python original are read too.";

}  // namespace ringrift::ops
