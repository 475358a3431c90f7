#include "tests/simulation/fleet_shape.hpp"

namespace ringrift::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// The protocol knows no other time than these, so that it is the same when all are longer; and a
/// simulated day of a fleet that beacons every two seconds is over sooner.
producers::ElectionTimes stretched(producers::ElectionTimes times, std::int64_t by) {
    for (bus::Duration* time : {&times.beacon, &times.lease, &times.promise, &times.doubt,
                                &times.spread, &times.head_start, &times.answer, &times.append})
        *time *= by;
    return times;
}

}  // namespace

FleetFaults draw_fleet_faults(std::uint64_t seed) {
    FleetFaults faults;
    if (seed % 10 == 0) return faults;
    Random random(seed, "fleet faults");
    const auto draw = [&](bus::Duration& kind, bus::Duration low, bus::Duration high) {
        if (random.coin()) kind = random.between(low, high);
    };
    draw(faults.mean.freeze, minutes(5), hours(2));
    draw(faults.mean.hold_up, minutes(5), hours(2));
    draw(faults.mean.part, minutes(5), hours(2));
    draw(faults.mean.part_one_way, minutes(5), hours(2));
    draw(faults.mean.cut_from_log, minutes(5), hours(2));
    draw(faults.mean.spoil_letters, minutes(5), hours(1));
    draw(faults.mean.slow_ways, minutes(5), hours(1));
    draw(faults.mean.stream_leader, minutes(5), hours(2));
    draw(faults.mean.lag, minutes(5), hours(2));
    draw(faults.mean.power_cut, minutes(30), hours(6));
    if (random.coin()) faults.append_late_ppm = random.between(1'000, 30'000);
    faults.clocks_drift = random.coin();
    for (std::int64_t* kind : {&faults.transfers.fails, &faults.transfers.torn,
                               &faults.transfers.slow, &faults.transfers.doubled}) {
        if (random.coin()) *kind = random.between(10'000, 300'000);
    }
    draw(faults.mean.lone_leader, minutes(5), hours(1));
    draw(faults.mean.low_disks, minutes(20), hours(3));
    if (random.happens(300'000)) faults.mean.blackout = random.between(hours(1), hours(12));
    return faults;
}

FleetShape draw_shape(std::uint64_t seed, int nodes) {
    Random random(seed, "shape");
    FleetShape shape;
    shape.voters = nodes >= 5 && random.coin() ? 5 : 3;
    constexpr std::int64_t slower[] = {1, 4, 4, 4, 6, 6, 6, 6};
    shape.slower = slower[random.below(8)];
    shape.times = stretched(shape.times, shape.slower);
    shape.proves_death = random.coin();
    shape.moves_files = random.happens(250'000);  // It costs several times as much.
    shape.copies = static_cast<std::size_t>(random.between(1, 2));
    shape.remembers_ids_for = hours(100'000);
    return shape;
}

}  // namespace ringrift::simulation
