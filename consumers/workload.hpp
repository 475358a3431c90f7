#pragma once

// From an item of work to the command line of a job: the templates of a workload, and `expand`.
//
// A template is the argv of a program with placeholders such as `{config}`. A brace that does not
// enclose a bare lower-case word is left alone, so JSON may stand in an argument. `{inputs}` and
// `{output}` are known here but filled in by the hands, which make the files and folders they name.
// Pure functions; any thread. The workload file itself is read by ops/workload.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"
#include "consumers/hands.hpp"

namespace ringrift::consumers {

struct CommandTemplate {
    std::vector<std::string> argv = {};  ///< The program first.
    friend bool operator==(const CommandTemplate&, const CommandTemplate&) = default;
};

using CommandTemplates = std::map<bus::WorkType, CommandTemplate>;

/// Where things lie on this node.
struct NodePlaces {
    std::filesystem::path programs = {};  ///< `{bin}`: the folder of the ringrift program.
    std::filesystem::path workload = {};  ///< `{workload}`: the folder of the workload file.
    /// Path of a file in the data directory, or nothing when it is not here.
    std::function<std::optional<std::string>(const bus::FileDigest&)> path_of = {};
};

/// The placeholders that mean something for this type of work.
std::vector<std::string_view> placeholders_of(bus::WorkType type);

/// The placeholders of `argument`, without braces, in order.
std::vector<std::string> placeholders_in(std::string_view argument);

/// The work type as it is called on the bus and in workload files: `export`, not `export_`.
std::string_view name_of(bus::WorkType type);

/// Why this node cannot run an item of work; one sentence.
struct CannotRun {
    std::string sentence = {};
    std::vector<bus::FileDigest> missing = {};  ///< Not on this node; it can run when they are.
};

/// What to run for `work`. It cannot be run here if there is no command for its type, a placeholder
/// has no value, or a model or an input is not on this node (then `missing` names all of them).
bus::Result<JobOrder, CannotRun> expand(const CommandTemplates& commands,
                                        const bus::WorkQueued& work, bus::Position fence,
                                        const NodePlaces& places);

}  // namespace ringrift::consumers
