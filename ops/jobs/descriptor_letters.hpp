#pragma once

// A short text, and with it at most one descriptor, from one process of a machine to another.
//
// Over a socket of kind SOCK_SEQPACKET: a letter comes whole or not at all, and in order. Knows
// neither who writes nor what. One thread at each end.

#include <optional>
#include <string>
#include <string_view>

#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

inline constexpr std::size_t letter_bytes_max = 8192;  // A path has 4096.

struct Letter {
    std::string text = {};     ///< Empty: the other end is closed, and no more will come.
    UniqueFd descriptor = {};  ///< Closed on exec.
};

/// The two ends, closed on exec and blocking. Empty when the system refuses.
struct LetterEnds {
    UniqueFd here = {};
    UniqueFd there = {};
};
LetterEnds make_letter_ends();

/// False when it cannot be sent, and errno says why; EAGAIN is not now. REQUIRES: `text` is not
/// empty and at most `letter_bytes_max`. The descriptor stays the caller's as well.
[[nodiscard]] bool send_letter(int socket, std::string_view text, int descriptor = -1);

/// Empty when there is none now. Does not wait.
std::optional<Letter> receive_letter(int socket);

}  // namespace ringrift::ops
