#include "consumers/trend.hpp"

#include <algorithm>
#include <chrono>

namespace ringrift::consumers {
namespace {

using Hours = std::chrono::duration<double, std::ratio<3600>>;

}  // namespace

std::optional<double> slope_per_hour(std::span<const TrendPoint> points) {
    if (points.size() < trend_points_min) return {};
    const auto [first, last] = std::ranges::minmax_element(points, {}, &TrendPoint::at);
    if (last->at - first->at < trend_span_min) return {};
    const auto hours = [start = first->at](const TrendPoint& point) {
        return Hours(point.at - start).count();
    };
    double mean_hours = 0;
    double mean_value = 0;
    for (const TrendPoint& point : points) {
        mean_hours += hours(point) / static_cast<double>(points.size());
        mean_value += point.value / static_cast<double>(points.size());
    }
    double covariance = 0;
    double variance = 0;
    for (const TrendPoint& point : points) {
        const double away = hours(point) - mean_hours;
        covariance += away * (point.value - mean_value);
        variance += away * away;
    }
    return covariance / variance;
}

std::optional<bus::Duration> time_to_reach(double value, double bound, double slope) {
    if (value >= bound) return bus::Duration::zero();
    constexpr Hours year(24 * 365);
    if (slope <= 0 || (bound - value) / slope > year.count()) return {};
    return std::chrono::round<bus::Duration>(Hours((bound - value) / slope));
}

}  // namespace ringrift::consumers
