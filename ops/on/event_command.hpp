#pragma once

// Runs a command for one event, or one order, and says how it ended: for `ringrift on`, and for the
// provider of machines.
//
// The command gets a process group of its own, the event as one line on standard input, and the
// environment given; what it prints goes where ours goes, unless it is to be kept, and the end of
// its standard error is kept as evidence. After its time, or when we are told to stop, the group
// gets SIGTERM and five seconds later SIGKILL. It is killed with us (PR_SET_PDEATHSIG), so that it
// does not run beside its repetition. Blocks; for one thread, and no other may reap children.

#include <functional>
#include <string>
#include <vector>

#include "bus/time.hpp"
#include "ops/jobs/job_environment.hpp"

namespace ringrift::ops::on {

struct CommandOutcome {
    enum class Kind {
        done,         ///< Ended with code 0.
        failed,       ///< Any other end of its own, or its time was up.
        stopped,      ///< We were told to stop; it was ended for that.
        cannot_start  ///< There is no such program, or it may not be run.
    };
    Kind kind = Kind::failed;
    std::string why = {};      ///< A sentence; empty when done.
    std::string output = {};   ///< The end of its standard error.
    std::string printed = {};  ///< The end of its standard output, where that is kept.
};

/// What becomes of standard output.
enum class Printed { passed_on, kept };

class EventCommand {
  public:
    /// `words` is the program, looked for in PATH, and its arguments.
    EventCommand(std::vector<std::string> words, bus::Duration time_max,
                 Printed printed = Printed::passed_on)
        : words_(std::move(words)), time_max_(time_max), printed_(printed) {}

    /// Empty when the program can be found; else a sentence.
    std::string problem() const;

    /// `look` is called a few times a second; true means stop.
    CommandOutcome run(const std::string& line, const Environment& environment,
                       const std::function<bool()>& look) const;

  private:
    std::vector<std::string> words_;
    bus::Duration time_max_;
    Printed printed_;
};

inline constexpr std::size_t output_kept_max = 4096;  ///< Bytes of each.
inline constexpr bus::Duration end_grace = std::chrono::seconds(5);

}  // namespace ringrift::ops::on
