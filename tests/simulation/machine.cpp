#include "tests/simulation/machine.hpp"

#include <utility>

namespace ringrift::simulation {
namespace {

constexpr std::int64_t gib = std::int64_t(1) << 30;
const std::string data_folder = "/data/";

}  // namespace

std::optional<std::string> SimDisk::path_of(const bus::FileDigest& file) const {
    if (!files_.contains(file)) return {};
    return data_folder + file.value;
}

const SimFile* SimDisk::find(const bus::FileDigest& file) const {
    const auto at = files_.find(file);
    return at == files_.end() ? nullptr : &at->second;
}

std::optional<bus::FileDigest> SimDisk::lose_one(Random& random) {
    std::vector<bus::FileDigest> losable;
    for (const auto& [digest, file] : files_) {
        const bool copied = file.kind == bus::FileKind::model;
        if (!copied) losable.push_back(digest);
    }
    if (losable.empty()) return {};
    const bus::FileDigest lost =
        losable[static_cast<std::size_t>(random.below(std::ssize(losable)))];
    files_.erase(lost);
    return lost;
}

std::optional<bus::FileDigest> SimDisk::rot_one(Random& random) {
    if (files_.empty()) return {};
    const auto at = std::next(files_.begin(), random.below(std::ssize(files_)));
    rotten_.insert(at->first);
    return at->first;
}

std::int64_t SimDisk::strength_at(const std::string& path) const {
    if (!path.starts_with(data_folder)) return 0;
    const SimFile* file = find({path.substr(data_folder.size())});
    return file == nullptr ? 0 : file->strength;
}

projections::HostSample SimHost::sample(bus::Time now) {
    return {.at = now,
            .cpu_ppm = 500'000,
            .memory_bytes = 8 * gib,
            .memory_total_bytes = 64 * gib,
            .disk_free_bytes = disk_.full  ? gib / 2
                               : disk_.low ? 3 * gib
                                           : 400 * gib,
            .disk_total_bytes = 500 * gib};
}

void SimHost::begin_scan() {
    scan_.emplace();
    scan_->reserve(disk_.files().size());
    for (const auto& [digest, file] : disk_.files()) scan_->push_back({digest, file.bytes});
}

std::optional<std::vector<projections::FileHere>> SimHost::take_scan() {
    return std::exchange(scan_, std::nullopt);
}

}  // namespace ringrift::simulation
