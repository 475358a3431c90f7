#include "ops/http/message.hpp"

#include <boost/json.hpp>

namespace ringrift::ops::http {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200: return "OK";
        case 202: return "Accepted";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 413: return "Content Too Large";
        case 415: return "Unsupported Media Type";
        case 417: return "Expectation Failed";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "Answer";
    }
}

}  // namespace

std::string_view header(const Request& request, const std::string& lower_case_name) {
    const auto found = request.headers.find(lower_case_name);
    return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

Response error_response(int status, std::string_view code, std::string_view error,
                        std::string_view hint) {
    const boost::json::object body = {
        {"error", error}, {"code", code}, {"hint", hint}, {"status", status}};
    return {.status = status, .body = boost::json::serialize(body) + "\n"};
}

Answer answer_of(const Handler& handler, const Request& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        return error_response(500, "internal",
                              std::string("The answer could not be made: ") + error.what(),
                              "This is a bug of ringrift; please report it with the request.");
    }
}

Response too_slow(bus::Duration read_max) {
    return error_response(
        408, "too_slow",
        "The request did not arrive within " + std::to_string(read_max.count()) + " ms.",
        "Send the whole request at once.");
}

std::string head_of(const Response& response, bool keep_alive) {
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
    text += reason_phrase(response.status);
    text += "\r\nContent-Type: " + response.content_type;
    text += "\r\nContent-Length: " + std::to_string(response.body.size());
    text += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
    return text + (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

std::string head_of(const Stream& stream) {
    std::string text =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Accel-Buffering: no\r\nConnection: close\r\n";
    for (const auto& [name, value] : stream.headers) text += name + ": " + value + "\r\n";
    return text + "\r\n";
}

}  // namespace ringrift::ops::http
