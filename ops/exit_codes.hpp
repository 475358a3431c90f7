#pragma once

// How the program ends, and what that tells whoever started it. Documented in `ringrift --help`.
//
// A number once given keeps its meaning: scripts, systemd units and alerts rely on them. Whoever
// finds a reason not to go on returns an `Exit`; only main turns it into the end of the process.

#include <array>
#include <string>
#include <string_view>

namespace ringrift::ops {

enum class ExitCode : int {
    ok = 0,
    refused = 1,
    usage = 2,
    subscription_failed = 3,
    unreachable = 4,
    cannot_bind = 5,
    data_dir_unusable = 6,
    data_dir_taken = 7,
    workload_broken = 8,
    time_up = 9,
    internal = 10,
    not_admitted = 11,
    log_unusable = 12,
    postgres_unreachable = 20,
    postgres_refuses = 21,
};

struct ExitMeaning {
    ExitCode code = ExitCode::ok;
    std::string_view meaning = {};
};

inline constexpr std::array<ExitMeaning, 15> exit_meanings = {{
    {ExitCode::ok, "done"},
    {ExitCode::refused, "the node refused the request"},
    {ExitCode::usage, "wrong arguments or options"},
    {ExitCode::subscription_failed, "a critical event subscription failed at start"},
    {ExitCode::unreachable, "no answer from the node"},
    {ExitCode::cannot_bind, "the port is in use or cannot be opened"},
    {ExitCode::data_dir_unusable, "the data folder is unwritable or full"},
    {ExitCode::data_dir_taken, "another process holds the data folder"},
    {ExitCode::workload_broken, "the workload file is broken"},
    {ExitCode::time_up, "--for was over before --until-generation was reached"},
    {ExitCode::internal, "a bug in RingRift; please report it"},
    {ExitCode::not_admitted, "the cluster does not admit this node: token, name, version or clock"},
    {ExitCode::log_unusable, "the event log of the cluster cannot be used"},
    {ExitCode::postgres_unreachable, "PostgreSQL does not answer"},
    {ExitCode::postgres_refuses, "PostgreSQL lets nobody in, or its tables do not fit"},
}};

/// Why the program will not go on; `sentence` says what to do about it.
struct Exit {
    ExitCode code = ExitCode::internal;
    std::string sentence = {};
};

/// One line for each code, for the foot of `--help`.
inline std::string exit_code_help() {
    std::string text = "Exit codes:\n";
    for (const ExitMeaning& row : exit_meanings) {
        const std::string number = std::to_string(static_cast<int>(row.code));
        text +=
            std::string(4 - number.size(), ' ') + number + "  " + std::string(row.meaning) + "\n";
    }
    return text;
}

}  // namespace ringrift::ops
