#pragma once

// The event log as one process uses it: a writer for the node, and a reader each for the API's
// thread and for the operator's lines.
//
// The embedded log (`ringrift up`) and the cluster's (`ringrift node`) open it each in their way;
// from there on the daemon does not know which one it has. Held by the daemon, which outlives
// whoever reads through it. Opening fails with one sentence and the process's exit code; nothing is
// left half open.

#include <functional>
#include <memory>
#include <string>

#include "bus/log.hpp"
#include "ops/exit_codes.hpp"
#include "ops/http/event_source.hpp"
#include "ops/options.hpp"

namespace ringrift::ops {

struct EventAccess {
    std::string kind = {};                        ///< sqlite or nats, for /status.
    std::unique_ptr<bus::Log> log = {};           ///< The node's thread.
    std::unique_ptr<bus::Log> lines = {};         ///< The node's thread, for the operator's lines.
    std::unique_ptr<bus::Log> projector = {};     ///< The projector's thread; null without one.
    std::unique_ptr<bus::Log> api_log = {};       ///< The API's thread.
    std::unique_ptr<http::EventSource> api = {};  ///< Over `api_log`, with its filters.
};

using OpenEvents = std::function<bus::Result<EventAccess, Exit>(const Options& options)>;

/// SQLite in the data folder, which no other process may hold at the same time.
bus::Result<EventAccess, Exit> open_embedded_events(const Options& options);

}  // namespace ringrift::ops
