#pragma once

// The `exit` file, whose room on the disk is taken before the program starts: a job that fills the
// disk cannot keep us from writing that it did. Belongs to the supervisor.

#include <filesystem>
#include <string_view>

#include "ops/jobs/durable_file.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

inline constexpr std::size_t exit_bytes_max = 4096;

class ExitSlip {
  public:
    static bus::Result<ExitSlip, FileProblem> reserve(const std::filesystem::path& folder);

    /// Durable when it returns. REQUIRES: at most `exit_bytes_max`.
    FileWritten hand_in(std::string_view text);

  private:
    ExitSlip(std::filesystem::path folder, UniqueFd file)
        : folder_(std::move(folder)), file_(std::move(file)) {}

    std::filesystem::path folder_;
    UniqueFd file_;
};

}  // namespace ringrift::ops
