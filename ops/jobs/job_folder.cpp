#include "ops/jobs/job_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>

#include "consumers/workload.hpp"
#include "ops/jobs/bounded_log.hpp"
#include "producers/digest.hpp"

namespace ringrift::ops {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_bytes_max = 200;  // A file name has 255, and prefixes are added.
constexpr std::size_t hashed_prefix_bytes = 100;
constexpr std::size_t hash_digits = 32;
constexpr std::string_view new_prefix = ".new-";
constexpr std::string_view gone_prefix = ".gone-";
constexpr mode_t private_folder = 0700;

std::string encoded(const std::string& text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string result;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool first_dot = letter == '.' && result.empty();
        if ((std::isalnum(byte) != 0 || letter == '-' || letter == '_' || letter == '.') &&
            !first_dot) {
            result += letter;
        } else {
            result += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return result;
}

FileWritten make_private(const fs::path& folder) {
    if (::mkdir(folder.c_str(), private_folder) == 0) return bus::Done{};
    return file_problem("create the folder", folder);
}

// The folder has no name yet that anybody would look for, so no rename is needed here.
bus::Result<UniqueFd, FileProblem> write_new(const fs::path& path, const std::string& text) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return file_problem("create", path);
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = ::write(file.get(), rest.data(), rest.size());
        if (written < 0) return file_problem("write", path);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return file;
}

bus::Result<UniqueFd, FileProblem> fill(const fs::path& folder, const LaunchOrder& order,
                                        const std::optional<std::string>& inputs) {
    auto done = make_private(folder);
    if (done) done = make_private(folder / "output");
    if (!done) return done.error();
    if (inputs) {
        const auto list = write_new(folder / "inputs.txt", *inputs);
        if (!list) return list.error();
    }
    auto lock = write_new(folder / "order", to_text(order));
    if (lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) return file_problem("lock", folder);
    return lock;
}

void keep_newest(const fs::path& folder, std::size_t kept_max) {
    std::vector<std::pair<fs::file_time_type, fs::path>> kept;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        kept.emplace_back(entry.last_write_time(ignored), entry.path());
    }
    if (kept.size() <= kept_max) return;
    std::sort(kept.begin(), kept.end());
    kept.resize(kept.size() - kept_max);
    for (const auto& [written, path] : kept) fs::remove_all(path, ignored);
}

}  // namespace

std::string folder_name(const consumers::JobId& job) {
    std::string name = encoded(job.work.value);
    if (name.size() > name_bytes_max) {
        name = name.substr(0, hashed_prefix_bytes) + "~" +
               producers::digest_of(job.work.value).substr(0, hash_digits);
    }
    return name + "@" + std::to_string(job.fence);
}

fs::path JobFolders::running(const consumers::JobId& job) const {
    return data / "jobs" / folder_name(job);
}

fs::path JobFolders::ended(const consumers::JobId& job) const {
    return data / "ended" / folder_name(job);
}

std::vector<fs::path> JobFolders::all() const {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(data / "jobs", ignored)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(new_prefix) || name.starts_with(gone_prefix)) {
            fs::remove_all(entry.path(), ignored);
        } else if (entry.is_directory(ignored)) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

bus::Result<UniqueFd, FileProblem> make_folder(const JobFolders& folders,
                                               const consumers::JobId& job,
                                               const LaunchOrder& order,
                                               const std::optional<std::string>& inputs) {
    const auto jobs = folders.data / "jobs";
    const auto made = jobs / (std::string(new_prefix) + folder_name(job));
    std::error_code ignored;
    fs::remove_all(made, ignored);
    auto lock = fill(made, order, inputs);
    if (!lock) {
        fs::remove_all(made, ignored);
        return lock;
    }
    const auto folder = folders.running(job);
    if (::rename(made.c_str(), folder.c_str()) != 0) {
        const auto problem = file_problem("create the folder", folder);
        fs::remove_all(made, ignored);
        return problem;
    }
    return lock;
}

std::optional<UniqueFd> try_lock(const fs::path& folder) {
    for (const char* name : lock_names) {
        UniqueFd lock(::open((folder / name).c_str(), O_RDWR | O_CLOEXEC));
        if (!lock) continue;
        if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return {};
        return lock;
    }
    return UniqueFd();  // Without an order nobody can be at work here.
}

fs::path retire(const JobFolders& folders, const fs::path& folder) {
    std::error_code ignored;
    const auto ended = folders.data / "ended" / folder.filename();
    if (::rename(folder.c_str(), ended.c_str()) == 0) return ended;
    fs::remove_all(ended, ignored);  // An earlier job of the same claim lies there.
    fs::rename(folder, ended, ignored);
    return ended;
}

void strip(const fs::path& ended) {
    std::error_code ignored;
    fs::remove_all(ended / "output", ignored);
    fs::remove(ended / "inputs.txt", ignored);
}

void EndedFolders::tidy(const fs::path& ended) {
    strip(ended);
    if (++added_ <= kept_max_ / listed_every_part) return;
    added_ = 0;
    keep_newest(folders_.data / "ended", kept_max_);
}

void EndedFolders::tidy_all() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folders_.data / "ended", ignored)) {
        strip(entry.path());
    }
    keep_newest(folders_.data / "ended", kept_max_);
}

void remove_folder(const fs::path& folder) {
    std::error_code ignored;
    const auto gone =
        folder.parent_path() / (std::string(gone_prefix) + folder.filename().string());
    fs::rename(folder, gone, ignored);
    fs::remove_all(gone, ignored);
}

std::optional<consumers::JobId> job_of(const LaunchOrder& order) {
    if (!work_type_of(order.type)) return {};
    return consumers::JobId{{order.work}, order.fence};
}

std::optional<bus::WorkType> work_type_of(std::string_view name) {
    using bus::WorkType;
    for (const auto type : {WorkType::selfplay, WorkType::export_, WorkType::training,
                            WorkType::evaluation, WorkType::tournament, WorkType::sync}) {
        if (consumers::name_of(type) == name) return type;
    }
    return {};
}

std::optional<JobLogs> read_job_logs(const JobFolders& folders, const consumers::JobId& job) {
    for (const auto& folder : {folders.running(job), folders.ended(job)}) {
        std::error_code ignored;
        if (!fs::exists(folder, ignored)) continue;
        return JobLogs{read_bounded_log(folder, "stdout"), read_bounded_log(folder, "stderr")};
    }
    return {};
}

}  // namespace ringrift::ops
