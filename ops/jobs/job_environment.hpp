#pragma once

// What a job inherits of the daemon's environment. Pure.

#include <map>
#include <string>

namespace ringrift::ops {

using Environment = std::map<std::string, std::string>;

/// All but what is the daemon's own (RINGRIFT_*, NATS_*, PG*, what systemd says to it) and what
/// looks like a secret (…TOKEN…, …SECRET…, …PASSWORD…, …_KEY, a URL with a password): a job is
/// somebody's program, and what it prints is served by the API.
Environment inheritable(const Environment& environment);

/// That of this process.
Environment environment_of_this_process();

}  // namespace ringrift::ops
