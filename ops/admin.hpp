#pragma once

// A person's request on its way from the API's thread to the node's, and the answer back.
//
// The node's thread turns it into commands, appends what they decide, and answers exactly once,
// from its own thread. A request that finds the inbox full is answered 503 by the API itself.

#include <functional>
#include <map>
#include <string>

#include "bus/ids.hpp"

namespace ringrift::ops {

struct AdminReply {
    bool accepted = false;
    int status = 200;       ///< HTTP: 200, 202, 400, 404, 409 or 503.
    std::string code = {};  ///< For programs: a Refusal's kind, e.g. not_leader. Empty if accepted.
    std::string sentence = {};  ///< For people; says what to do when refused.
    std::string hint = {};
    std::map<std::string, std::string> details = {};  ///< e.g. work -> w-7, released -> 3.
    bus::Position position = 0;  ///< Where its last event stands; 0 when none was appended.
};

struct AdminRequest {
    /// election/start, jobs/reset-stale, shutdown, sync/trigger, work/add, work/cancel,
    /// work/unpark, nodes/drain, nodes/retire, nodes/quarantine, nodes/release, ingest.
    std::string action = {};
    std::map<std::string, std::string> parameters =
        {};                 ///< Validated for presence by the API only.
    std::string body = {};  ///< JSON as received, for work/add and ingest.
    std::string actor = {};
    std::string reason = {};
    bool dry_run = false;
    std::function<void(AdminReply)> answer = {};
};

inline constexpr std::size_t admin_requests_max = 64;  ///< Waiting at once.

}  // namespace ringrift::ops
