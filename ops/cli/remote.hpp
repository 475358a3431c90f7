#pragma once

// The node that the CLI talks to: asks, and turns whatever goes wrong into a sentence and an exit
// code. Everything the CLI knows of a cluster comes through here.

#include <ostream>
#include <string>

#include <boost/json/value.hpp>

#include "bus/result.hpp"
#include "ops/exit_codes.hpp"

namespace ringrift::ops::cli {

struct Remote {
    std::string url = "http://127.0.0.1:8770";
    std::string token = {};
    bool as_json = false;  ///< Print answers as they come.
};

/// RINGRIFT_URL, RINGRIFT_P2P_PORT and RINGRIFT_ADMIN_TOKEN, where they are set.
Remote remote_from_environment();

/// An answer of the node: its text, and the same as a value.
struct Told {
    std::string text = {};
    boost::json::value value = {};
};

bus::Result<Told, Exit> ask(const Remote& remote, const std::string& target);

/// POST with a JSON body; empty sends none.
bus::Result<Told, Exit> tell(const Remote& remote, const std::string& target,
                             const std::string& body);

/// The sentence of an error answer with its hint, and the exit code for it.
Exit refused(int status, const std::string& body);

/// `/path?name=value&…`, percent-encoded; parameters with an empty value are left out.
std::string target_of(const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace ringrift::ops::cli
