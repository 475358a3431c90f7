#pragma once

// The process that supervisors are born of: it forks one for each letter, and does nothing else.
//
// It exists because to execute a program is what is dear in starting one (0.4 ms for a small static
// one where a fork of it takes 0.1): it has been executed once, is small, has one thread and holds
// nothing, so that a fork of it is a supervisor at once. It keeps no table and knows no job. A
// supervisor owes it nothing once born: that one is in a session of its own, holds the lock of its
// folder, and lives on when the nursery has ended, by whatever. Its end is the daemon's: when that
// has closed the socket, by being killed as well, the nursery starts what was asked for and ends.
//
//   daemon   -> nursery  the job's folder, and with it the descriptor of its lock, held
//   nursery  -> daemon   `born <pid>`, and with it the supervisor's pidfd; or why there is none
//
// One answer for each letter, in order. Text, so that a newer nursery understands an older daemon.

#include "ops/jobs/process_title.hpp"

namespace ringrift::ops {

inline constexpr std::string_view born_word = "born ";

/// Until the other end of `socket` is closed. REQUIRES: SIGTERM and SIGCHLD blocked since exec.
/// Returns what the process ends with.
int run_nursery(int socket, ProcessTitle& title);

}  // namespace ringrift::ops
