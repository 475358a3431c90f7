#pragma once

// Who may POST. GET is open, as in the original; the network decides who can
// reach it.
//
// With a token set, every POST needs it. With none, POST is taken from this
// machine only, and then neither from a web page (Origin, Sec-Fetch-Site, a
// Host that is a name: DNS rebinding) nor through a proxy on this machine.
// Pure.

#include <optional>
#include <string>

#include "ops/http/message.hpp"

namespace ringrift::ops::http {

/// The answer to a request that may not change anything; empty when it may.
std::optional<Response> refusal_to_post(const Request& request, const std::string& admin_token);

/// Whether the request shows `secret`, compared in constant time. Nobody shows an empty one.
bool shows(const Request& request, const std::string& secret);

/// Who asks, as far as one can know: address, and whether the token was shown.
std::string actor_of(const Request& request, const std::string& admin_token);

}  // namespace ringrift::ops::http
