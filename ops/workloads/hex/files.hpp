// Files, whole or not at all.
//
// What a job leaves is written to a temporary name, synced and renamed, so that a job that dies at
// any moment leaves nothing half written, and SIGTERM needs no handler. All failures name the path.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ringrift::hex {

/// The whole file. Throws Failure if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` by `bytes` in one step, durably. Throws Failure.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The paths in a list file: one a line, empty lines skipped, in order. Throws Failure if none.
std::vector<std::filesystem::path> read_list(const std::filesystem::path& path);

/// Lower-case hex, 64 characters.
std::string sha256(std::string_view bytes);

}  // namespace ringrift::hex
