#pragma once

// The W3C trace context of a job: `00-<32 hex digits>-<16 hex digits>-01`, RINGRIFT_TRACEPARENT.
//
// The trace is named after the first event of the chain that the work belongs to, so the jobs of
// one generation are one trace; the span after the event that gave the job to this node. Both are
// digests, since event ids are longer than a trace id may be. Pure.

#include <string>

#include "bus/ids.hpp"
#include "producers/digest.hpp"

namespace ringrift::consumers {

inline std::string trace_parent(const bus::EventId& chain, const bus::EventId& cause) {
    constexpr std::size_t trace_digits = 32;
    constexpr std::size_t span_digits = 16;
    const bus::EventId& first = chain.empty() ? cause : chain;
    return "00-" + producers::digest_of(first.value).substr(0, trace_digits) + "-" +
           producers::digest_of(cause.value).substr(0, span_digits) + "-01";
}

}  // namespace ringrift::consumers
