// The statistics of PredictiveMonitoring.

#include "consumers/trend.hpp"

#include <vector>

#include "tests/catch.hpp"

using namespace ringrift;
using namespace std::chrono_literals;
using consumers::TrendPoint;

namespace {

/// Late enough that sums of squares of raw times would lose every digit that matters.
const bus::Time start = bus::Time(std::chrono::hours(24 * 365 * 56));

std::vector<TrendPoint> line(double from, double per_hour, int points, bus::Duration every) {
    std::vector<TrendPoint> result;
    for (int n = 0; n < points; ++n) {
        const double hours = std::chrono::duration<double, std::ratio<3600>>(every * n).count();
        result.push_back({.at = start + every * n, .value = from + per_hour * hours});
    }
    return result;
}

}  // namespace

TEST_CASE("the slope of a line is its slope, to the last digits") {
    const auto slope = consumers::slope_per_hour(line(0.5, 0.01, 48, 5min));
    REQUIRE(slope);
    CHECK(std::abs(*slope - 0.01) < 1e-12);
}

TEST_CASE("the slope is the one with the least squares") {
    // Three points whose best line is known by hand: y = 1, 0, 2 at hours 0, 1, 2 rises by 0.5.
    const std::vector<TrendPoint> points = {{start, 1}, {start + 1h, 0}, {start + 2h, 2}};
    REQUIRE(consumers::slope_per_hour(points));
    CHECK(std::abs(*consumers::slope_per_hour(points) - 0.5) < 1e-12);
}

TEST_CASE("the order of the points does not matter") {
    auto points = line(1, 2, 5, 10min);
    std::swap(points.front(), points.back());
    CHECK(std::abs(*consumers::slope_per_hour(points) - 2) < 1e-9);
}

TEST_CASE("fewer than three points, or few minutes, are no trend") {
    CHECK_FALSE(consumers::slope_per_hour(line(0, 1, 2, 1h)));
    CHECK_FALSE(consumers::slope_per_hour(line(0, 1, 5, 1min)));
    CHECK_FALSE(consumers::slope_per_hour({}));
    CHECK(consumers::slope_per_hour(line(0, 1, 3, 5min)));
}

TEST_CASE("a rising value reaches its bound when the line does") {
    CHECK(consumers::time_to_reach(0.8, 1.0, 0.1) == std::chrono::milliseconds(2h));
}

TEST_CASE("a value at its bound has reached it") {
    CHECK(consumers::time_to_reach(1.0, 1.0, -5) == bus::Duration::zero());
}

TEST_CASE("a value that falls, stands or crawls does not reach its bound") {
    CHECK_FALSE(consumers::time_to_reach(0.5, 1.0, -0.1));
    CHECK_FALSE(consumers::time_to_reach(0.5, 1.0, 0));
    CHECK_FALSE(consumers::time_to_reach(0.5, 1.0, 1e-9));
}
