#include "projections/disk_policy.hpp"

#include <array>
#include <cstdio>

namespace ringrift::projections {
namespace {

struct Disk {
    std::int64_t free_bytes = 0;
    std::int64_t total_bytes = 0;
    std::int64_t used_ppm() const {
        const auto used = static_cast<double>(total_bytes - free_bytes);
        return static_cast<std::int64_t>(used * 1e6 / static_cast<double>(total_bytes));
    }
};

/// Also when it falls short of the bounds by no more than `extra`.
bool beyond(const DiskBounds& bounds, const DiskBounds& extra, const Disk& disk) {
    if (disk.free_bytes < bounds.free_bytes + extra.free_bytes) return true;
    return disk.used_ppm() >= bounds.used_ppm - extra.used_ppm &&
           disk.free_bytes < bounds.plenty_bytes + extra.free_bytes;
}

std::string numbers(const Disk& disk) {
    constexpr double gib = 1 << 30;
    std::array<char, 120> text = {};
    std::snprintf(text.data(), text.size(), "%.1f of %.1f GiB are free (%lld %% used)",
                  static_cast<double>(disk.free_bytes) / gib,
                  static_cast<double>(disk.total_bytes) / gib,
                  static_cast<long long>(disk.used_ppm() / 10'000));
    return text.data();
}

}  // namespace

DiskVerdict judge_disk(const DiskPolicy& policy, DiskState before, std::int64_t free_bytes,
                       std::int64_t total_bytes) {
    if (total_bytes <= 0) return {.state = before, .reason = "the disk cannot be sensed"};
    const Disk disk = {.free_bytes = free_bytes, .total_bytes = total_bytes};
    const auto slack = [&](bool was) { return was ? policy.slack : DiskBounds{}; };
    if (beyond(policy.halted, slack(before == DiskState::halted), disk)) {
        return {.state = DiskState::halted,
                .reason = numbers(disk) + "; no new work is taken until there is more room"};
    }
    if (beyond(policy.low, slack(before != DiskState::ok), disk)) {
        return {.state = DiskState::low, .reason = numbers(disk) + "; room should be made"};
    }
    return {.state = DiskState::ok, .reason = numbers(disk)};
}

}  // namespace ringrift::projections
