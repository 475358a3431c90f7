#include "ops/options.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "bus/ids.hpp"
#include "ops/did_you_mean.hpp"
#include "ops/option_table.hpp"
#include "ops/quantities.hpp"
#include "ops/toml_file.hpp"
#include "projections/postgres.hpp"

extern char** environ;  // NOLINT: POSIX wants it declared here.

namespace ringrift::ops {
namespace {

constexpr std::string_view file_variable = "RINGRIFT_CONFIG_FILE";

/// RINGRIFT_* that mean something to others: to jobs, to the CLI, to the tests.
constexpr std::array<std::string_view, 18> other_variables = {
    "RINGRIFT_CONFIG_FILE", "RINGRIFT_URL",         "RINGRIFT_WORK_ID",
    "RINGRIFT_FENCE",       "RINGRIFT_CONFIG",      "RINGRIFT_MODEL",
    "RINGRIFT_BASELINE",    "RINGRIFT_OUTPUT_DIR",  "RINGRIFT_GPUS",
    "RINGRIFT_SEED",        "RINGRIFT_TRACEPARENT", "RINGRIFT_CHANNEL",
    "RINGRIFT_WORK_TYPE",   "RINGRIFT_TESTS",       "RINGRIFT_SANITIZE",
    "RINGRIFT_BINARY_DIR",  "RINGRIFT_SOURCE_DIR",  "RINGRIFT_SIMULATION_SEED"};

/// A value as somebody said it, and where.
struct Said {
    std::string text = {};
    std::string origin = {};
    std::string name = {};  ///< What the person would look for: a flag, a variable, a line.
};

std::vector<std::string_view> option_keys() {
    std::vector<std::string_view> keys;
    for (const OptionRow& row : option_table()) keys.push_back(row.key);
    return keys;
}

void note_strange_variables(const OptionSources& sources, std::vector<std::string>& warnings) {
    std::vector<std::string_view> known(other_variables.begin(), other_variables.end());
    for (const OptionRow& row : option_table()) known.push_back(row.environment);
    for (const auto& [name, value] : sources.environment) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const std::string guess = did_you_mean(name, known);
        if (!guess.empty()) warnings.push_back(name + " is set but means nothing" + guess);
    }
}

void note_strange_keys(const TomlFile& file, std::vector<std::string>& problems) {
    const std::vector<std::string_view> keys = option_keys();
    for (const TomlNode& node : file.root.children) {
        if (std::find(keys.begin(), keys.end(), node.key) != keys.end()) continue;
        problems.push_back(file.place(node) + "there is no option '" + node.key + "'" +
                           did_you_mean(node.key, keys));
    }
}

std::optional<Said> find_said(const OptionRow& row, const OptionSources& sources,
                              const TomlFile& file) {
    const std::string flag(row.flag);
    const std::string variable(row.environment);
    if (const auto said = sources.flags.find(std::string(row.key)); said != sources.flags.end()) {
        return Said{said->second, "flag " + flag, flag};
    }
    const auto set = sources.environment.find(variable);
    if (set != sources.environment.end() && !set->second.empty()) {
        return Said{set->second, "environment " + variable, variable};
    }
    if (const TomlNode* node = file.root.find(row.key)) {
        return Said{node->text, file.name + ":" + std::to_string(node->line),
                    file.place(*node) + std::string(row.key)};
    }
    return {};
}

/// Flags, environment and file into `loaded`; what is not as expected into `problems`.
void read_all(const OptionSources& sources, const TomlFile& file, LoadedOptions& loaded,
              std::vector<std::string>& problems) {
    for (const OptionRow& row : option_table()) {
        const auto said = find_said(row, sources, file);
        loaded.origins[std::string(row.key)] = said ? said->origin : "default";
        if (!said || row.read(loaded.options, said->text)) continue;
        const std::string got = row.is_secret ? "" : " is '" + said->text + "':";
        problems.push_back(said->name + got + " must be " + std::string(row.expected));
    }
}

void fill_in_machine(const OptionSources& sources, LoadedOptions& loaded) {
    if (loaded.options.node_id.empty()) {
        loaded.options.node_id = sources.hostname;
        loaded.origins["node_id"] = "default, the machine's name";
    }
    loaded.options.cluster_said = loaded.origins["cluster"] != "default";
    if (loaded.options.advertise.empty()) {
        loaded.options.advertise = sources.hostname;
        loaded.origins["advertise"] = "default, the machine's name";
    }
    if (loaded.options.slots == 0) {
        loaded.options.slots = std::max(1, sources.cores);
        loaded.origins["slots"] = "default, the machine's cores";
    }
}

/// The secret `key` out of the file that `key`_file names, where one does.
void read_secret_file(const std::string& key, const std::filesystem::path& path,
                      std::string& secret, LoadedOptions& loaded,
                      std::vector<std::string>& problems) {
    if (path.empty()) return;
    if (!secret.empty()) {
        problems.push_back("both " + key + " (" + loaded.origins[key] + ") and " + key + "_file (" +
                           loaded.origins[key + "_file"] + ") are set; set one of them");
        return;
    }
    std::ifstream stream(path);
    std::string token(std::istreambuf_iterator<char>(stream), {});
    while (!token.empty() &&
           (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
        token.pop_back();
    }
    if (token.empty()) {
        problems.push_back("the token file " + path.string() +
                           " cannot be read or is empty; write the token into it");
        return;
    }
    std::error_code unknown;
    const auto rights = std::filesystem::status(path, unknown).permissions();
    if (!unknown &&
        (rights & std::filesystem::perms::others_read) != std::filesystem::perms::none) {
        loaded.warnings.push_back("anybody on this machine can read " + path.string() +
                                  "; chmod 600 it");
    }
    secret = std::move(token);
    loaded.origins[key] = "file " + path.string();
}

bool is_cluster_name(const std::string& name) {
    return !name.empty() && name.size() <= bus::id_bytes_max &&
           std::all_of(name.begin(), name.end(), [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
           });
}

bool is_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> address = {};
    return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_work_type(const std::string& text) {
    constexpr std::array types = {"selfplay", "export", "training", "evaluation", "tournament"};
    return std::ranges::count(types, text) > 0;
}

std::string with_value(std::string_view key, bus::Duration value) {
    return std::string(key) + " (" + to_text(value) + ")";
}

void add_scaling_problems(const Options& options, std::vector<std::string>& problems) {
    if (options.min_nodes > options.max_nodes) {
        problems.push_back("min_nodes (" + std::to_string(options.min_nodes) +
                           ") is more than max_nodes (" + std::to_string(options.max_nodes) +
                           "); lower the one or raise the other");
    }
    if (options.provision_command.empty() != options.terminate_command.empty()) {
        problems.push_back(
            "provision_command and terminate_command belong together; give both or none");
    }
    if (options.provider_timeout <= bus::Duration(0))
        problems.push_back("provider_timeout is 0; give the commands some time, e.g. 10m");
}

std::string quoted(const std::string& text) {
    return boost::json::serialize(boost::json::value(text));
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
}

}  // namespace

OptionSources sources_of_this_process() {
    OptionSources sources;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (!text.starts_with("RINGRIFT_") || equals == std::string_view::npos) continue;
        sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    std::array<char, 256> name = {};
    if (gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0') {
        sources.hostname = name.data();
    }
    sources.cores = static_cast<int>(std::thread::hardware_concurrency());
    return sources;
}

bus::Result<LoadedOptions, Exit> load(const OptionSources& sources) {
    LoadedOptions loaded;
    std::vector<std::string> problems;
    TomlFile file;
    std::filesystem::path path = sources.file;
    const auto named = sources.environment.find(std::string(file_variable));
    if (path.empty() && named != sources.environment.end()) path = named->second;
    if (!path.empty()) {
        auto read = read_toml(path);
        if (!read) return Exit{ExitCode::usage, read.error().sentence};
        file = *std::move(read);
    }
    note_strange_keys(file, problems);
    note_strange_variables(sources, loaded.warnings);
    read_all(sources, file, loaded, problems);
    fill_in_machine(sources, loaded);
    Options& options = loaded.options;
    read_secret_file("admin_token", options.admin_token_file, options.admin_token, loaded,
                     problems);
    read_secret_file("join_token", options.join_token_file, options.join_token, loaded, problems);
    if (problems.empty()) problems = problems_of(loaded.options);
    if (!problems.empty()) return Exit{ExitCode::usage, joined(problems)};
    return loaded;
}

std::optional<HostAndPort> host_and_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    int port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stop != end || port < 1 || port > 65535) return {};
    std::string host(text.substr(0, colon));
    const bool is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_v6) host = host.substr(1, host.size() - 2);
    if (host.find(is_v6 ? '/' : ':') != std::string::npos) return {};
    return HostAndPort{std::move(host), port};
}

