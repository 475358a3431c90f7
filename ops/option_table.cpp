#include "ops/option_table.hpp"

#include "ops/option_kinds.hpp"
#include "projections/postgres.hpp"

namespace ringrift::ops {
namespace {

using namespace option_kinds;

std::vector<OptionRow> make_node_rows() {
    constexpr auto group = "Node";
    return {
        text(row("node_id", "--node-id", "RINGRIFT_NODE_ID", group,
                 "name of this node in the cluster; the machine's name unless given"),
             &Options::node_id),
        text(row("cluster", "--cluster", "RINGRIFT_CLUSTER", group, "name of the cluster"),
             &Options::cluster),
        port(row("port", "--port", "RINGRIFT_P2P_PORT", group, "HTTP API port; 0 takes a free one"),
             &Options::port),
        text(row("bind", "--bind", "RINGRIFT_BIND", group,
                 "address of the HTTP API; 0.0.0.0 lets other machines in"),
             &Options::bind),
        path(row("data_dir", "--data", "RINGRIFT_DATA_DIR", group,
                 "folder for the log, games and models"),
             &Options::data_dir),
        path(row("workload", "--workload", "RINGRIFT_WORKLOAD", group,
                 "workload file (TOML); the reference workload unless given"),
             &Options::workload),
        count(row("slots", "--slots", "RINGRIFT_SLOTS", group,
                  "jobs at the same time; one a core unless given"),
              &Options::slots),
        list(row("work_types", "--work-types", "RINGRIFT_WORK_TYPES", group,
                 "types of work that this node takes, such as selfplay,evaluation; all unless "
                 "given"),
             &Options::work_types),
    };
}

std::vector<OptionRow> make_run_rows() {
    constexpr auto group = "Run";
    return {
        duration(row("for", "--for", "RINGRIFT_FOR", group, "stop after this time; 0 runs on"),
                 &Options::run_for),
        count(row("until_generation", "--until-generation", "RINGRIFT_UNTIL_GENERATION", group,
                  "stop when so many new networks are judged; 0 runs on"),
              &Options::until_generation),
        count(
            row("seed", "--seed", "RINGRIFT_RANDOM_SEED", group, "of everything chosen by chance"),
            &Options::seed),
        duration(row("stop_grace", "--stop-grace", "RINGRIFT_STOP_GRACE", group,
                     "time that a job gets between SIGTERM and SIGKILL"),
                 &Options::stop_grace),
    };
}

std::vector<OptionRow> make_cluster_rows() {
    constexpr auto group = "Cluster (ringrift node)";
    return {
        list(row("peers", "--peers", "RINGRIFT_PEERS", group,
                 "host:port of members to join through; remembered for the next start"),
             &Options::peers),
        list(
            row("voters", "--voters", "RINGRIFT_VOTERS", group,
                "names of the 1, 3 or 5 nodes that elect the leader; asked of a peer unless given"),
            &Options::voters),
        text(row("advertise", "--advertise", "RINGRIFT_ADVERTISE", group,
                 "host under which the others reach this node; the machine's name unless given"),
             &Options::advertise),
        secret(row("join_token", "--join-token", "RINGRIFT_JOIN_TOKEN", group,
                   "secret of all members; a flag shows in `ps`, so prefer the other ways"),
               &Options::join_token),
        path(row("join_token_file", "--join-token-file", "RINGRIFT_JOIN_TOKEN_FILE", group,
                 "file that holds that secret alone"),
             &Options::join_token_file),
        duration(row("join_patience", "--join-patience", "RINGRIFT_JOIN_PATIENCE", group,
                     "how long a node that starts tries to reach a member, then the log, before it "
                     "ends"),
                 &Options::join_patience),
        list(row("nats", "--nats", "RINGRIFT_NATS", group,
                 "URLs of the NATS servers; 'managed' runs one here; asked of a peer unless given"),
             &Options::nats),
        count(row("replicas", "--replicas", "RINGRIFT_REPLICAS", group,
                  "copies of the event log; one a voter unless given"),
              &Options::replicas),
    };
}

std::vector<OptionRow> make_nats_rows() {
    constexpr auto group = "NATS";
    return {
        text(row("nats_user", "--nats-user", "RINGRIFT_NATS_USER", group, "user name"),
             &Options::nats_user),
        secret(row("nats_password", "--nats-password", "RINGRIFT_NATS_PASSWORD", group,
                   "its password; a flag shows in `ps`, so prefer the other ways"),
               &Options::nats_password),
        path(row("nats_creds", "--nats-creds", "RINGRIFT_NATS_CREDS", group,
                 "credentials file (JWT and seed)"),
             &Options::nats_creds),
        text(row("nats_nkey", "--nats-nkey", "RINGRIFT_NATS_NKEY", group, "public nkey, U..."),
             &Options::nats_nkey),
        path(row("nats_nkey_seed", "--nats-nkey-seed", "RINGRIFT_NATS_NKEY_SEED", group,
                 "file with the seed of that nkey"),
             &Options::nats_nkey_seed),
        path(row("nats_ca", "--nats-ca", "RINGRIFT_NATS_CA", group,
                 "certificate of who signed the servers'; turns TLS on"),
             &Options::nats_ca),
        path(row("nats_cert", "--nats-cert", "RINGRIFT_NATS_CERT", group,
                 "certificate of this node, where the servers ask for one"),
             &Options::nats_cert),
        path(row("nats_key", "--nats-key", "RINGRIFT_NATS_KEY", group, "its private key"),
             &Options::nats_key),
        port(row("nats_port", "--nats-port", "RINGRIFT_NATS_PORT", group,
                 "port of a managed server, for clients"),
             &Options::nats_port),
        port(row("nats_route_port", "--nats-route-port", "RINGRIFT_NATS_ROUTE_PORT", group,
                 "port of a managed server, for the other servers"),
             &Options::nats_route_port),
        list(row("nats_routes", "--nats-routes", "RINGRIFT_NATS_ROUTES", group,
                 "host:port of the other managed servers; the hosts of --peers unless given"),
             &Options::nats_routes),
        yes_or_no(row("nats_sync_always", "--nats-sync-always", "RINGRIFT_NATS_SYNC_ALWAYS", group,
                      "a managed server writes to disk before it acknowledges (2.10 or later)"),
                  &Options::nats_sync_always),
    };
}

std::vector<OptionRow> make_file_rows() {
    constexpr auto group = "Files between nodes (ringrift node)";
    return {
        port(row("transfer_port", "--transfer-port", "RINGRIFT_TRANSFER_PORT", group,
                 "port of the file server; 0 takes a free one and tells the others"),
             &Options::transfer_port),
        size(row("transfer_rate", "--transfer-rate", "RINGRIFT_TRANSFER_RATE", group,
                 "bytes a second given to others at most, such as 50MB; 0 is no cap"),
             &Options::transfer_bytes_per_second_max),
        count(row("transfer_streams", "--transfer-streams", "RINGRIFT_TRANSFER_STREAMS", group,
                  "connections to each node that a file is fetched from, 1 to 16"),
              &Options::transfer_streams),
        count(row("copies", "--copies", "RINGRIFT_COPIES", group,
                  "of every games file and model, on different nodes, 1 to 5; the leader's counts"),
              &Options::copies),
    };
}

std::vector<OptionRow> make_silence_rows() {
    constexpr auto group = "Silence";
    return {
        duration(row("heartbeat", "--heartbeat", "RINGRIFT_HEARTBEAT", group,
                     "how often a node says that it lives"),
                 &Options::heartbeat),
        duration(row("lease", "--lease", "RINGRIFT_LEASE", group,
                     "silence after which a node's work is given to others"),
                 &Options::lease),
        duration(row("suspect_after", "--suspect-after", "RINGRIFT_SUSPECT_AFTER", group,
                     "silence after which a node is suspected"),
                 &Options::suspect_after),
        duration(row("dead_after", "--dead-after", "RINGRIFT_DEAD_AFTER", group,
                     "silence after which a node is offline"),
                 &Options::dead_after),
    };
}

std::vector<OptionRow> make_scaling_rows() {
    constexpr auto group = "Scaling";
    return {
        count(row("min_nodes", "--min-nodes", "RINGRIFT_MIN_NODES", group,
                  "auto-scaling keeps at least so many"),
              &Options::min_nodes),
        count(row("max_nodes", "--max-nodes", "RINGRIFT_MAX_NODES", group,
                  "auto-scaling asks for at most so many"),
              &Options::max_nodes),
        yes_or_no(row("autoscale_dry_run", "--autoscale-dry-run", "RINGRIFT_AUTOSCALE_DRY_RUN",
                      group, "log what scaling would do, and do nothing"),
                  &Options::autoscale_dry_run),
        text(row("provision_command", "--provision-command", "RINGRIFT_PROVISION_COMMAND", group,
                 "program that adds a machine for node $RINGRIFT_NODE and prints its name last; "
                 "the same on each voter; ops/deploy/README.md shows one"),
             &Options::provision_command),
        text(row("terminate_command", "--terminate-command", "RINGRIFT_TERMINATE_COMMAND", group,
                 "program that ends the machine of node $RINGRIFT_NODE, or finds that it is gone"),
             &Options::terminate_command),
        duration(row("provider_timeout", "--provider-timeout", "RINGRIFT_PROVIDER_TIMEOUT", group,
                     "after this time such a command is ended and tried again later"),
                 &Options::provider_timeout),
        count(row("provider_orders_per_hour", "--provider-orders-per-hour",
                  "RINGRIFT_PROVIDER_ORDERS_PER_HOUR", group,
                  "at most so many of these commands are begun in an hour"),
              &Options::provider_orders_per_hour),
    };
}

std::vector<OptionRow> make_election_rows() {
    constexpr auto group = "Election";
    return {
        text(row("preferred", "--preferred", "RINGRIFT_PREFERRED", group,
                 "the voter that stands first when there is no leader"),
             &Options::preferred),
        duration(row("leader_beacon", "--leader-beacon", "RINGRIFT_LEADER_BEACON", group,
                     "between two beacons of the leader; the same on every voter"),
                 &Options::leader_beacon),
        duration(row("leader_lease", "--leader-lease", "RINGRIFT_LEADER_LEASE", group,
                     "a leader that a majority has not answered for so long stops leading; the "
                     "same on every voter"),
                 &Options::leader_lease),
    };
}

std::vector<OptionRow> make_postgres_rows() {
    constexpr auto group = "PostgreSQL";
    OptionRow url = row("postgres", "--postgres", "RINGRIFT_POSTGRES_URL", group,
                        "keeps history and tables there: postgresql://user@host:5432/database");
    url.masked = projections::without_password;
    return {
        secret(std::move(url), &Options::postgres),
        text(row("postgres_schema", "--postgres-schema", "RINGRIFT_POSTGRES_SCHEMA", group,
                 "schema of the tables; one for each cluster in a database"),
             &Options::postgres_schema),
    };
}

std::vector<OptionRow> make_operator_rows() {
    constexpr auto group = "Operator";
    return {
        log_level(row("log_level", "--log-level", "RINGRIFT_LOG_LEVEL", group,
                      "TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL"),
                  &Options::log_level),
        yes_or_no(row("fail_on_subscription_failure", "--fail-on-subscription-failure",
                      "RINGRIFT_FAIL_ON_SUBSCRIPTION_FAILURE", group,
                      "end with code 3 at start if a critical subscription fails"),
                  &Options::fail_on_subscription_failure),
        secret(row("admin_token", "--admin-token", "RINGRIFT_ADMIN_TOKEN", group,
                   "asked of every POST; a flag shows in `ps`, so prefer the other ways"),
               &Options::admin_token),
        path(row("admin_token_file", "--admin-token-file", "RINGRIFT_ADMIN_TOKEN_FILE", group,
                 "file that holds that token alone"),
             &Options::admin_token_file),
    };
}

}  // namespace

const std::vector<OptionRow>& option_table() {
    static const std::vector<OptionRow> table = [] {
        std::vector<OptionRow> rows;
        for (auto make : {make_node_rows, make_run_rows, make_cluster_rows, make_nats_rows,
                          make_election_rows, make_silence_rows, make_file_rows, make_scaling_rows,
                          make_postgres_rows, make_operator_rows}) {
            for (OptionRow& made : make()) rows.push_back(std::move(made));
        }
        return rows;
    }();
    return table;
}

}  // namespace ringrift::ops
