#pragma once

// Small files that are there as a whole or not at all, also after a loss of power.
//
// Used by the supervisor and by the daemon; knows no job. Any thread.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace ringrift::ops {

/// What the file system refused, as a sentence that names the file and the reason.
struct FileProblem {
    std::string sentence = {};
};

using FileWritten = bus::Result<bus::Done, FileProblem>;

/// `cannot <deed> <path>: <reason of errno>`.
FileProblem file_problem(std::string_view deed, const std::filesystem::path& path);

/// Under a temporary name beside it, fsync, rename, fsync of the folder. Mode 0600.
FileWritten write_durably(const std::filesystem::path& path, std::string_view text);

/// As `write_durably`, but without fsync: readers see the old or the new text, power loss neither.
FileWritten write_whole(const std::filesystem::path& path, std::string_view text);

FileWritten sync_folder(const std::filesystem::path& folder);

/// Empty when there is no such regular file, or it is larger. Follows no symbolic link.
std::optional<std::string> read_small_file(const std::filesystem::path& path,
                                           std::size_t bytes_max);

}  // namespace ringrift::ops
