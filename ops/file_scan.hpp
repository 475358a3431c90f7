#pragma once

// Reads the content-addressed data directory, `files/<xx>/<digest>`, a bounded number of entries at
// a time: a million files must not keep a thread that has other things to do.
//
// Only what has the name of a digest in the folder of its first two digits, and is a regular file,
// is counted; temporary and foreign files are not. A directory that is not there holds nothing.
// Belongs to one thread.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "projections/host_view.hpp"

namespace ringrift::ops {

class FileScan {
  public:
    /// `files` is the folder of the 256 folders.
    explicit FileScan(std::filesystem::path files) : files_(std::move(files)) {}

    /// Looks at `entries_max` more entries. True when all have been seen.
    bool advance(std::size_t entries_max);

    /// REQUIRES: `advance` said true. Sorted by digest.
    std::vector<projections::FileHere> take() { return std::move(found_); }

  private:
    void look_at(const std::filesystem::directory_entry& entry);

    std::filesystem::path files_;
    int folder_ = 0;  ///< 0 to 255, being read; 256 when done.
    bool is_open_ = false;
    std::filesystem::directory_iterator entry_ = {};  ///< In the folder being read, iff `is_open_`.
    std::vector<projections::FileHere> found_;
};

}  // namespace ringrift::ops
