#pragma once

// A file on its way here: it grows from its beginning under a temporary name, and only whole and
// verified does it get its own.
//
// `<partial>/<digest>` is always a prefix of what was received: bytes are appended in order, so its
// length is all there is to remember, and a restart goes on from there. Its room on the disk is
// reserved before the first byte is written. What was written is hashed at once; what an earlier
// process wrote is read again. One process at a time (flock). Belongs to one thread at a time.

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "bus/result.hpp"
#include "bus/sha256.hpp"
#include "bus/transfer/fetch_error.hpp"
#include "bus/unique_fd.hpp"

namespace ringrift::bus {

struct KeepProblem {
    std::string sentence = {};
};
/// Makes the file open at `fd`, whose bytes have the digest, durable under its own name (fsync,
/// link or rename, fsync of the folder), overwriting nothing.
using KeepFile = std::function<Result<Done, KeepProblem>(int fd, const FileDigest&)>;

struct ArrivalPlace {
    std::filesystem::path partial = {};     ///< The folder; made when missing.
    std::filesystem::path quarantine = {};  ///< The folder; made when needed.
    std::int64_t disk_free_bytes_min = 0;   ///< Must be free still when the file is there.
    KeepFile keep = {};
};

class PartialFile {
  public:
    template <class T>
    using Outcome = Result<T, FetchFailure>;

    static Outcome<PartialFile> open(const ArrivalPlace& place, const FileDigest& file);

    /// Reads what is there and looks whether there is room for the rest. How many bytes there are;
    /// what is longer than `bytes` is begun anew.
    Outcome<std::int64_t> prepare(std::int64_t bytes, std::stop_token stop);

    /// Takes the room for the rest of `bytes`; may last a while, as in a file system in memory.
    Outcome<Done> reserve(std::int64_t bytes);

    Outcome<Done> append(const void* bytes, std::size_t count);

    /// REQUIRES: all bytes are there. Keeps the file if it is what its digest says, else moves it
    /// to the quarantine with `evidence` beside it: `mismatch`.
    Outcome<Done> finish(const std::string& evidence);

  private:
    PartialFile(const ArrivalPlace& place, FileDigest file);
    Outcome<std::int64_t> free_bytes() const;
    FetchFailure quarantine(const FileDigest& found, const std::string& evidence);
    FetchFailure failure(std::string_view deed, int reason) const;

    ArrivalPlace place_;
    FileDigest file_;
    std::filesystem::path path_;
    UniqueFd fd_;
    Sha256 sum_;
    std::int64_t written_ = 0;
    std::int64_t pushed_ = 0;  ///< The kernel was told to write so many to the disk.
};

}  // namespace ringrift::bus
