#pragma once

// Where a measure is heading: its least-squares slope, and when it will reach a bound.
//
// Pure statistics, used by PredictiveMonitoring. Times are taken relative to the first point:
// with raw epoch times the sums cancel and the slope is wrong by percents.

#include <optional>
#include <span>

#include "bus/time.hpp"

namespace ringrift::consumers {

struct TrendPoint {
    bus::Time at = {};
    double value = 0;
};

inline constexpr std::size_t trend_points_min = 3;
/// Fewer minutes are no trend: a job that starts looks like a leak.
inline constexpr bus::Duration trend_span_min = std::chrono::minutes(10);

/// Change per hour. Empty with fewer than `trend_points_min` points or a shorter span than
/// `trend_span_min`.
std::optional<double> slope_per_hour(std::span<const TrendPoint> points);

/// From `value` to `bound` at that slope; zero when it is there, empty when it is not going there
/// or would take more than a year.
std::optional<bus::Duration> time_to_reach(double value, double bound, double slope);

}  // namespace ringrift::consumers