namespace {

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// It would run a server that no node can reach, itself included.
bool is_managed_unseen(const Options& options) {
    const bool is_managed = std::ranges::find(options.nats, "managed") != options.nats.end();
    return is_managed && is_loopback(options.bind) && !is_loopback(options.advertise);
}

std::vector<std::string> problems_of_times(const Options& options) {
    std::vector<std::string> problems;
    const auto refuse_unless = [&](bool holds, std::string sentence) {
        if (!holds) problems.push_back(std::move(sentence));
    };
    refuse_unless(options.leader_beacon >= leader_beacon_min,
                  with_value("leader_beacon", options.leader_beacon) + " is shorter than " +
                      to_text(leader_beacon_min) + "; make it longer");
    refuse_unless(options.leader_lease >= 3 * options.leader_beacon,
                  with_value("leader_lease", options.leader_lease) +
                      " is shorter than three times " +
                      with_value("leader_beacon", options.leader_beacon) +
                      ", so two lost beacons would cost a leader its reign; lengthen leader_lease");
    refuse_unless(options.heartbeat >= heartbeat_min,
                  with_value("heartbeat", options.heartbeat) + " is shorter than " +
                      to_text(heartbeat_min) + "; make it longer");
    refuse_unless(options.lease >= 3 * options.heartbeat,
                  with_value("lease", options.lease) + " is shorter than three times " +
                      with_value("heartbeat", options.heartbeat) +
                      ", so two lost heartbeats would cost a node its work; lengthen lease");
    refuse_unless(options.lease <= options.suspect_after,
                  with_value("lease", options.lease) + " is longer than " +
                      with_value("suspect_after", options.suspect_after) +
                      "; lengthen suspect_after or shorten lease");
    refuse_unless(options.suspect_after < options.dead_after,
                  with_value("suspect_after", options.suspect_after) + " is not shorter than " +
                      with_value("dead_after", options.dead_after) + "; lengthen dead_after");
    return problems;
}

}  // namespace

