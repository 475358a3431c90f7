#include "ops/option_table.hpp"

#include <array>
#include <charconv>
#include <limits>

#include "ops/quantities.hpp"
#include "projections/postgres.hpp"

namespace ringrift::ops {
namespace {

constexpr std::array<std::string_view, 6> log_level_names = {"TRACE",   "DEBUG", "INFO",
                                                             "WARNING", "ERROR", "CRITICAL"};

bool read_value(const std::string& text, std::string& value) {
    value = text;
    return !text.empty();
}

bool read_value(const std::string& text, std::filesystem::path& value) {
    value = text;
    return !text.empty();
}

bool read_value(const std::string& text, bool& value) {
    value = text == "true" || text == "1";
    return value || text == "false" || text == "0";
}

bool read_value(const std::string& text, bus::Duration& value) {
    const auto duration = duration_from_text(text);
    if (duration) value = *duration;
    return duration.has_value();
}

bool read_value(const std::string& text, LogLevel& value) {
    std::string upper;
    for (const char letter : text) {
        upper += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    if (upper == "WARN") upper = "WARNING";
    for (std::size_t i = 0; i < log_level_names.size(); ++i) {
        if (log_level_names[i] != upper) continue;
        value = static_cast<LogLevel>(i);
        return true;
    }
    return false;
}

template <class Integer>
bool read_integer(const std::string& text, std::int64_t most, Integer& value) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < 0 || number > most) return false;
    value = static_cast<Integer>(number);
    return true;
}

std::string write_value(const std::string& value) {
    return value;
}
std::string write_value(const std::filesystem::path& value) {
    return value.string();
}
std::string write_value(bool value) {
    return value ? "true" : "false";
}
std::string write_value(bus::Duration value) {
    return to_text(value);
}
std::string write_value(LogLevel value) {
    return std::string(log_level_names[static_cast<std::size_t>(value)]);
}

/// Fills in how `member` is read and written.
template <class T>
OptionRow with(OptionRow row, T Options::*member) {
    row.read = [member](Options& options, const std::string& text) {
        return read_value(text, options.*member);
    };
    row.write = [member](const Options& options) { return write_value(options.*member); };
    return row;
}

OptionRow text(OptionRow row, std::string Options::*member) {
    row.expected = "a text that is not empty";
    return with(std::move(row), member);
}

OptionRow path(OptionRow row, std::filesystem::path Options::*member) {
    row.expected = "a path";
    return with(std::move(row), member);
}

OptionRow duration(OptionRow row, bus::Duration Options::*member) {
    row.expected = duration_example;
    return with(std::move(row), member);
}

OptionRow yes_or_no(OptionRow row, bool Options::*member) {
    row.expected = "true or false";
    row.written = Written::bare;
    row.is_switch = true;
    return with(std::move(row), member);
}

OptionRow log_level(OptionRow row, LogLevel Options::*member) {
    row.expected = "TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL";
    return with(std::move(row), member);
}

template <class Integer>
OptionRow number(OptionRow row, std::int64_t most, Integer Options::*member) {
    row.written = Written::bare;
    row.read = [most, member](Options& options, const std::string& text) {
        return read_integer(text, most, options.*member);
    };
    row.write = [member](const Options& options) { return std::to_string(options.*member); };
    return row;
}

template <class Integer>
OptionRow count(OptionRow row, Integer Options::*member) {
    row.expected = "a whole number, 0 or more";
    return number(std::move(row), std::numeric_limits<std::int64_t>::max(), member);
}

OptionRow port(OptionRow row, int Options::*member) {
    row.expected = "a whole number from 0 to 65535";
    return number(std::move(row), 65535, member);
}

OptionRow secret(OptionRow row, std::string Options::*member) {
    row.is_secret = true;
    return text(std::move(row), member);
}

OptionRow row(std::string_view key, std::string_view flag, std::string_view environment,
              std::string_view group, std::string_view help) {
    return {.key = key, .flag = flag, .environment = environment, .group = group, .help = help};
}

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
        for (auto make : {make_node_rows, make_run_rows, make_silence_rows, make_scaling_rows,
                          make_postgres_rows, make_operator_rows}) {
            for (OptionRow& made : make()) rows.push_back(std::move(made));
        }
        return rows;
    }();
    return table;
}

}  // namespace ringrift::ops
