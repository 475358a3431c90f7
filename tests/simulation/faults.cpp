#include "tests/simulation/faults.hpp"

#include <initializer_list>

namespace ringrift::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

void draw_times(FaultTimes& mean, Random& random) {
    const auto draw = [&](bus::Duration& kind, bus::Duration low, bus::Duration high) {
        if (random.coin()) kind = random.between(low, high);
    };
    draw(mean.crash, minutes(2), minutes(60));
    draw(mean.restart, minutes(20), hours(3));
    draw(mean.outage, minutes(10), hours(2));
    draw(mean.full_disk, minutes(30), hours(3));
    draw(mean.store_outage, minutes(10), hours(2));
    draw(mean.store_loss, minutes(30), hours(3));
    draw(mean.snapshot_damage, minutes(10), hours(2));
    draw(mean.clock_jump, minutes(10), hours(2));
    draw(mean.pause, minutes(10), hours(2));
    draw(mean.file_loss, minutes(20), hours(3));
    draw(mean.operator_action, minutes(3), hours(1));
    draw(mean.config_change, minutes(30), hours(4));
}

void draw_shares(FaultShares& ppm, Random& random) {
    for (std::int64_t* kind :
         {&ppm.fails, &ppm.hangs, &ppm.ghost, &ppm.slow, &ppm.bad_result, &ppm.short_result,
          &ppm.talks, &ppm.report_lost, &ppm.report_doubled, &ppm.report_late}) {
        if (random.coin()) *kind = random.between(5'000, 100'000);
    }
    if (random.coin()) ppm.append_unknown = random.between(1'000, 50'000);
}

}  // namespace

Faults draw_faults(std::uint64_t seed) {
    Faults faults;
    if (seed % 10 == 0) return faults;
    Random random(seed, "faults");
    draw_times(faults.mean, random);
    draw_shares(faults.ppm, random);
    if (random.coin()) {
        faults.lag_max = random.between(bus::Duration(1), random.coin() ? seconds(5) : seconds(30));
    }
    return faults;
}

}  // namespace ringrift::simulation
