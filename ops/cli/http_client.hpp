#pragma once

// One HTTP request to a node, with a time limit on everything; and the following of its events.
//
// Only plain http://: between machines the CLI goes through ssh or a tunnel. Blocks the caller.
// All that Boost.Beast is stays in the .cpp file.

#include <functional>
#include <map>
#include <string>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace ringrift::ops::cli {

struct ClientRequest {
    std::string url = {};  ///< Of the node, e.g. http://127.0.0.1:8770
    std::string method = "GET";
    std::string target = {};  ///< Path and query, percent-encoded.
    std::map<std::string, std::string> headers = {};
    std::string body = {};
    bus::Duration time_max = std::chrono::seconds(15);  ///< Without a byte from the node.
};

struct ClientResponse {
    int status = 0;
    std::string body = {};
};

/// There is no answer.
struct ClientTrouble {
    bool bad_url = false;       ///< Not the node's fault.
    std::string sentence = {};  ///< Says what to do.
};

bus::Result<ClientResponse, ClientTrouble> call(const ClientRequest& request);

/// Gives each line of an endless answer to `take` until that says false or the node closes. The
/// response has a body only when the status is not 200.
bus::Result<ClientResponse, ClientTrouble> follow(
    const ClientRequest& request, const std::function<bool(const std::string&)>& take);

}  // namespace ringrift::ops::cli
