#include "ops/workload.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "bus/json.hpp"
#include "ops/did_you_mean.hpp"
#include "ops/table_reader.hpp"
#include "producers/digest.hpp"

namespace ringrift::ops {
namespace {

using bus::ConfigPolicy;
using bus::WorkPolicy;
using bus::WorkType;

constexpr std::array<WorkType, 5> types = {WorkType::selfplay, WorkType::export_,
                                           WorkType::training, WorkType::evaluation,
                                           WorkType::tournament};
constexpr std::int64_t millionths = 1'000'000;
constexpr std::int64_t thousandths = 1'000;
constexpr double elo_least = -10'000;

/// The keys that may stand in [thresholds], and in a [[config]] to differ from it.
void read_thresholds(TableReader& from, ConfigPolicy& policy) {
    from.integer("games_to_export", 1, policy.games_to_export);
    from.integer("window_games", 1, policy.window_games);
    from.integer("samples_to_train", 1, policy.samples_to_train);
    from.duration("training_cooldown", bus::Duration(0), policy.training_cooldown_ms);
    from.integer("pairs_max", 1, policy.pairs_max);
    from.integer("games_min", 1, policy.games_min);
    from.scaled("elo0", elo_least, thousandths, policy.elo0_milli);
    from.scaled("elo1", elo_least, thousandths, policy.elo1_milli);
    from.scaled("elo_target", elo_least, thousandths, policy.elo_target_milli);
    from.integer("selfplay_ahead", 1, policy.selfplay_ahead);
}

/// What a type's table says of the size of its jobs, for the configs that do not differ.
void read_portion(TableReader& from, WorkType type, ConfigPolicy& policy) {
    if (type == WorkType::selfplay) from.integer("games", 1, policy.games_per_job);
    if (type == WorkType::evaluation) from.integer("pairs", 1, policy.pairs_per_batch);
    if (type == WorkType::tournament) from.integer("pairs", 1, policy.rating_pairs);
}

void check_placeholders(TableReader& from, WorkType type, const std::vector<std::string>& argv) {
    const std::vector<std::string_view> known = consumers::placeholders_of(type);
    for (const std::string& argument : argv) {
        for (const std::string& name : consumers::placeholders_in(argument)) {
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            std::string all;
            for (const std::string_view one : known) all += " {" + std::string(one) + "}";
            from.complain("command", "{" + name + "} means nothing to " +
                                         std::string(consumers::name_of(type)) + "; it knows" +
                                         all + did_you_mean(name, known));
        }
    }
}

void read_type(TableReader& from, WorkType type, Workload& workload, ConfigPolicy& standard) {
    const std::string name(consumers::name_of(type));
    WorkPolicy policy = {.type = name};
    from.integer("slots", 1, policy.slots);
    from.integer("gpus", 0, policy.gpus);
    from.bytes("memory", policy.memory_bytes);
    from.bytes("vram", policy.vram_bytes);
    from.bytes("output", policy.disk_bytes);
    from.duration("timeout", std::chrono::seconds(1), policy.timeout_ms);
    from.integer("attempts", 1, policy.attempts_max);
    read_portion(from, type, standard);
    consumers::CommandTemplate command;
    if (from.texts("command", command.argv)) {
        check_placeholders(from, type, command.argv);
    } else {
        from.complain("command", "[" + name + "] needs command = [\"program\", \"argument\", ...]");
    }
    from.finish();
    workload.cluster.work.push_back(std::move(policy));
    workload.commands[type] = std::move(command);
}

ConfigPolicy read_config(TableReader& from, ConfigPolicy policy) {
    std::string name = policy.config.value;
    if (!from.text("name", name)) {
        from.complain("name", "each [[config]] needs a name, e.g. name = \"hex5_2p\"");
    }
    policy.config = {name};
    if (policy.config.value.size() > bus::id_bytes_max) {
        from.complain("name", "the config's name is longer than " +
                                  std::to_string(bus::id_bytes_max) + " bytes; shorten it");
    }
    from.scaled("weight", 0, millionths, policy.weight_ppm);
    from.integer("games_per_job", 1, policy.games_per_job);
    from.integer("pairs_per_batch", 1, policy.pairs_per_batch);
    from.integer("rating_pairs", 1, policy.rating_pairs);
    read_thresholds(from, policy);
    from.finish();
    if (policy.elo0_milli >= policy.elo1_milli) {
        from.complain("elo1", policy.config.value + ": elo1 must be more than elo0");
    }
    if (policy.pairs_per_batch > policy.pairs_max) {
        from.complain("pairs_max", policy.config.value + ": pairs_max (" +
                                       std::to_string(policy.pairs_max) +
                                       ") is less than the pairs of one evaluation (" +
                                       std::to_string(policy.pairs_per_batch) + "); raise it");
    }
    if (policy.games_to_export > policy.window_games) {
        from.complain("window_games", policy.config.value + ": window_games (" +
                                          std::to_string(policy.window_games) +
                                          ") is less than games_to_export (" +
                                          std::to_string(policy.games_to_export) + "); raise it");
    }
    return policy;
}

void check_configs(TableReader& root, const std::vector<ConfigPolicy>& configs) {
    std::set<bus::ConfigKey> names;
    std::int64_t weight = 0;
    for (const ConfigPolicy& config : configs) {
        weight += config.weight_ppm;
        if (!names.insert(config.config).second) {
            root.complain("config", "config " + config.config.value + " stands twice; remove one");
        }
    }
    if (configs.empty()) {
        root.complain("config", "there is no [[config]]; add one with a name");
    } else if (weight == 0) {
        root.complain("config", "every config has weight 0, so nothing would be played; raise one");
    }
}

void read_workload(const TomlFile& file, Workload& workload, std::vector<std::string>& problems) {
    TableReader root(file, file.root, "the file", problems);
    if (!root.text("name", workload.name))
        root.complain("name", "give the workload a name = \"...\"");
    ConfigPolicy standard;
    for (const WorkType type : types) {
        const std::string_view name = consumers::name_of(type);
        if (const TomlNode* table = root.table(name)) {
            TableReader from(file, *table, "[" + std::string(name) + "]", problems);
            read_type(from, type, workload, standard);
        } else {
            root.complain(name,
                          "there is no table [" + std::string(name) + "]; add one with a command");
        }
    }
    if (const TomlNode* table = root.table("thresholds")) {
        TableReader from(file, *table, "[thresholds]", problems);
        read_thresholds(from, standard);
        from.finish();
    }
    for (const TomlNode* table : root.tables("config")) {
        TableReader from(file, *table, "[[config]]", problems);
        workload.cluster.configs.push_back(read_config(from, standard));
    }
    root.finish();
    check_configs(root, workload.cluster.configs);
}

bool can_run(const std::filesystem::path& program) {
    std::error_code unknown;
    return std::filesystem::is_regular_file(program, unknown) && access(program.c_str(), X_OK) == 0;
}

/// Whether `program`, without a slash, is in one of the folders of PATH.
bool is_on_path(const std::string& program) {
    const char* set = std::getenv("PATH");
    std::string_view folders = set == nullptr ? "" : set;
    while (!folders.empty()) {
        const std::size_t colon = std::min(folders.find(':'), folders.size());
        if (can_run(std::filesystem::path(folders.substr(0, colon)) / program)) return true;
        folders.remove_prefix(std::min(colon + 1, folders.size()));
    }
    return false;
}

/// `program` with {bin} and {workload} filled in.
std::string place_of(std::string program, const std::filesystem::path& programs,
                     const std::filesystem::path& workload) {
    const auto replace = [&](std::string_view name, const std::string& value) {
        const std::size_t at = program.find(name);
        if (at != std::string::npos) program.replace(at, name.size(), value);
    };
    replace("{bin}", programs.string());
    replace("{workload}", workload.string());
    return program;
}

Exit broken(const std::vector<std::string>& problems) {
    Exit exit = {.code = ExitCode::workload_broken};
    for (const std::string& problem : problems) {
        exit.sentence += (exit.sentence.empty() ? "" : "\n") + problem;
    }
    return exit;
}

}  // namespace

bus::Result<Workload, Exit> parse_workload(std::string_view text, std::filesystem::path path) {
    const auto file = parse_toml(text, path.string());
    if (!file) return broken({file.error().sentence});
    Workload workload = {.path = std::move(path)};
    std::vector<std::string> problems;
    read_workload(*file, workload, problems);
    if (!problems.empty()) return broken(problems);
    workload.cluster.hash = hash_of(workload.cluster);
    return workload;
}

bus::Result<Workload, Exit> load_workload(const std::filesystem::path& path,
                                          const std::filesystem::path& programs) {
    const auto text = read_text(path);
    if (!text) return broken({text.error().sentence});
    auto workload = parse_workload(*text, path);
    if (!workload) return workload;
    std::error_code unknown;
    workload->path = std::filesystem::absolute(path, unknown);
    std::vector<std::string> problems;
    for (const auto& [type, command] : workload->commands) {
        const std::string program =
            place_of(command.argv.front(), programs, workload->path.parent_path());
        const bool named_by_path = program.find('/') != std::string::npos;
        if (named_by_path ? can_run(program) : is_on_path(program)) continue;
        problems.push_back(path.string() + ": the program of [" +
                           std::string(consumers::name_of(type)) + "], " + program +
                           ", is not there or may not be run; build it or correct the command");
    }
    if (!problems.empty()) return broken(problems);
    return workload;
}

std::string hash_of(const bus::ClusterConfigChanged& cluster) {
    return producers::digest_of(bus::to_json(std::pair(cluster.configs, cluster.work)));
}

std::filesystem::path reference_workload(const std::filesystem::path& programs) {
    constexpr auto name = "workloads/hex/workload.toml";
    std::error_code unknown;
    if (std::filesystem::exists(programs / name, unknown)) return programs / name;
    return programs.parent_path() / "share" / "ringrift" / name;
}

}  // namespace ringrift::ops
