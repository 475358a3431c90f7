#pragma once

// result.json, the evidence that a job leaves: read, judged, and its files taken in.
//
// `read_result` is pure: what does the text say, and is it enough for this type of work? Zero games
// of selfplay or of a match, zero samples of an export, no model file of a training are failures,
// whatever the exit code says. `take_files` then looks at the files themselves.

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

#include "bus/events/work_events.hpp"
#include "bus/result.hpp"
#include "ops/jobs/file_store.hpp"

namespace ringrift::ops {

inline constexpr std::size_t result_bytes_max = 1024 * 1024;
inline constexpr std::size_t result_files_max = 10'000;

/// Why a result does not count; the sentence names the member or the file.
struct ResultProblem {
    bus::FailureKind kind = bus::FailureKind::bad_result;
    std::string sentence = {};
};

/// Unknown members are ignored and missing numbers are 0. `type` and `config` may be left out, but
/// not be wrong; a match of a tournament may call itself an evaluation. A file's `bytes` is -1
/// where the text does not say it.
bus::Result<bus::WorkResult, ResultProblem> read_result(std::string_view text, bus::WorkType type,
                                                        const bus::ConfigKey& config);

/// Keeps each named file, which must lie below `output`, be a regular file reached over no symbolic
/// link, and hold the bytes that its digest and size say. The result comes back with all sizes.
/// May be done again after it was cut off.
bus::Result<bus::WorkResult, ResultProblem> take_files(bus::WorkResult result,
                                                       const std::filesystem::path& output,
                                                       const FileStore& store,
                                                       std::stop_token stop = {});

}  // namespace ringrift::ops
