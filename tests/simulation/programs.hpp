#pragma once

// What the workload's programs would do: how long each runs, how it ends, and which files it
// leaves.
//
// A program's fate follows from the seed, its work and its fence alone. Models have a strength, so
// that matches between them come out as matches do, and candidates are promoted and rejected. Like
// real programs these know nothing but their order.

#include <string>
#include <utility>
#include <vector>

#include "consumers/hands.hpp"
#include "consumers/workload.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/machine.hpp"

namespace ringrift::simulation {

using JobOutcome = decltype(consumers::JobEnded::outcome);

struct Fate {
    enum class Kind { ends, hangs, ghost };
    Kind kind = Kind::ends;
    bus::Duration spawn = {};  ///< Until it runs.
    bus::Duration run = {};    ///< From then on; when it hangs, until it makes no more progress.
    bool times_out = true;     ///< Its own timeout works.
    JobOutcome outcome = consumers::JobStopped{};
    std::vector<std::pair<bus::FileDigest, SimFile>> leaves = {};
    std::vector<consumers::JobSays> says = {};
};

class Programs {
  public:
    Programs(std::uint64_t seed, const SimDisk& disk);
    void misbehave(const FaultShares& ppm) { ppm_ = ppm; }

    /// Command lines that name all that a program needs to know.
    static consumers::CommandTemplates commands();
    Fate fate_of(const consumers::JobOrder& order) const;

  private:
    struct Made {
        bus::WorkResult result = {};
        std::vector<std::pair<bus::FileDigest, SimFile>> files = {};
    };
    Made succeed(const consumers::JobOrder& order, Random& random, bool short_result) const;
    void play_match(const consumers::JobOrder& order, std::int64_t pairs, Random& random,
                    bus::WorkResult& result) const;
    void add_file(Made& made, Random& random, std::string name, SimFile file) const;
    static void spoil(Made& made, Random& random);

    const std::uint64_t seed_;
    const SimDisk& disk_;
    const bool repeatable_;  ///< The same work leaves the same bytes on every attempt.
    FaultShares ppm_ = {};
};

}  // namespace ringrift::simulation
