#pragma once

// The subcommands that say something of one node, each as a row: what it is called, what help says,
// where it is posted to. `commands.cpp` makes them; `voter_actions` stand below `ringrift voters`.

#include <array>

namespace ringrift::ops::cli {

struct NodeAction {
    const char* name;
    const char* path;  ///< Of the API; the node's id goes in the body.
    const char* help;
    const char* example;
    bool needs_reason = false;
    bool needs_length = false;  ///< `--for`.
};

inline constexpr std::array node_actions = {
    NodeAction{.name = "drain",
               .path = "/nodes/drain",
               .help = "Let a node finish what it holds and give it nothing new",
               .example = "ringrift drain gpu-7 --reason 'new disk'\n  then: ringrift shutdown "
                          "--url http://gpu-7:8770\n  back:  ringrift release gpu-7",
               .needs_reason = true},
    NodeAction{.name = "retire",
               .path = "/nodes/retire",
               .help = "Count a node no longer that is gone, and bar its id",
               .example = "ringrift retire gpu-7 --reason 'given back to the provider'",
               .needs_reason = true},
    NodeAction{.name = "quarantine",
               .path = "/nodes/quarantine",
               .help = "Give a node no new work for a while, 24 hours at most",
               .example = "ringrift quarantine gpu-7 --for 1h --reason 'new driver'",
               .needs_reason = true,
               .needs_length = true},
    NodeAction{.name = "release",
               .path = "/nodes/release",
               .help = "End a node's draining, quarantine or retirement",
               .example = "ringrift release gpu-7"},
};

inline constexpr std::array voter_actions = {
    NodeAction{.name = "add",
               .path = "/voters/add",
               .help = "Let one more node vote; it must have joined",
               .example = "ringrift voters add gpu-7"},
    NodeAction{.name = "remove",
               .path = "/voters/remove",
               .help = "Let a node vote no more",
               .example = "ringrift voters remove gpu-3 --reason 'given back to the provider'"},
};

}  // namespace ringrift::ops::cli
