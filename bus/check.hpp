#pragma once

// RINGRIFT_CHECK: a broken invariant is a bug of ours; the process ends, in every build, and is
// restarted.
//
// The one macro of the code base: it has to name the condition and the place. What the world or a
// user can cause is never one of these: that is an error value.

#include <cstdio>
#include <cstdlib>

namespace ringrift::bus {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "[P2P] CRITICAL broken invariant: %s at %s:%d\n", condition, file, line);
    std::abort();
}

}  // namespace ringrift::bus

// Prefixed, because Catch2 owns the name CHECK.
#define RINGRIFT_CHECK(condition) \
    ((condition) ? void(0) : ::ringrift::bus::check_failed(#condition, __FILE__, __LINE__))