std::vector<std::string> problems_of(const Options& options) {
    std::vector<std::string> problems;
    const auto refuse_unless = [&](bool holds, std::string sentence) {
        if (!holds) problems.push_back(std::move(sentence));
    };
    refuse_unless(options.node_id.size() <= bus::id_bytes_max,
                  "node_id is longer than " + std::to_string(bus::id_bytes_max) +
                      " bytes; choose a shorter one");
    refuse_unless(is_cluster_name(options.cluster),
                  "cluster is '" + options.cluster + "'; use letters, digits, - and _ only");
    refuse_unless(is_address(options.bind),
                  "bind is '" + options.bind + "'; give an IP address, e.g. 127.0.0.1 or 0.0.0.0");
    refuse_unless(options.slots <= slots_max, "slots is " + std::to_string(options.slots) +
                                                  "; give at most " + std::to_string(slots_max));
    add_scaling_problems(options, problems);
    const std::size_t voters = options.voters.size();
    refuse_unless(voters == 0 || voters == 1 || voters == 3 || voters == 5,
                  "voters names " + std::to_string(voters) +
                      " nodes; name 1, 3 or 5, so that a majority is clear");
    refuse_unless(std::set(options.voters.begin(), options.voters.end()).size() == voters,
                  "voters names a node twice; name each once");
    for (const auto* places : {&options.peers, &options.nats_routes}) {
        for (const std::string& place : *places) {
            refuse_unless(host_and_port(place).has_value(),
                          "'" + place + "' is no host:port; write it like 10.0.0.7:8770");
        }
    }
    refuse_unless(options.replicas <= 5 && (options.replicas == 0 || options.replicas % 2 == 1),
                  "replicas is " + std::to_string(options.replicas) + "; give 1, 3 or 5");
    refuse_unless(options.copies >= 1 && options.copies <= 5,
                  "copies is " + std::to_string(options.copies) + "; give 1 to 5");
    refuse_unless(
        options.transfer_streams >= 1 && options.transfer_streams <= 16,
        "transfer_streams is " + std::to_string(options.transfer_streams) + "; give 1 to 16");
    refuse_unless(options.transfer_port == 0 || options.transfer_port != options.port,
                  "transfer_port and port are both " + std::to_string(options.port) +
                      "; give the file server another");
    for (const std::string& type : options.work_types) {
        refuse_unless(is_work_type(type), "work_types names '" + type +
                                              "'; there are selfplay, export, training, "
                                              "evaluation and tournament");
    }
    refuse_unless(options.nats_cert.empty() == options.nats_key.empty(),
                  "nats_cert and nats_key belong together; give both or none");
    refuse_unless(
        options.preferred.empty() || voters == 0 ||
            std::ranges::find(options.voters, options.preferred) != options.voters.end(),
        "preferred is '" + options.preferred + "', which is none of the voters; name one of them");
    refuse_unless(
        !is_managed_unseen(options),
        "bind is " + options.bind +
            ", where the managed NATS server listens too, so that nobody reaches it as '" +
            options.advertise +
            "'; give --bind 0.0.0.0, or --advertise 127.0.0.1 where the whole cluster is "
            "on this machine");
    std::ranges::move(problems_of_times(options), std::back_inserter(problems));
    if (!options.postgres.empty()) {
        const std::string problem = projections::problem_of_url(options.postgres);
        refuse_unless(problem.empty(), "postgres " + problem);
    }
    refuse_unless(projections::is_schema_name(options.postgres_schema),
                  "postgres_schema is '" + options.postgres_schema +
                      "'; use at most 40 lower-case letters, digits and _, a letter first");
    return problems;
}

