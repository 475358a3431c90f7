#include "ops/http/request_target.hpp"

#include <algorithm>

#include <boost/url.hpp>

namespace ringrift::ops::http {
namespace {

namespace urls = boost::urls;

/// Forms write a space as `+`; a literal plus arrives as %2B.
std::string decoded(urls::pct_string_view text, bool plus_is_space) {
    std::string encoded(text.data(), text.size());
    if (plus_is_space) std::replace(encoded.begin(), encoded.end(), '+', ' ');
    std::string plain;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        if (encoded[i] != '%') {
            plain += encoded[i];
            continue;
        }
        plain += static_cast<char>(
            std::stoi(encoded.substr(i + 1, 2), nullptr, 16));  // Checked by the parser.
        i += 2;
    }
    return plain;
}

}  // namespace

bool read_target(std::string_view target, Request& request) {
    // A proxy sends the absolute form; only its path and query matter here.
    auto parsed =
        target.starts_with('/') ? urls::parse_origin_form(target) : urls::parse_uri(target);
    if (!parsed) return false;
    request.target = target;
    request.segments.clear();
    request.query.clear();
    for (const auto& segment : parsed->encoded_segments()) {
        request.segments.push_back(decoded(segment, false));
    }
    // A slash at the end names the same thing.
    if (!request.segments.empty() && request.segments.back().empty()) request.segments.pop_back();
    for (const auto& parameter : parsed->encoded_params()) {
        request.query[decoded(parameter.key, true)] = decoded(parameter.value, true);
    }
    return true;
}

std::string percent_encoded(std::string_view text) {
    return urls::encode(text, urls::unreserved_chars);
}

}  // namespace ringrift::ops::http
