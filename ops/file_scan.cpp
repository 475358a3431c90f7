#include "ops/file_scan.hpp"

#include <algorithm>
#include <system_error>

namespace ringrift::ops {
namespace {

constexpr int folders = 256;
constexpr std::size_t digest_digits = 64;

bool is_digest(const std::string& name) {
    return name.size() == digest_digits && std::ranges::all_of(name, [](char c) {
               return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f');
           });
}

std::string folder_name(int folder) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto at = static_cast<std::size_t>(folder);
    return {digits[at / 16], digits[at % 16]};
}

}  // namespace

bool FileScan::advance(std::size_t entries_max) {
    std::error_code error;
    for (std::size_t looked = 0; looked < entries_max && folder_ < folders; ++looked) {
        if (!is_open_) {
            entry_ = std::filesystem::directory_iterator(files_ / folder_name(folder_), error);
            is_open_ = true;
        }
        if (entry_ != std::filesystem::directory_iterator()) {
            look_at(*entry_);
            entry_.increment(error);
        }
        if (entry_ == std::filesystem::directory_iterator()) {
            ++folder_;
            is_open_ = false;
        }
    }
    if (folder_ < folders) return false;
    std::ranges::sort(found_, {}, &projections::FileHere::file);
    return true;
}

void FileScan::look_at(const std::filesystem::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    std::error_code error;
    if (!is_digest(name) || !name.starts_with(folder_name(folder_))) return;
    if (entry.is_symlink(error) || !entry.is_regular_file(error)) return;
    const auto bytes = entry.file_size(error);
    if (error) return;  // Deleted while it was looked at.
    found_.push_back({.file = {name}, .bytes = static_cast<std::int64_t>(bytes)});
}

}  // namespace ringrift::ops
