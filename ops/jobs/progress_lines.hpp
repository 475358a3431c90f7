#pragma once

// Finds, in what a program prints, the last line that looks like progress: `{... "progress ...}`.
//
// Fed with pieces as they come from the pipe. Only looks; who reads the line judges it. Lines over
// 4 KiB are passed over.

#include <string>
#include <string_view>

namespace ringrift::ops {

class ProgressLines {
  public:
    void feed(std::string_view text);

    /// The last such line without its end; empty before the first.
    const std::string& said() const { return said_; }

  private:
    /// Where the next byte stands: at the start of a line, in one that may be progress, elsewhere.
    enum class State { line_start, inside, elsewhere };

    void skip_to_line(std::string_view& text);
    void end_line();

    State state_ = State::line_start;
    std::string line_;
    std::string said_;
};

inline constexpr std::size_t progress_line_bytes_max = 4096;

}  // namespace ringrift::ops
