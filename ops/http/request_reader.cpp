#include "ops/http/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>

#include "ops/http/request_target.hpp"

namespace ringrift::ops::http {
namespace {

namespace wire = boost::beast::http;
using boost::system::error_code;

template <class Text>
std::string_view view(const Text& text) {
    return {text.data(), text.size()};
}

std::map<std::string, std::string> headers_of(const wire::fields& fields) {
    std::map<std::string, std::string> headers;
    for (const auto& field : fields) {
        std::string name(view(field.name_string()));
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        std::string& value = headers[name];
        if (!value.empty()) value += ", ";
        value += view(field.value());
    }
    return headers;
}

}  // namespace

class RequestReader::Parser : public wire::request_parser<wire::string_body> {};

RequestReader::RequestReader(std::size_t head_bytes_max, std::size_t body_bytes_max)
    : head_bytes_max_(head_bytes_max),
      body_bytes_max_(body_bytes_max),
      parser_(std::make_unique<Parser>()) {
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(head_bytes_max));
    parser_->body_limit(body_bytes_max);
}

RequestReader::~RequestReader() = default;

RequestReader::State RequestReader::refuse(Response response) {
    refusal_ = std::move(response);
    return State::refused;
}

RequestReader::State RequestReader::take(std::string& bytes) {
    while (!bytes.empty() && !parser_->is_done()) {
        error_code error;
        const std::size_t taken = parser_->put(boost::asio::buffer(bytes), error);
        bytes.erase(0, taken);
        if (error == wire::error::need_more) break;
        if (error == wire::error::header_limit) {
            return refuse(error_response(431, "head_too_large",
                                         "The request line and headers are larger than " +
                                             std::to_string(head_bytes_max_) + " bytes.",
                                         "Send fewer or shorter headers."));
        }
        if (error == wire::error::body_limit) {
            return refuse(error_response(
                413, "body_too_large",
                "The body is larger than " + std::to_string(body_bytes_max_) + " bytes.",
                "Send less at once."));
        }
        if (error) {
            return refuse(error_response(400, "malformed_request",
                                         "This is not an HTTP request: " + error.message() + ".",
                                         "Check the client; the port speaks plain HTTP."));
        }
    }
    if (parser_->is_done()) return finish();
    const bool waits = parser_->is_header_done() && !continued_ &&
                       boost::beast::iequals(parser_->get()[wire::field::expect], "100-continue");
    if (!waits) return State::needs_more;
    continued_ = true;
    return State::wants_continue;
}

RequestReader::State RequestReader::finish() {
    wire::request<wire::string_body> message = parser_->release();
    keep_alive_ = message.keep_alive();
    request_.method = view(message.method_string());
    head_only_ = request_.method == "HEAD";
    if (head_only_) request_.method = "GET";
    request_.headers = headers_of(message);
    request_.body = std::move(message.body());
    if (read_target(view(message.target()), request_)) return State::done;
    return refuse(error_response(400, "malformed_target", "The path or query is not valid.",
                                 "Percent-encode what is not a letter, a digit, - . _ or ~."));
}

}  // namespace ringrift::ops::http
