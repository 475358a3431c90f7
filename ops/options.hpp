#pragma once

// Everything that can be set about a node: one struct, each default in its place with its reason.
//
// A value comes from its flag, else from its environment variable, else from the TOML file, else it
// is the default; ops/option_table.cpp names the three of each. Loaded once at start, checked as a
// whole (the orderings between timeouts too), then passed about by const reference. `show` prints
// what holds and where each value comes from; secrets are never printed.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/time.hpp"
#include "ops/exit_codes.hpp"

namespace ringrift::ops {

inline constexpr std::int64_t slots_max = 1024;  ///< More is a slip of the finger, not a machine.
/// Below it, the beats of a large cluster would be its main work.
inline constexpr bus::Duration heartbeat_min = std::chrono::milliseconds(100);

/// Below it, a busy machine answers too late to keep a leader.
inline constexpr bus::Duration leader_beacon_min = std::chrono::milliseconds(20);

enum class LogLevel { trace, debug, info, warning, error, critical };

struct Options {
    // Who and where
    std::string node_id = {};      ///< Empty until loaded: then the machine's name.
    std::string cluster = "main";  ///< A token of every subject, so letters, digits, - and _.
    bool cluster_said = false;     ///< Whether that is more than the default.
    int port = 8770;               ///< 0 takes any free port; the log says which.
    /// `up` is for one machine, and a laptop in a cafe should not serve its API to the room: other
    /// machines get in only after somebody said so. 0.0.0.0 opens it on every interface.
    std::string bind = "127.0.0.1";
    std::filesystem::path data_dir = "data";
    std::filesystem::path workload = {};  ///< Empty: the reference workload beside the program.

    // What to do, and for how long
    bus::Duration run_for = {};         ///< 0 runs until told to stop.
    std::int64_t until_generation = 0;  ///< Stop when so many candidates are decided upon; 0 never.
    std::int64_t seed = 1;              ///< Of everything that is chosen by chance.
    std::int64_t slots = 0;             ///< Jobs at the same time; 0 until loaded: then the cores.
    bus::Duration stop_grace = std::chrono::seconds(30);  ///< From SIGTERM to SIGKILL for a job.

    // The cluster, for `ringrift node`
    std::vector<std::string> peers = {};   ///< host:port of members to join through.
    std::vector<std::string> voters = {};  ///< Names of 1, 3 or 5 nodes; empty: asked of a peer.
    std::string advertise = {};   ///< How others reach this node; empty until loaded: its name.
    std::string join_token = {};  ///< Secret that every member knows; the servers' passwords, too.
    std::filesystem::path join_token_file = {};
    /// For a member, then for the log, which servers that all start at once take about ten seconds
    /// to show. Then the node ends, and its supervisor starts it again.
    bus::Duration join_patience = std::chrono::seconds(60);
    /// URLs of servers; `managed` among them runs one here. Empty: asked of a peer.
    std::vector<std::string> nats = {};
    std::string nats_user = {};
    std::string nats_password = {};         ///< Secret.
    std::filesystem::path nats_creds = {};  ///< File with a JWT and its seed.
    std::string nats_nkey = {};             ///< Public key, `U...`; its seed is in a file.
    std::filesystem::path nats_nkey_seed = {};
    std::filesystem::path nats_ca = {};    ///< Of the servers' certificates; turns TLS on.
    std::filesystem::path nats_cert = {};  ///< This node's, where the servers ask for one.
    std::filesystem::path nats_key = {};
    int nats_port = 4222;        ///< Of a managed server, for clients.
    int nats_route_port = 6222;  ///< Of a managed server, for the other servers.
    /// host:port of the other managed servers; empty: the hosts of `peers`, same port as here.
    std::vector<std::string> nats_routes = {};
    bool nats_sync_always = false;  ///< A managed server writes to disk before it acknowledges.
    std::int64_t replicas = 0;      ///< Copies of the event log; 0: as many as voters, at most 5.

