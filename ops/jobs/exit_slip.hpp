#pragma once

// The file of a supervisor: as `supervisor` it says who that is, and becomes `exit` at last.
//
// One file for both, since what becomes `exit` must have its room on the disk from before the
// program starts: a job that fills the disk cannot keep us from writing that it did. Belongs to the
// supervisor.

#include <filesystem>
#include <string_view>

#include "ops/jobs/durable_file.hpp"
#include "ops/jobs/job_files.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

inline constexpr std::size_t exit_bytes_max = 4096;

class ExitSlip {
  public:
    /// Writes `supervisor`, as large as it may become.
    static bus::Result<ExitSlip, FileProblem> reserve(const std::filesystem::path& folder,
                                                      const ProcessIdentity& supervisor);

    /// Makes it `exit`, which begins with who the supervisor was. There as a whole or not at all.
    /// REQUIRES: at most `exit_bytes_max`, that beginning included.
    FileWritten hand_in(std::string_view text);

  private:
    ExitSlip(std::filesystem::path folder, std::string beginning, UniqueFd file)
        : folder_(std::move(folder)), beginning_(std::move(beginning)), file_(std::move(file)) {}

    std::filesystem::path folder_;
    std::string beginning_;
    UniqueFd file_;
};

}  // namespace ringrift::ops
