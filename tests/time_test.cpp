#include "bus/time.hpp"

#include "tests/catch.hpp"

using namespace ringrift::bus;
using namespace std::chrono_literals;

TEST_CASE("a time is written in UTC with milliseconds") {
    CHECK(to_text(Time{}) == "1970-01-01T00:00:00.000Z");
    CHECK(to_text(Time(1766916000123ms)) == "2025-12-28T10:00:00.123Z");
    CHECK(to_text(Time(-1ms)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time outside the years 0 to 9999 is written as the nearest that can be read") {
    CHECK(to_text(Time::max()) == "9999-12-31T23:59:59.999Z");
    CHECK(to_text(Time::min()) == "0000-01-01T00:00:00.000Z");
    CHECK(time_from_text(to_text(Time::max())).has_value());
    CHECK(time_from_text(to_text(Time::min())).has_value());
}

TEST_CASE("a time comes back as it was") {
    for (std::int64_t ms = -62'167'219'200'000; ms < 253'402'300'800'000; ms += 9'876'543'211) {
        const Time time = Time(Duration(ms));
        REQUIRE(time_from_text(to_text(time)) == time);
    }
}

TEST_CASE("fractions are cut to milliseconds and offsets are taken off") {
    const Time ten = *time_from_text("2025-12-28T10:00:00Z");
    CHECK(time_from_text("2025-12-28T10:00:00.1Z") == ten + 100ms);
    CHECK(time_from_text("2025-12-28T10:00:00.123999999Z") == ten + 123ms);
    CHECK(time_from_text("2025-12-28t10:00:00z") == ten);
    CHECK(time_from_text("2025-12-28T12:30:00+02:30") == ten);
    CHECK(time_from_text("2025-12-28T05:00:00-05:00") == ten);
    CHECK(time_from_text("2025-12-28T09:59:60Z") == ten);
    CHECK(time_from_text("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("what is no time is refused") {
    for (const char* text :
         {"", "now", "2025-12-28", "2025-12-28T10:00:00", "2025-12-28 10:00:00Z",
          "2025-13-28T10:00:00Z", "2025-02-29T10:00:00Z", "2025-12-28T24:00:00Z",
          "2025-12-28T10:60:00Z", "2025-12-28T10:00:61Z", "2025-12-28T10:00:00.Z",
          "2025-12-28T10:00:00.1234567890Z", "2025-12-28T10:00:00+2:00",
          "2025-12-28T10:00:00+24:00", "2025-12-28T10:00:00Zx", "-025-12-28T10:00:00Z",
          "20a5-12-28T10:00:00Z", "2025-12-28T1a:00:00Z"}) {
        INFO(text);
        CHECK_FALSE(time_from_text(text).has_value());
    }
}
