#pragma once

// The simulator: a whole cluster under a false clock, log, disk and processes, in one thread, from
// one seed. `ringrift sim` and tests/simulation/simulation_test.cpp run it; README.md explains it.
//
// The same options give the same events, byte for byte, on every machine.

#include <cstdint>
#include <ostream>
#include <string>

namespace ringrift::simulation {

struct SimulationOptions {
    std::uint64_t seed = 0;
    int nodes = 1;       ///< 1 on the embedded log; 3 to 50 on one log, with letters between them.
    int hours = 6;       ///< Simulated; 3 to 240. The last 2.5 are without faults.
    bool trace = false;  ///< One line for each event and each fault.
};

/// What came of one simulation.
struct SimulationResult {
    bool passed = false;
    std::string report = {};  ///< Of the violations; ends with the command that repeats them.
    std::string digest = {};  ///< Over the text of all events.
    std::int64_t events = 0;
    std::int64_t starts = 0;        ///< Of the nodes.
    std::int64_t rounds = 0;        ///< Of all nodes together; of several only.
    std::int64_t reigns = 0;        ///< Of leaders; of several nodes only.
    std::int64_t claims = 0;        ///< That held.
    std::int64_t turns_judged = 0;  ///< Claims of which it could be said whose turn it was.
    std::int64_t completed = 0;     ///< Items of work.
    std::int64_t exports = 0;
    std::int64_t trainings = 0;
    std::int64_t evaluations = 0;
    std::int64_t promotions = 0;
    std::int64_t rejections = 0;
    std::int64_t rollbacks = 0;
    std::int64_t deletions = 0;  ///< Of files, that held.
};

SimulationResult simulate(const SimulationOptions& options, std::ostream* trace);

/// `ringrift sim`: runs it and tells how it went. Returns the exit code of the process: 0 when all
/// properties held, 1 when one did not, 2 for options that make no sense.
int run_simulation(const SimulationOptions& options, std::ostream& out);

}  // namespace ringrift::simulation
