#pragma once

// /metrics: the Prometheus text format, made from the views and the pulse at
// the time of asking.
//
// prometheus-cpp's plain structs and its serializer, without its registry: a
// registry counts what happens in a process, while these numbers are folded
// from the log and already exist; copying them into counters that can only be
// incremented would be a second truth. Counters are counts of the fold or of
// the process and never go back. Labels are types, states, kinds, loops and
// configs: never an id. Pure.

#include <string>

#include "ops/http/route.hpp"

namespace ringrift::ops::http {

std::string metrics_text(const Sight& sight);

}  // namespace ringrift::ops::http