    // Files between nodes
    int transfer_port = 0;  ///< Of the file server; 0 takes a free one, which the others are told.
    std::int64_t transfer_bytes_per_second_max = 0;  ///< Of what is given to others; 0 is no cap.
    std::int64_t transfer_streams = 2;  ///< Connections to each source of a file: one for each core
                                        ///< that is to decrypt, for a fast link.
    std::int64_t copies = 2;            ///< Of every games file and model: one node may be lost.
    std::vector<std::string> work_types = {};  ///< That this node takes; empty: all.

    // The election. The same on every voter: a leader's lease rests on the voters' promises.
    std::string preferred = {};  ///< The voter that stands first; empty: none. Never an override.
    bus::Duration leader_beacon = std::chrono::milliseconds(500);
    bus::Duration leader_lease = std::chrono::seconds(3);  ///< So long it leads without answers.

    // When silence means what. Each must be longer than the one before.
    bus::Duration heartbeat = std::chrono::seconds(15);
    bus::Duration lease = std::chrono::seconds(45);  ///< Three heartbeats: two may get lost.
    bus::Duration suspect_after = std::chrono::seconds(60);
    bus::Duration dead_after = std::chrono::seconds(90);

    // Scaling
    std::int64_t min_nodes = 2;
    std::int64_t max_nodes = 50;
    bool autoscale_dry_run = false;
    /// Commands of the provider of machines, the same on each voter. Empty: nothing is scaled.
    std::string provision_command = {};
    std::string terminate_command = {};
    bus::Duration provider_timeout = std::chrono::minutes(10);  ///< Clouds take their time.
    std::int64_t provider_orders_per_hour = 20;  ///< Retries too: an error must not rent for ever.

    // PostgreSQL, which keeps history and tables for SQL; empty does without.
    std::string postgres = {};  ///< Secret: it may hold a password.
    std::string postgres_schema = "ringrift";

    // For the operator
    LogLevel log_level = LogLevel::info;
    bool fail_on_subscription_failure = false;
    std::string admin_token = {};  ///< Secret. Empty: POST is accepted from loopback only.
    std::filesystem::path admin_token_file = {};
};

struct HostAndPort {
    std::string host = {};  ///< A name, or an address without brackets.
    int port = 0;
    friend bool operator==(const HostAndPort&, const HostAndPort&) = default;
};
/// From `host:port` or `[v6]:port`; empty when it is neither.
std::optional<HostAndPort> host_and_port(std::string_view text);

/// What was said on the command line: option key -> text.
using OptionTexts = std::map<std::string, std::string>;

/// Where options come from; an argument, so that tests need no process of their own.
struct OptionSources {
    OptionTexts flags = {};
    std::map<std::string, std::string> environment = {};  ///< Empty values count as not set.
    std::filesystem::path file = {};                      ///< Empty: RINGRIFT_CONFIG_FILE, or none.
    std::string hostname = "localhost";
    int cores = 1;
};

struct LoadedOptions {
    Options options = {};
    /// Option key -> e.g. `flag --port`, `environment RINGRIFT_P2P_PORT`, `ringrift.toml:3`,
    /// `default`.
    std::map<std::string, std::string> origins = {};
    std::vector<std::string> warnings = {};  ///< Sentences: what was ignored, or is unwise.
};

/// The environment's RINGRIFT_* and the machine's name and cores. Flags and file are the caller's.
OptionSources sources_of_this_process();

/// Refuses with all that is wrong, one sentence a line, each naming its source.
bus::Result<LoadedOptions, Exit> load(const OptionSources& sources);

/// What does not fit together, one sentence each. `load` has asked this already.
std::vector<std::string> problems_of(const Options& options);

/// A TOML file that says the same, except for secrets, with the origin of each value behind it.
std::string show_text(const LoadedOptions& loaded);

/// {"port":{"value":8770,"origin":"default"},...} on one line.
std::string show_json(const LoadedOptions& loaded);

}  // namespace ringrift::ops
