#pragma once

// SHA-256 of bytes that come piece by piece: what names a file.
//
// Pure but for its own state; belongs to one thread at a time.

#include <cstddef>
#include <memory>

#include "bus/ids.hpp"

namespace ringrift::bus {

class Sha256 {
  public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void add(const void* bytes, std::size_t count);

    /// 64 lower-case hexadecimal digits. Starts anew afterwards.
    FileDigest finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// 64 lower-case hexadecimal digits.
bool is_digest(const FileDigest& digest);

}  // namespace ringrift::bus
