// take_files of ops/jobs/result_file.hpp: what needs the file system.

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "ops/jobs/file_digest.hpp"
#include "ops/jobs/result_file.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {
namespace {

// Follows no symbolic link, neither as the file nor on the way to it.
UniqueFd open_below(const std::filesystem::path& folder, const std::filesystem::path& name) {
    UniqueFd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    for (const auto& part : name.parent_path()) {
        if (!at) return at;
        at = UniqueFd(
            ::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    }
    if (!at) return at;
    return UniqueFd(::openat(at.get(), name.filename().c_str(),
                             O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

ResultProblem cannot_open(const std::string& name) {
    const int reason = errno;
    if (reason == ELOOP || reason == ENOTDIR) {
        return {bus::FailureKind::bad_result,
                "the file `" + name + "` is a symbolic link or lies behind one"};
    }
    if (reason == ENOENT) {
        return {bus::FailureKind::no_result,
                "the file `" + name + "` that result.json names is not there"};
    }
    errno = reason;
    return {bus::FailureKind::bad_result, file_problem("open", name).sentence};
}

FileWritten problem(std::string sentence) {
    return FileProblem{std::move(sentence)};
}

// Its bytes are those that `made` promises. Says the size where `made` does not.
FileWritten check(int fd, bus::FileMade& made, std::stop_token stop) {
    struct stat facts = {};
    if (::fstat(fd, &facts) != 0) return file_problem("look at", made.name);
    if (!S_ISREG(facts.st_mode)) return problem("the file `" + made.name + "` is no regular file");
    if (made.bytes >= 0 && facts.st_size != made.bytes) {
        return problem("the file `" + made.name + "` has " + std::to_string(facts.st_size) +
                       " bytes, result.json says " + std::to_string(made.bytes));
    }
    if (facts.st_size == 0) return problem("the file `" + made.name + "` is empty");
    const auto hashed = hash_file(fd, made.name, stop);
    if (!hashed) return hashed.error();
    if (hashed->digest != made.file) {
        return problem("the file `" + made.name + "` has the digest " + hashed->digest.value +
                       ", result.json says " + made.file.value);
    }
    made.bytes = hashed->bytes;
    return bus::Done{};
}

}  // namespace

bus::Result<bus::WorkResult, ResultProblem> take_files(bus::WorkResult result,
                                                       const std::filesystem::path& output,
                                                       const FileStore& store,
                                                       std::stop_token stop) {
    for (bus::FileMade& made : result.files) {
        const UniqueFd file = open_below(output, made.name);
        if (!file) return cannot_open(made.name);
        const auto checked = check(file.get(), made, stop);
        if (!checked) return ResultProblem{bus::FailureKind::bad_result, checked.error().sentence};
    }
    for (const bus::FileMade& made : result.files) {  // All or, when the disk is well, none.
        const UniqueFd file = open_below(output, made.name);
        const auto kept =
            file ? store.keep(file.get(), made.file) : FileWritten(file_problem("open", made.name));
        if (!kept) return ResultProblem{bus::FailureKind::output_limit, kept.error().sentence};
    }
    return result;
}

}  // namespace ringrift::ops
