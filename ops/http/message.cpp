#include "ops/http/message.hpp"

#include <boost/json.hpp>

namespace ringrift::ops::http {

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

}  // namespace ringrift::ops::http
