#pragma once

// What goes into and comes out of the HTTP server, as plain values: the API knows no socket.
//
// An answer is a response now, a response that another thread gives later, or a stream that is
// asked for its next part whenever the client has taken the last one. So no client, however slow,
// makes the server hold more than one part for it.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/time.hpp"

namespace ringrift::ops::http {

struct Request {
    std::string method = {};                 ///< GET, POST, …; a HEAD arrives as GET.
    std::string target = {};                 ///< As sent.
    std::vector<std::string> segments = {};  ///< Of the path, split first, then percent-decoded.
    std::map<std::string, std::string> query = {};  ///< Decoded; of a repeated name the last.
    std::map<std::string, std::string> headers =
        {};  ///< Names in lower case; repeated ones joined by ", ".
    std::string body = {};
    std::string peer = {};  ///< Address of the other end, without the port.
    bool from_loopback = false;
};

/// Empty when the request has no such header.
std::string_view header(const Request& request, const std::string& lower_case_name);

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    std::map<std::string, std::string> headers = {};
};

using Reply = std::function<void(Response)>;

/// Another thread answers.
struct Later {
    /// Called once, on the server's thread. The reply may be given once, from any thread, as long
    /// as the server exists; when it comes too late it is dropped.
    std::function<void(Reply)> ask = {};
    bus::Duration deadline = std::chrono::seconds(10);
    Response too_late = {};
};

struct StreamPart {
    std::string text = {};  ///< Empty: nothing new.
    bool last = false;      ///< After it the connection is closed.
};

/// An endless answer, as server-sent events.
struct Stream {
    std::map<std::string, std::string> headers = {};
    std::function<StreamPart()> next = {};  ///< On the server's thread.
    std::string too_many = {};              ///< Said with 503 when `streams_max` are open already.
};

using Answer = std::variant<Response, Later, Stream>;
using Handler = std::function<Answer(const Request&)>;

/// `{"error":…,"code":…,"hint":…}`: what is wrong, for people and for programs, and what to do.
Response error_response(int status, std::string_view code, std::string_view error,
                        std::string_view hint);

/// What the handler answers; 500 when it throws.
Answer answer_of(const Handler& handler, const Request& request);

/// 408: the request did not arrive in time.
Response too_slow(bus::Duration read_max);

/// Status line and headers as they go over the wire, with the empty line.
std::string head_of(const Response& response, bool keep_alive);
std::string head_of(const Stream& stream);

}  // namespace ringrift::ops::http
