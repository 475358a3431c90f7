#pragma once

// The simulated hands: programs that run on whether the daemon lives or not, and their reports.
//
// Keeps the contract of consumers/hands.hpp, and spoils what the contract leaves open: reports are
// told twice, late, or only after the daemon's next start; programs hang, or are never heard of.

#include <map>
#include <optional>
#include <vector>

#include "tests/simulation/clock.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/programs.hpp"

namespace ringrift::simulation {

struct Process {
    consumers::JobOrder order = {};
    Fate fate = {};
    bus::Duration started = {};     ///< When it was asked for; all by what has passed.
    bus::Duration told_until = {};  ///< No report of it comes before that.
    bus::Duration progress_told = {};
    std::optional<bus::Duration> stop_by =
        {};                                  ///< It has been asked to end, and will have by then.
    bool running = false;                    ///< It runs, or ran.
    std::optional<JobOutcome> outcome = {};  ///< Set once it has ended.
    bus::Duration ended = {};
};

class SimHands final : public consumers::Hands {
  public:
    /// `name` tells those of one simulation apart.
    SimHands(std::uint64_t seed, const SimClock& clock, SimDisk& disk, Fuse& fuse,
             std::string_view name = "hands");
    void misbehave(const FaultShares& ppm);

    void start(const consumers::JobOrder& order) override;
    void stop(const consumers::JobId& job) override;
    void forget(const consumers::JobId& job) override;
    std::vector<consumers::JobReport> drain() override;

    void daemon_died();
    /// All that still runs and all that has ended is reported as if it were new.
    void daemon_started();
    /// When a program next does something by itself.
    std::optional<bus::Duration> next_change() const;

    /// Not forgotten yet, ended ones included.
    const std::map<consumers::JobId, Process>& processes() const { return processes_; }
    /// How often a program was started for the claim, ghosts not counted.
    const std::map<consumers::JobId, std::int64_t>& launches() const { return launches_; }
    /// The log has forgotten what came last: claims whose end is forgotten start their programs
    /// once more, and games may be told by nobody.
    void forget_lost() {
        launches_.clear();
        games_left_.clear();
    }
    /// Files with games that were left by programs that the node was to hear about, by when.
    const std::map<bus::FileDigest, bus::Duration>& games_left() const { return games_left_; }

  private:
    struct Waiting {
        bus::Duration due = {};
        consumers::JobReport report = {};
    };
    void live(Process& process);
    void end(Process& process, JobOutcome outcome);
    void tell(Process& process, consumers::JobReport report, bool may_be_lost);

    const SimClock& clock_;
    SimDisk& disk_;
    Fuse& fuse_;
    Random random_;
    Programs programs_;
    FaultShares ppm_ = {};
    std::map<consumers::JobId, Process> processes_;
    std::vector<Waiting> waiting_;  ///< In the order in which they are told.
    std::map<consumers::JobId, std::int64_t> launches_;
    std::map<bus::FileDigest, bus::Duration> games_left_;
};

}  // namespace ringrift::simulation
