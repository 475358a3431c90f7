#include "bus/lock_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace ringrift::bus {
namespace {

/// The pid that the file holds, or empty.
std::string holder_of(int descriptor) {
    std::array<char, 24> text = {};
    const ssize_t size = ::pread(descriptor, text.data(), text.size() - 1, 0);
    std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return pid.substr(0, pid.find_first_not_of("0123456789"));
}

/// Whether a process of this pid lives. An unknown holder counts as alive.
bool lives(const std::string& text) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    const bool readable = error == std::errc() && pid > 0;
    return !readable || ::kill(pid, 0) == 0 || errno != ESRCH;
}

/// Takes the lock. A holder that was killed while it started a child lives on in that child until
/// the child becomes another program: so a dead holder is waited for, a living one is not.
bool lock_now_or_soon(int descriptor) {
    constexpr int tries_max = 200;
    constexpr int pause_ms = 10;
    for (int tries = 0; tries < tries_max; ++tries) {
        if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK) return false;
        if (lives(holder_of(descriptor))) break;
        ::poll(nullptr, 0, pause_ms);
    }
    errno = EWOULDBLOCK;
    return false;
}

}  // namespace

Result<LockFile, LockRefused> LockFile::acquire(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        return LockRefused{.sentence = "cannot create " + path + ": " + std::strerror(errno)};
    }
    LockFile lock(descriptor);
    errno = 0;
    if (!lock_now_or_soon(descriptor)) {
        if (errno != EWOULDBLOCK) {
            return LockRefused{.sentence = "cannot lock " + path + ": " + std::strerror(errno)};
        }
        const std::string pid = holder_of(descriptor);
        return LockRefused{.held = true,
                           .sentence = path + " is held by " +
                                       (pid.empty() ? "another process" : "process " + pid)};
    }
    // The pid is for people only: on a full disk the lock holds without it.
    const std::string pid = std::to_string(::getpid()) + "\n";
    const bool written =
        ::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, pid.data(), pid.size(), 0) > 0;
    if (!written) errno = 0;
    return lock;
}

LockFile::~LockFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace ringrift::bus
