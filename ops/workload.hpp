#pragma once

// A workload file: which games are learnt, with which programs, in which portions and by which
// thresholds. Its grammar is in ops/workloads/README.md.
//
// Read once at start, and by `ringrift config check`. The cluster config in it becomes an event and
// holds for the whole cluster; the command lines hold for this node alone, since programs may lie
// elsewhere on another. A file that is wrong anywhere is refused as a whole.

#include <filesystem>
#include <string>
#include <string_view>

#include "bus/events/leadership_events.hpp"
#include "bus/result.hpp"
#include "consumers/workload.hpp"
#include "ops/exit_codes.hpp"

namespace ringrift::ops {

struct Workload {
    std::string name = {};
    std::filesystem::path path = {};         ///< Absolute once loaded; its folder is `{workload}`.
    bus::ClusterConfigChanged cluster = {};  ///< With its hash.
    consumers::CommandTemplates commands = {};
};

/// From the text of a file called `path`. All that is wrong, one sentence a line, with its line.
bus::Result<Workload, Exit> parse_workload(std::string_view text, std::filesystem::path path);

/// The file, and whether the programs that it names are there; `programs` is `{bin}`.
bus::Result<Workload, Exit> load_workload(const std::filesystem::path& path,
                                          const std::filesystem::path& programs);

/// SHA-256 of the canonical JSON of the two lists; whatever stands in `hash` does not matter.
std::string hash_of(const bus::ClusterConfigChanged& cluster);

/// Where the reference workload lies for a program in the folder `programs`: beside it in a build
/// folder, under ../share/ringrift when installed.
std::filesystem::path reference_workload(const std::filesystem::path& programs);

}  // namespace ringrift::ops
