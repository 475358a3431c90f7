#pragma once

// What a program printed: the first 64 KiB and at least the last 1 MiB, in at most three files.
//
// None of them is there before something is printed. `NAME.log` holds the beginning; what follows
// goes to `NAME.newest.log`, which becomes `NAME.older.log` when it is full. So the disk that a
// job's words can take is bounded, and each file can be read by a person. One writer; readers at
// any time.

#include <filesystem>
#include <string>
#include <string_view>

#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

inline constexpr std::size_t log_head_bytes_max = 64 * 1024;
inline constexpr std::size_t log_tail_bytes_max = 1024 * 1024;

class BoundedLog {
  public:
    BoundedLog(std::filesystem::path folder, std::string name);

    /// Never fails and never waits for anything but the disk: what cannot be written is lost.
    void write(std::string_view text);

  private:
    void append_to_tail(std::string_view text);

    std::filesystem::path folder_;
    std::string name_;
    UniqueFd head_;
    UniqueFd tail_;
    std::size_t head_bytes_ = 0;
    std::size_t tail_bytes_ = 0;  ///< In `newest`.
};

/// Head, a line that says how much is missing where something is, and the last 1 MiB.
std::string read_bounded_log(const std::filesystem::path& folder, const std::string& name);

}  // namespace ringrift::ops
