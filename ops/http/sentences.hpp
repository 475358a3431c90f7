#pragma once

// An event as one sentence for a person, e.g. "gpu-1 claimed it (fence 812)."
// Pure.

#include <string>

#include "bus/event.hpp"

namespace ringrift::ops::http {

std::string sentence_of(const bus::Recorded& recorded);

}  // namespace ringrift::ops::http
