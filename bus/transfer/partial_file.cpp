#include "bus/transfer/partial_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace ringrift::bus {
namespace {

namespace fs = std::filesystem;

constexpr mode_t owner_only = 0600;
constexpr int opens_max = 8;  // Each lost race means that another process has just finished.
constexpr int quarantined_max = 1000;  // Copies of one file; then it is not kept as evidence.
constexpr std::size_t read_bytes = 1024 * 1024;
constexpr std::int64_t block_bytes = 512;  // What stat counts blocks in.
// So that the disk writes while the network brings more, and the fsync at the end is short.
constexpr std::int64_t push_every_bytes = 8 * 1024 * 1024;

bool is_full(int reason) {
    return reason == ENOSPC || reason == EDQUOT;
}

enum class Opened { ours, retry, failed, in_use };

/// The partial file with its lock. One that has another name is a file that was kept already: it is
/// never written to.
Opened open_locked(const fs::path& path, UniqueFd& fd) {
    struct stat facts = {};
    if (::lstat(path.c_str(), &facts) == 0) {
        if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1) ::unlink(path.c_str());
        // It was made read-only when it was about to be kept.
        else if ((facts.st_mode & S_IWUSR) == 0)
            ::chmod(path.c_str(), owner_only);
    }
    fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!fd) return Opened::failed;
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? Opened::in_use : Opened::failed;
    if (::fstat(fd.get(), &facts) != 0) return Opened::failed;
    return facts.st_nlink == 1 ? Opened::ours : Opened::retry;
}

void sync_folder_of(const fs::path& path) {
    const UniqueFd folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) ::fsync(folder.get());
}

}  // namespace

PartialFile::PartialFile(const ArrivalPlace& place, FileDigest file)
    : place_(place), file_(std::move(file)), path_(place_.partial / file_.value.view()) {}

PartialFile::Outcome<PartialFile> PartialFile::open(const ArrivalPlace& place,
                                                    const FileDigest& file) {
    std::error_code ignored;  // What is wrong shows when the file is opened.
    fs::create_directories(place.partial, ignored);
    PartialFile partial(place, file);
    for (int tries = 0; tries < opens_max; ++tries) {
        switch (open_locked(partial.path_, partial.fd_)) {
            case Opened::ours: return partial;
            case Opened::retry: continue;
            case Opened::failed: return partial.failure("create", errno);
            case Opened::in_use: break;
        }
        break;
    }
    return FetchFailure{.error = FetchError::in_use,
                        .sentence = "another process fetches " + partial.path_.string() + "; " +
                                    std::string(advice_for(FetchError::in_use))};
}

PartialFile::Outcome<std::int64_t> PartialFile::prepare(std::int64_t bytes, std::stop_token stop) {
    struct stat facts = {};
    if (::fstat(fd_.get(), &facts) != 0) return failure("look at", errno);
    if (facts.st_size > bytes && ::ftruncate(fd_.get(), 0) != 0) return failure("empty", errno);
    sum_ = Sha256();
    written_ = 0;
    const auto buffer = std::make_unique_for_overwrite<char[]>(read_bytes);
    while (true) {
        if (stop.stop_requested()) return FetchFailure{.sentence = "stopped"};
        const ssize_t got = ::pread(fd_.get(), buffer.get(), read_bytes, written_);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("read", errno);
        if (got == 0) break;
        sum_.add(buffer.get(), static_cast<std::size_t>(got));
        written_ += got;
    }
    pushed_ = written_;
    const auto free = free_bytes();
    if (!free) return free.error();
    const std::int64_t has = std::max<std::int64_t>(written_, facts.st_blocks * block_bytes);
    const std::int64_t missing = std::max<std::int64_t>(0, bytes - has);
    if (*free - missing < place_.disk_free_bytes_min) return failure("reserve room for", ENOSPC);
    return written_;
}

PartialFile::Outcome<std::int64_t> PartialFile::free_bytes() const {
    struct statvfs space = {};
    if (::fstatvfs(fd_.get(), &space) != 0) return failure("look at the disk of", errno);
    return static_cast<std::int64_t>(space.f_bavail * space.f_frsize);
}

PartialFile::Outcome<Done> PartialFile::reserve(std::int64_t bytes) {
    const std::int64_t missing = bytes - written_;
    const bool is_refused =
        missing > 0 && ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, written_, missing) != 0;
    // Some file systems cannot reserve; then it shows while writing.
    if (is_refused && is_full(errno)) return failure("reserve room for", errno);
    const auto free = free_bytes();
    if (!free) return free.error();
    const std::int64_t left = *free - (is_refused ? missing : 0);
    if (left >= place_.disk_free_bytes_min) return Done{};
    // Gives back what was reserved, not what was received.
    if (::ftruncate(fd_.get(), written_) != 0) return failure("give back room of", errno);
    return failure("reserve room for", ENOSPC);
}

PartialFile::Outcome<Done> PartialFile::append(const void* bytes, std::size_t count) {
    const char* at = static_cast<const char*>(bytes);
    std::size_t left = count;
    while (left > 0) {
        const ssize_t put = ::pwrite(fd_.get(), at, left, written_);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return failure("write", errno);
        sum_.add(at, static_cast<std::size_t>(put));
        at += put;
        left -= static_cast<std::size_t>(put);
        written_ += put;
    }
    if (written_ - pushed_ >= push_every_bytes) {
        ::sync_file_range(fd_.get(), pushed_, written_ - pushed_, SYNC_FILE_RANGE_WRITE);
        pushed_ = written_;
    }
    return Done{};
}

PartialFile::Outcome<Done> PartialFile::finish(const std::string& evidence) {
    const FileDigest found = sum_.finish();
    if (found != file_) return quarantine(found, evidence);
    const auto kept = place_.keep(fd_.get(), file_);
    if (!kept) {
        return FetchFailure{.error = FetchError::not_writable, .sentence = kept.error().sentence};
    }
    ::unlink(path_.c_str());
    return Done{};
}

FetchFailure PartialFile::quarantine(const FileDigest& found, const std::string& evidence) {
    std::error_code ignored;
    fs::create_directories(place_.quarantine, ignored);
    const std::string what = file_.value + " came with the digest " + found.value + " (" +
                             std::to_string(written_) + " bytes; " + evidence + ")";
    std::string where = "could not be kept as evidence";
    for (int number = 1; number < quarantined_max; ++number) {
        const fs::path aside = place_.quarantine / (file_.value + "." + std::to_string(number));
        if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, aside.c_str(), RENAME_NOREPLACE) != 0) {
            if (errno == EEXIST) continue;
            break;
        }
        std::ofstream(aside.string() + ".why") << what << '\n';
        sync_folder_of(aside);
        where = "lies in " + aside.string();
        break;
    }
    ::unlink(path_.c_str());  // If it lies there still: it must not be gone on with.
    return {
        .error = FetchError::mismatch,
        .sentence = what + " and " + where + "; " + std::string(advice_for(FetchError::mismatch))};
}

FetchFailure PartialFile::failure(std::string_view deed, int reason) const {
    const FetchError error = is_full(reason) ? FetchError::disk_full : FetchError::not_writable;
    return {.error = error,
            .sentence = "cannot " + std::string(deed) + " " + path_.string() + ": " +
                        std::strerror(reason) + "; " + std::string(advice_for(error))};
}

}  // namespace ringrift::bus
