#pragma once

// Why the server cannot listen, as a sentence that says what to do.

#include <string>
#include <system_error>

namespace ringrift::ops::http {

struct BindFailure {
    enum class Kind { port_in_use, forbidden, bad_address, other };
    Kind kind = Kind::other;
    std::string sentence = {};  ///< Says what to do.
};

/// `error` is the system's, of open, bind or listen. Pure.
BindFailure bind_failure(const std::error_code& error, const std::string& host, int port);

/// `host` is no address, or `port` no port.
BindFailure no_address(const std::string& host, int port);

}  // namespace ringrift::ops::http
