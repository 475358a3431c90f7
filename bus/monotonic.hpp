#pragma once

// Time that only goes forward, for timeouts and rates of threads that wait for the network.
//
// Means nothing on another machine or after a restart. Asked for in ops/ and tests/ only, who hand
// it down: `[] { return std::chrono::steady_clock::now(); }` there. May be called on any thread.

#include <chrono>
#include <functional>

namespace ringrift::bus {

using MonotonicTime = std::chrono::steady_clock::time_point;
using MonotonicClock = std::function<MonotonicTime()>;

}  // namespace ringrift::bus
