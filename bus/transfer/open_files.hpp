#pragma once

// The files that a server has open: the last few asked for, so that not each chunk opens its file.
//
// A file that is deleted while it is open can still be read to its end; it is closed soon after the
// last chunk, so that its disk space comes back. Belongs to the server's thread.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "bus/ids.hpp"
#include "bus/monotonic.hpp"
#include "bus/unique_fd.hpp"

namespace ringrift::bus {

/// Which path holds this digest; empty when none does. Called on the server's thread; the file
/// there must be complete, and never be written to again.
using FindFile = std::function<std::optional<std::filesystem::path>(const FileDigest&)>;

class OpenFiles {
  public:
    explicit OpenFiles(FindFile find) : find_(std::move(find)) {}

    struct OpenFile {
        UniqueFd fd = {};
        std::int64_t bytes = 0;
        MonotonicTime used_at = {};
    };
    /// Null when there is no such file; good until the next call.
    const OpenFile* open(const FileDigest& file, MonotonicTime now);

    void close_idle(MonotonicTime now);

    static constexpr std::size_t open_max = 64;
    static constexpr std::chrono::seconds idle_max = std::chrono::seconds(10);

  private:
    FindFile find_;
    std::map<FileDigest, OpenFile> files_;
};

}  // namespace ringrift::bus
