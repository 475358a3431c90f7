#include "ops/jobs/file_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "bus/check.hpp"
#include "ops/jobs/file_digest.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

constexpr mode_t read_only = 0444;
constexpr std::size_t copy_bytes_max = 64 * 1024 * 1024;  // Of one call to the kernel.

std::filesystem::path path_of_descriptor(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

FileWritten copy_bytes(int from, int to, const std::filesystem::path& path) {
    off_t at = 0;
    while (true) {
        const ssize_t copied = ::copy_file_range(from, &at, to, nullptr, copy_bytes_max, 0);
        if (copied < 0 && errno == EINTR) continue;
        if (copied < 0) return file_problem("copy to", path);
        if (copied == 0) return bus::Done{};
    }
}

bool is_there(const std::filesystem::path& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

std::filesystem::path FileStore::path_of(const bus::FileDigest& digest) const {
    RINGRIFT_CHECK(is_digest(digest));
    return data_ / "files" / digest.value.substr(0, 2) / digest.value.view();
}

std::optional<std::filesystem::path> FileStore::find(const bus::FileDigest& digest) const {
    if (!is_digest(digest)) return {};
    const auto path = path_of(digest);
    if (!is_there(path)) return {};
    return path;
}

FileWritten FileStore::keep(int fd, const bus::FileDigest& digest) const {
    const auto path = path_of(digest);
    std::error_code problem;
    std::filesystem::create_directories(path.parent_path(), problem);
    if (problem) return FileProblem{"cannot create a folder for " + path.string()};
    if (keeps_already(digest)) return bus::Done{};
    struct stat facts = {};
    if (::fstat(fd, &facts) != 0) return file_problem("look at", path_of_descriptor(fd));
    // A file with another name could be changed through it.
    if (facts.st_nlink != 1) return keep_copy(fd, digest);
    if (::fchmod(fd, read_only) != 0 || ::fsync(fd) != 0) return file_problem("sync", path);
    const auto source = path_of_descriptor(fd);
    if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        if (errno == EXDEV || errno == EPERM) return keep_copy(fd, digest);
        if (errno != EEXIST) return file_problem("link to", path);
    }
    const auto synced = sync_folder(path.parent_path());
    return synced ? sync_folder(data_ / "files") : synced;
}

FileWritten FileStore::remove(const bus::FileDigest& digest) const {
    const auto path = path_of(digest);
    if (::unlink(path.c_str()) != 0)
        return errno == ENOENT ? FileWritten(bus::Done{}) : file_problem("delete", path);
    return sync_folder(path.parent_path());
}

FileWritten FileStore::keep_copy(int fd, const bus::FileDigest& digest) const {
    const auto path = path_of(digest);
    // Without a name until it is complete, so that nothing is left of an attempt that was cut off.
    const UniqueFd copy(
        ::open(path.parent_path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, read_only));
    if (!copy) return file_problem("create a file in", path.parent_path());
    const auto copied = copy_bytes(fd, copy.get(), path);
    if (!copied) return copied;
    if (::fsync(copy.get()) != 0) return file_problem("sync", path);
    const auto source = path_of_descriptor(copy.get());
    const int linked =
        ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
    if (linked != 0 && errno != EEXIST) return file_problem("link to", path);
    return sync_folder(path.parent_path());
}

bool FileStore::keeps_already(const bus::FileDigest& digest) const {
    const auto path = path_of(digest);
    const UniqueFd there(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!there) return false;
    const auto hashed = hash_file(there.get(), path);
    if (hashed && hashed->digest == digest) return true;
    const auto quarantine = data_ / "quarantine";
    std::error_code ignored;
    std::filesystem::create_directories(quarantine, ignored);
    for (int number = 1; number < 1000; ++number) {
        const auto aside = quarantine / (digest.value + "." + std::to_string(number));
        if (is_there(aside)) continue;
        std::rename(path.c_str(), aside.c_str());
        break;
    }
    return false;
}

}  // namespace ringrift::ops
