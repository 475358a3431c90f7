#include "ops/jobs/exit_slip.hpp"

#include <fcntl.h>

#include "bus/check.hpp"

namespace ringrift::ops {
namespace {

bool write_from_start(int fd, std::string_view text) {
    return ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace

bus::Result<ExitSlip, FileProblem> ExitSlip::reserve(const std::filesystem::path& folder,
                                                     const ProcessIdentity& supervisor) {
    const auto path = folder / "supervisor.tmp";
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return file_problem("create", path);
    std::string beginning = to_text(supervisor);
    std::string room = beginning;
    room.resize(exit_bytes_max, '\n');  // Empty lines, to whoever reads it.
    if (!write_from_start(file.get(), room)) return file_problem("reserve room for", path);
    if (::rename(path.c_str(), (folder / "supervisor").c_str()) != 0) {
        return file_problem("rename", path);
    }
    return ExitSlip(folder, std::move(beginning), std::move(file));
}

FileWritten ExitSlip::hand_in(std::string_view text) {
    const std::string whole = beginning_ + std::string(text);
    RINGRIFT_CHECK(whole.size() <= exit_bytes_max);
    const auto path = folder_ / "supervisor";
    // Who reads `supervisor` meanwhile reads the same beginning.
    if (!write_from_start(file_.get(), whole) ||
        ::ftruncate(file_.get(), static_cast<off_t>(whole.size())) != 0) {
        return file_problem("write", path);
    }
    if (::rename(path.c_str(), (folder_ / "exit").c_str()) != 0) {
        return file_problem("rename", path);
    }
    return bus::Done{};
}

}  // namespace ringrift::ops
