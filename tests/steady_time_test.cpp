#include "ops/steady_time.hpp"

#include "tests/catch.hpp"

using namespace ringrift;
using namespace std::chrono_literals;

namespace {

const bus::Time noon = bus::Time(480'000h);

struct Clocks {
    ops::SteadyTime time = {};
    bus::Duration passed = {};
    bus::Duration wrong = {};
    bus::Time after(bus::Duration by) {
        passed += by;
        return time.at(noon + passed + wrong, bus::Instant(7h + passed));
    }
};

}  // namespace

TEST_CASE("while nobody sets the clock, it is the wall clock") {
    Clocks clocks;
    CHECK(clocks.after(0s) == noon);
    CHECK(clocks.after(45s) == noon + 45s);
    CHECK(clocks.after(10h) == noon + 10h + 45s);
}

TEST_CASE("when the clock is set forward, 45 seconds are no more than 50") {
    Clocks clocks;
    const bus::Time before = clocks.after(0s);
    clocks.wrong = 5min;
    CHECK(clocks.after(0s) == before);
    CHECK(clocks.after(45s) - before <= 50s);
    for (int n = 0; n < 60; ++n) clocks.after(1min);
    CHECK(clocks.after(0s) == noon + clocks.passed + 5min);
}

TEST_CASE("when the clock is set back, time goes on all the same, and slower by a tenth") {
    Clocks clocks;
    bus::Time before = clocks.after(0s);
    clocks.wrong = -5min;
    for (int n = 0; n < 40; ++n) {
        const bus::Time now = clocks.after(1min);
        CHECK(now - before >= 54s);
        before = now;
    }
    for (int n = 0; n < 20; ++n) clocks.after(1min);
    CHECK(clocks.after(0s) == noon + clocks.passed - 5min);
}

TEST_CASE("a clock that was wrong by hours is followed at once") {
    Clocks clocks;
    clocks.after(0s);
    clocks.wrong = -20h;
    CHECK(clocks.after(1s) == noon + 1s - 20h);
}
