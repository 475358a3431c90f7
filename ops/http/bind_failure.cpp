#include "ops/http/bind_failure.hpp"

namespace ringrift::ops::http {

BindFailure no_address(const std::string& host, int port) {
    return {BindFailure::Kind::bad_address,
            host + ":" + std::to_string(port) +
                " is no address and port. Use e.g. 0.0.0.0 or 127.0.0.1, and a port up to 65535."};
}

BindFailure bind_failure(const std::error_code& error, const std::string& host, int port) {
    using Kind = BindFailure::Kind;
    const std::string number = std::to_string(port);
    if (error == std::errc::address_in_use) {
        return {Kind::port_in_use,
                "Port " + number + " on " + host +
                    " is in use. Another ringrift may run here (ringrift status); choose "
                    "another port with --port, or 0 for a free one."};
    }
    if (error == std::errc::permission_denied) {
        return {Kind::forbidden,
                "Not allowed to listen on " + host + ":" + number +
                    ". Ports below 1024 need privileges; choose another with --port."};
    }
    if (error == std::errc::address_not_available) {
        return {Kind::bad_address, "This machine has no address " + host +
                                       ". Use 0.0.0.0 for all of its addresses, or 127.0.0.1."};
    }
    return {Kind::other, "Cannot listen on " + host + ":" + number + ": " + error.message() + "."};
}

}  // namespace ringrift::ops::http
