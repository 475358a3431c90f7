#include "ops/jobs/file_digest.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "bus/sha256.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

constexpr std::size_t chunk_bytes = 1024 * 1024;

std::int64_t nanoseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

bus::Result<HashedFile, FileProblem> hash_file(int fd, const std::filesystem::path& path,
                                               std::stop_token stop) {
    bus::Sha256 sum;
    std::vector<char> chunk(chunk_bytes);
    HashedFile hashed;
    while (!stop.stop_requested()) {
        const ssize_t got = ::pread(fd, chunk.data(), chunk.size(), hashed.bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_problem("read", path);
        if (got == 0) {
            hashed.digest = sum.finish();
            return hashed;
        }
        sum.add(chunk.data(), static_cast<std::size_t>(got));
        hashed.bytes += got;
    }
    return FileProblem{"stopped while reading " + path.string()};
}

FileWritten VerifiedFiles::verify(const std::filesystem::path& path, const bus::FileDigest& digest,
                                  std::stop_token stop) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts = {};
    if (!file || ::fstat(file.get(), &facts) != 0) return file_problem("open", path);
    if (!S_ISREG(facts.st_mode)) return FileProblem{path.string() + " is not a regular file"};
    const Touch touch{.device = facts.st_dev,
                      .inode = facts.st_ino,
                      .bytes = facts.st_size,
                      .modified_ns = nanoseconds(facts.st_mtim),
                      .changed_ns = nanoseconds(facts.st_ctim)};
    const auto known = verified_.find(path);
    if (known != verified_.end() && known->second.touch == touch &&
        known->second.digest == digest) {
        return bus::Done{};
    }
    const auto hashed = hash_file(file.get(), path, stop);
    if (!hashed) return hashed.error();
    if (hashed->digest != digest) {
        return FileProblem{path.string() + " has the digest " + hashed->digest.value +
                           ", expected is " + digest.value};
    }
    if (verified_.size() >= verified_files_max) verified_.clear();
    verified_[path] = {touch, digest};
    return bus::Done{};
}

}  // namespace ringrift::ops
