#include "ops/jobs/job_limits.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "ops/jobs/process_table.hpp"

namespace ringrift::ops {
namespace {

constexpr std::int64_t stat_block_bytes = 512;

std::string bytes(std::int64_t count) {
    return std::to_string(count) + " bytes";
}

bool over(std::int64_t used, std::int64_t allowed) {
    return allowed > 0 && used > allowed;
}

}  // namespace

std::optional<Exceeded> exceeded(const LaunchOrder& order, const JobUse& use) {
    if (over(use.memory_bytes, order.memory_bytes_max)) {
        return Exceeded{EndCause::memory_limit, "its processes took " + bytes(use.memory_bytes) +
                                                    " of memory, allowed are " +
                                                    bytes(order.memory_bytes_max)};
    }
    if (over(use.printed_bytes, order.printed_bytes_max)) {
        return Exceeded{EndCause::output_limit, "it printed " + bytes(use.printed_bytes) +
                                                    ", allowed are " +
                                                    bytes(order.printed_bytes_max)};
    }
    if (over(use.output_bytes, order.output_bytes_max)) {
        return Exceeded{EndCause::output_limit, "its output folder holds " +
                                                    bytes(use.output_bytes) + ", allowed are " +
                                                    bytes(order.output_bytes_max)};
    }
    if (use.disk_free_bytes >= 0 && use.disk_free_bytes < order.disk_free_bytes_min) {
        return Exceeded{EndCause::output_limit, "the disk has " + bytes(use.disk_free_bytes) +
                                                    " left, jobs must leave " +
                                                    bytes(order.disk_free_bytes_min)};
    }
    if (order.timeout.count() > 0 && use.run > order.timeout) {
        return Exceeded{EndCause::timeout, "it ran for " + std::to_string(use.run.count()) +
                                               " ms, allowed are " +
                                               std::to_string(order.timeout.count()) + " ms"};
    }
    return {};
}

std::int64_t memory_of_descendants(std::int64_t supervisor, std::int64_t enough_bytes) {
    const auto processes = descendants_of(supervisor);
    std::int64_t sum = 0;
    for (const std::int64_t pid : processes) sum += resident_bytes(pid);
    if (enough_bytes <= 0 || sum <= enough_bytes) return sum;
    sum = 0;
    for (const std::int64_t pid : processes) sum += proportional_bytes(pid);
    return sum;
}

std::int64_t bytes_below(const std::filesystem::path& folder, std::int64_t enough_bytes) {
    std::error_code problem;
    std::filesystem::recursive_directory_iterator entry(
        folder, std::filesystem::directory_options::skip_permission_denied, problem);
    std::int64_t sum = 0;
    for (; !problem && entry != std::filesystem::recursive_directory_iterator();
         entry.increment(problem)) {
        struct stat facts = {};
        if (::lstat(entry->path().c_str(), &facts) != 0) continue;
        sum += std::max<std::int64_t>(facts.st_size, facts.st_blocks * stat_block_bytes);
        if (over(sum, enough_bytes)) break;
    }
    return sum;
}

std::int64_t disk_free_bytes(const std::filesystem::path& folder) {
    struct statvfs facts = {};
    if (::statvfs(folder.c_str(), &facts) != 0) return -1;
    return static_cast<std::int64_t>(facts.f_bavail) * static_cast<std::int64_t>(facts.f_frsize);
}

}  // namespace ringrift::ops
