#pragma once

// Which faults a simulated fleet has besides those of each machine, and its shape: drawn from its
// seed. Each kind is left out of about half of the simulations; seeds that end in 0 have none.

#include "producers/election_times.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/sim_transfers.hpp"

namespace ringrift::simulation {

/// Mean time between two of a kind; zero means never.
struct FleetFaultTimes {
    bus::Duration freeze = {};         ///< A process stands still, for up to 10 minutes.
    bus::Duration hold_up = {};        ///< The same, in the middle of a round.
    bus::Duration part = {};           ///< Some nodes hear nothing of the others, and no log.
    bus::Duration part_one_way = {};   ///< Letters pass in one direction only.
    bus::Duration cut_from_log = {};   ///< One node: wholly, or in one direction.
    bus::Duration spoil_letters = {};  ///< They get lost, doubled, late and out of order.
    bus::Duration slow_ways = {};      ///< Some ways take seconds.
    bus::Duration stream_leader = {};  ///< The stream elects another leader.
    bus::Duration lag = {};            ///< Some readers fall behind.
    bus::Duration power_cut = {};      ///< Several nodes die at once.
    bus::Duration blackout = {};     ///< All die, and the log loses what it had acknowledged last.
    bus::Duration lone_leader = {};  ///< It hears nobody, and all others begin anew.
    bus::Duration low_disks = {};    ///< Of all nodes at once, which read the log late.
};

struct FleetFaults {
    FleetFaultTimes mean = {};
    std::int64_t append_late_ppm = 0;
    TransferShares transfers = {};
    bool clocks_drift = false;  ///< As far as the election allows; else as real ones do.
};

FleetFaults draw_fleet_faults(std::uint64_t seed);

struct FleetShape {
    std::size_t voters = 3;
    producers::ElectionTimes times = {};
    std::int64_t slower = 1;    ///< Than usual, by so many times, are these; and letters with them.
    bool proves_death = false;  ///< Nodes can see that a leader's process is gone.
    bus::Duration remembers_ids_for = {};
    bool moves_files = true;  ///< Else all nodes share one folder.
    std::size_t copies = 2;   ///< Of every games file and model.
};

FleetShape draw_shape(std::uint64_t seed, int nodes);

}  // namespace ringrift::simulation
