#pragma once

// The data directory: files under their digest, `<data>/files/<first two digits>/<digest>`.
//
// What lies there is complete, durable, read-only and never overwritten. Keeps nothing in memory,
// and every change is one rename or link, so any number of threads may use it.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "bus/ids.hpp"
#include "bus/result.hpp"
#include "bus/sha256.hpp"
#include "ops/jobs/durable_file.hpp"

namespace ringrift::ops {

class FileStore {
  public:
    explicit FileStore(std::filesystem::path data_folder) : data_(std::move(data_folder)) {}

    /// Where the file lies, or would.
    std::filesystem::path path_of(const bus::FileDigest& digest) const;

    /// Empty when it is not here.
    std::optional<std::filesystem::path> find(const bus::FileDigest& digest) const;

    /// Whether it is here and is what its digest says. Reads it; one that is not is moved to
    /// `<data>/quarantine`.
    bool verify(const bus::FileDigest& digest) const { return keeps_already(digest); }

    /// Deletes it, durably. Nothing when it is not here.
    FileWritten remove(const bus::FileDigest& digest) const;

    /// Keeps the file open at `fd`, durably; its other names stay. REQUIRES: `digest` is that of
    /// its bytes, and nobody writes to it any more. The same file there already is success; one
    /// there that does not hold those bytes is moved to `<data>/quarantine`.
    FileWritten keep(int fd, const bus::FileDigest& digest) const;

  private:
    FileWritten keep_copy(int fd, const bus::FileDigest& digest) const;
    bool keeps_already(const bus::FileDigest& digest) const;

    std::filesystem::path data_;
};

using bus::is_digest;

}  // namespace ringrift::ops
