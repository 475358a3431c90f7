#pragma once

// A request's target, taken apart: path segments and query parameters, percent-decoded.
//
// The path is split before it is decoded, so that an id may hold a slash. Pure.

#include <string_view>

#include "ops/http/message.hpp"

namespace ringrift::ops::http {

/// Sets `target`, `segments` and `query`. False when the target is no valid path and query.
bool read_target(std::string_view target, Request& request);

/// The inverse for one path segment or query value.
std::string percent_encoded(std::string_view text);

}  // namespace ringrift::ops::http
