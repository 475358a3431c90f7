#include "ops/data_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "projections/disk_policy.hpp"

namespace ringrift::ops {

namespace fs = std::filesystem;

std::optional<Exit> prepare_data_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || access(folder.c_str(), W_OK | X_OK) != 0) {
        const std::string why = error ? error.message() : "permission denied";
        return Exit{
            ExitCode::data_dir_unusable,
            fmt::format("the data folder {} cannot be written ({}); choose another with --data",
                        folder.string(), why)};
    }
    const auto space = fs::space(folder, error);
    if (error) return {};
    const auto disk = projections::judge_disk({}, projections::DiskState::ok,
                                              static_cast<std::int64_t>(space.available),
                                              static_cast<std::int64_t>(space.capacity));
    if (disk.state == projections::DiskState::halted) {
        return Exit{ExitCode::data_dir_unusable,
                    fmt::format("the disk of the data folder {} is full: {}; free some or choose "
                                "another with --data",
                                folder.string(), disk.reason)};
    }
    return {};
}

}  // namespace ringrift::ops
