#pragma once

// SHA-256 of files, and a memory of which files have been verified already.

#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>

#include "bus/ids.hpp"
#include "bus/result.hpp"
#include "ops/jobs/durable_file.hpp"

namespace ringrift::ops {

struct HashedFile {
    bus::FileDigest digest = {};
    std::int64_t bytes = 0;
};

/// Reads `fd` from its beginning. Fails when it cannot be read or `stop` is asked; `path` is only
/// for the sentence. Any thread.
bus::Result<HashedFile, FileProblem> hash_file(int fd, const std::filesystem::path& path,
                                               std::stop_token stop = {});

/// Whether files are what their digest says; each is read once as long as nobody touches it.
/// Belongs to one thread.
class VerifiedFiles {
  public:
    /// A sentence names the file and what is wrong with it.
    FileWritten verify(const std::filesystem::path& path, const bus::FileDigest& digest,
                       std::stop_token stop = {});

  private:
    /// What the file system changes when somebody touches the file.
    struct Touch {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t bytes = 0;
        std::int64_t modified_ns = 0;
        std::int64_t changed_ns = 0;
        friend bool operator==(const Touch&, const Touch&) = default;
    };
    struct Verified {
        Touch touch = {};
        bus::FileDigest digest = {};
    };

    std::map<std::filesystem::path, Verified> verified_;  ///< At most `verified_files_max`.
};

inline constexpr std::size_t verified_files_max = 100'000;  ///< Then all are forgotten.

}  // namespace ringrift::ops