std::string shown_secret(const OptionRow& row, const std::string& value) {
    if (value.empty()) return "(not set)";
    return row.masked == nullptr ? "(secret)" : row.masked(value);
}

std::string show_text(const LoadedOptions& loaded) {
    std::string text;
    for (const OptionRow& row : option_table()) {
        const std::string value = row.write(loaded.options);
        std::string line = std::string(row.key) + " = ";
        if (row.is_secret) {
            line = "# " + line + shown_secret(row, value);
        } else if (value.empty()) {
            line = "# " + line + "(not set)";
        } else {
            line += row.written == Written::bare ? value : quoted(value);
        }
        constexpr std::size_t column = 44;
        if (line.size() < column) line.append(column - line.size(), ' ');
        text += line + "  # " + loaded.origins.at(std::string(row.key)) + "\n";
    }
    return text;
}

std::string show_json(const LoadedOptions& loaded) {
    std::string text = "{";
    for (const OptionRow& row : option_table()) {
        const std::string value = row.write(loaded.options);
        std::string shown = row.written == Written::bare ? value : quoted(value);
        if (value.empty()) shown = "null";
        if (row.is_secret && !value.empty()) shown = quoted(shown_secret(row, value));
        text += (text.size() > 1 ? "," : "") + quoted(std::string(row.key)) +
                ":{\"value\":" + shown +
                ",\"origin\":" + quoted(loaded.origins.at(std::string(row.key))) + "}";
    }
    return text + "}";
}

}  // namespace ringrift::ops
