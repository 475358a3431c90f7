#include "ops/jobs/exit_slip.hpp"

#include <fcntl.h>

#include <cerrno>

#include "bus/check.hpp"

namespace ringrift::ops {

bus::Result<ExitSlip, FileProblem> ExitSlip::reserve(const std::filesystem::path& folder) {
    const auto path = folder / "exit.tmp";
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return file_problem("create", path);
    errno = ::posix_fallocate(file.get(), 0, exit_bytes_max);
    if (errno != 0) return file_problem("reserve room for", path);
    return ExitSlip(folder, std::move(file));
}

FileWritten ExitSlip::hand_in(std::string_view text) {
    RINGRIFT_CHECK(text.size() <= exit_bytes_max);
    const auto path = folder_ / "exit.tmp";
    const auto size = static_cast<ssize_t>(text.size());
    if (::pwrite(file_.get(), text.data(), text.size(), 0) != size ||
        ::ftruncate(file_.get(), size) != 0) {
        return file_problem("write", path);
    }
    if (::fsync(file_.get()) != 0) return file_problem("sync", path);
    if (::rename(path.c_str(), (folder_ / "exit").c_str()) != 0) {
        return file_problem("rename", path);
    }
    return sync_folder(folder_);
}

}  // namespace ringrift::ops
