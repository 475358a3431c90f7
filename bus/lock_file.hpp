#pragma once

// Only one process at a time: a file that is locked as long as its holder lives, however it ends.
//
// The lock is the kernel's (flock) and goes with the process; the file stays, and holds the
// holder's pid for people. Children do not inherit it across exec.

#include <string>

#include "bus/result.hpp"

namespace ringrift::bus {

struct LockRefused {
    bool held = false;  ///< By another; else the file cannot be made, and `sentence` says why.
    std::string sentence = {};
};

class LockFile {
  public:
    static Result<LockFile, LockRefused> acquire(const std::string& path);

    LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    LockFile& operator=(LockFile&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~LockFile();

  private:
    explicit LockFile(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace ringrift::bus
