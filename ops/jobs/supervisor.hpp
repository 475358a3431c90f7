#pragma once

// The supervisor of one job: a small process of its own, so that the job outlives the daemon and
// its end is never lost. It is born in the nursery (ops/jobs/nursery_process.hpp).
//
// It holds the lock of the job's folder as long as it lives, starts the program at most once, takes
// what it prints, enforces its limits, leaves none of its processes behind, and at last writes
// `exit`. SIGTERM asks it to stop the job. It needs nobody: daemon and supervisor talk by files
// (ops/jobs/job_files.hpp). One thread. REQUIRES: SIGTERM and SIGCHLD blocked since its start, or
// a SIGTERM that comes early ends it.

#include <filesystem>

namespace ringrift::ops {

/// What the process of the supervisor ends with.
enum class SupervisorEnd {
    done = 0,        ///< The job has ended, and `exit` says how.
    no_folder = 64,  ///< There is no readable order.
    held = 65,       ///< Somebody else supervises this job, or somebody did: nothing was started.
    broken = 66,     ///< The system refused something that supervision cannot do without.
};

/// Runs the job of `folder` to its end. `lock` is an open descriptor of `folder/order`, perhaps
/// flocked already by the one who started us; or -1.
SupervisorEnd supervise(const std::filesystem::path& folder, int lock);

}  // namespace ringrift::ops
