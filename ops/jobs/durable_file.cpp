#include "ops/jobs/durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

FileWritten write_renamed(const std::filesystem::path& path, std::string_view text, bool durably) {
    const std::filesystem::path temporary = path.string() + ".tmp";
    const UniqueFd file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return file_problem("create", temporary);
    if (!write_all(file.get(), text)) return file_problem("write", temporary);
    if (durably && ::fsync(file.get()) != 0) return file_problem("sync", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return file_problem("rename to", path);
    if (durably) return sync_folder(path.parent_path());
    return bus::Done{};
}

}  // namespace

FileProblem file_problem(std::string_view deed, const std::filesystem::path& path) {
    const int reason = errno;
    return {"cannot " + std::string(deed) + " " + path.string() + ": " + std::strerror(reason)};
}

FileWritten write_durably(const std::filesystem::path& path, std::string_view text) {
    return write_renamed(path, text, true);
}

FileWritten write_whole(const std::filesystem::path& path, std::string_view text) {
    return write_renamed(path, text, false);
}

FileWritten sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return file_problem("open", folder);
    if (::fsync(fd.get()) != 0) return file_problem("sync", folder);
    return bus::Done{};
}

std::optional<std::string> read_small_file(const std::filesystem::path& path,
                                           std::size_t bytes_max) {
    // O_NONBLOCK: a FIFO of that name must not hold us.
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat facts = {};
    if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
    // By the size that it says: room for the largest would be megabytes of fresh memory each time.
    const auto said = static_cast<std::size_t>(facts.st_size);
    if (said > bytes_max) return {};
    std::string text(said + 1, '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {};
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        if (filled == text.size() && filled <= bytes_max) text.resize(bytes_max + 1);  // It grows.
    }
    if (filled > bytes_max) return {};
    text.resize(filled);
    return text;
}

}  // namespace ringrift::ops
