#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "ops/cli/command_words.hpp"
#include "ops/cli/commands.hpp"
#include "ops/on/on_command.hpp"
#include "ops/option_example.hpp"
#include "ops/option_table.hpp"
#include "ops/options.hpp"
#include "ops/print_log.hpp"
#include "ops/project.hpp"
#include "ops/refold.hpp"
#include "ops/run_node.hpp"
#include "ops/up.hpp"
#include "ops/workload.hpp"
#include "tests/simulation/simulation.hpp"

// The one binary: `up` runs a node, everything else is a client of its API or explains itself.

namespace {

using namespace ringrift;

int end_with(const ops::Exit& exit) {
    if (!exit.sentence.empty()) fmt::print(stderr, "ringrift: {}\n", exit.sentence);
    return static_cast<int>(exit.code);
}

/// `up` and `config` share the options.
struct OptionCommands {
    ops::OptionSources up = ops::sources_of_this_process();
    ops::OptionSources node = ops::sources_of_this_process();
    ops::OptionSources config = ops::sources_of_this_process();
    bool json = false;
};

int run_up(const OptionCommands& said) {
    const auto loaded = ops::load(said.up);
    return loaded ? end_with(ops::run_up(*loaded)) : end_with(loaded.error());
}

int run_node(const OptionCommands& said) {
    const auto loaded = ops::load(said.node);
    return loaded ? end_with(ops::run_node(*loaded)) : end_with(loaded.error());
}

int show_config(const OptionCommands& said) {
    const auto loaded = ops::load(said.config);
    if (!loaded) return end_with(loaded.error());
    fmt::print("{}\n", said.json ? ops::show_json(*loaded) : ops::show_text(*loaded));
    return 0;
}

int check_config(const OptionCommands& said) {
    const auto loaded = ops::load(said.config);
    if (!loaded) return end_with(loaded.error());
    const auto programs = ops::folder_of_this_program();
    const auto& named = loaded->options.workload;
    const auto workload =
        ops::load_workload(named.empty() ? ops::reference_workload(programs) : named, programs);
    if (!workload) return end_with(workload.error());
    if (said.json) {
        boost::json::array configs;
        for (const auto& config : workload->cluster.configs)
            configs.emplace_back(config.config.value);
        fmt::print("{}\n", boost::json::serialize(boost::json::object{
                               {"ok", true},
                               {"workload", workload->name},
                               {"path", workload->path.string()},
                               {"configs", std::move(configs)},
                               {"warnings", boost::json::value_from(loaded->warnings)}}));
        return 0;
    }
    for (const std::string& warning : loaded->warnings) fmt::print("warning: {}\n", warning);
    fmt::print("options and workload {} ({}) are fine: {} configs\n", workload->name,
               workload->path.string(), workload->cluster.configs.size());
    return 0;
}

void add_local_commands(CLI::App& app, OptionCommands& said, int& code) {
    CLI::App* up = app.add_subcommand("up", "Run one node in this process, on the embedded log");
    up->footer(
        "Example: ringrift up --data demo --until-generation 3 --for 15m\n\n"
        "SIGINT or SIGTERM ends the jobs, gives their work back and leaves in good order.\n\n" +
        ops::exit_code_help());
    ops::add_option_flags(*up, said.up);
    up->callback([&] { code = run_up(said); });

    CLI::App* node = app.add_subcommand("node", "Run one node of a cluster, on NATS JetStream");
    node->footer(
        "Three voters that run their own servers need RINGRIFT_JOIN_TOKEN and, on each machine:\n"
        "  ringrift node --node-id v1 --voters v1,v2,v3 --nats managed --peers v2:8770,v3:8770\n"
        "A worker needs the same token and\n"
        "  ringrift node --node-id gpu-7 --peers v1:8770\n\n" +
        ops::exit_code_help());
    ops::add_option_flags(*node, said.node);
    node->callback([&] { code = run_node(said); });

    CLI::App* config = app.add_subcommand(
        "config", "What is set, where it comes from, and whether it fits together");
    config->require_subcommand(1);
    CLI::App* show =
        config->add_subcommand("show", "Every option with its value and origin, as a TOML file");
    ops::add_option_flags(*show, said.config);
    show->add_flag("--json", said.json, "One JSON object");
    show->footer("Example: ringrift config show --config /etc/ringrift.toml > effective.toml");
    show->callback([&] { code = show_config(said); });
    CLI::App* example = config->add_subcommand(
        "example", "Every option with its default, commented, to start a file from");
    example->footer("Example: ringrift config example > ringrift.toml");
    example->callback([] { fmt::print("{}", ops::example_text()); });
    CLI::App* check =
        config->add_subcommand("check", "Check options and workload file; start nothing");
    ops::add_option_flags(*check, said.config);
    check->add_flag("--json", said.json, "One JSON object, when all is fine");
    check->footer(
        "Example: ringrift config check --workload mine.toml\n\n"
        "Ends with 0 when all is fine, 2 for options and 8 for the workload file.");
    check->callback([&] { code = check_config(said); });
}

struct PostgresCommands {
    ops::OptionSources migrate = ops::sources_of_this_process();
    ops::OptionSources project = ops::sources_of_this_process();
    bool only_list = false;
    ops::ProjectWishes wishes = {};
};

void add_postgres_commands(CLI::App& app, PostgresCommands& said, int& code) {
    CLI::App* migrate =
        app.add_subcommand("migrate", "Make RingRift's tables in PostgreSQL, or bring them up");
    migrate->footer(
        "Example: ringrift migrate --postgres postgresql://ringrift@db/ringrift\n\n"
        "The password is best kept in PGPASSWORD or ~/.pgpass.");
    ops::add_option_flags(*migrate, said.migrate, {"postgres", "postgres_schema"});
    migrate->add_flag("--list", said.only_list, "Only say which are there and which are missing");
    migrate->callback([&] {
        const auto loaded = ops::load(said.migrate);
        code = end_with(loaded ? ops::run_migrate(*loaded, said.only_list, std::cout)
                               : loaded.error());
    });

    CLI::App* project = app.add_subcommand(
        "project", "Write the log of a data folder or a cluster into PostgreSQL, and follow it");
    project->footer(
        "Examples: ringrift project --data demo --postgres postgresql://ringrift@db/ringrift\n"
        "          ringrift project --peers v1:8770 --rebuild --once --postgres "
        "postgresql:///main\n\n"
        "'ringrift up --postgres URL' does the same by itself. Run 'ringrift migrate' before.");
    ops::add_option_flags(
        *project, said.project,
        {"data_dir", "cluster", "peers", "join_token", "join_token_file", "nats", "nats_user",
         "nats_password", "nats_creds", "nats_nkey", "nats_nkey_seed", "nats_ca", "nats_cert",
         "nats_key", "advertise", "nats_port", "postgres", "postgres_schema", "log_level"});
    project->add_flag("--rebuild", said.wishes.rebuild,
                      "First fill the tables anew, beside the live ones, and swap them");
    project->add_flag("--once", said.wishes.once, "End when all that the log holds is written");
    project->callback([&] {
        const auto loaded = ops::load(said.project);
        code =
            end_with(loaded ? ops::run_project(*loaded, said.wishes, std::cout) : loaded.error());
    });
}

struct OnCommand {
    ops::OptionSources said = ops::sources_of_this_process();
    ops::on::OnWishes wishes = {};
};

void add_on_command(CLI::App& app, OnCommand& on, int& code) {
    CLI::App* command =
        app.add_subcommand("on", "Run a command for each event: ringrift on TYPE... -- COMMAND...");
    ops::on::add_on_flags(*command, on.said, on.wishes);
    command->callback([&] {
        const auto loaded = ops::load(on.said);
        code = end_with(loaded ? ops::on::run_on(*loaded, on.wishes, std::cout) : loaded.error());
    });
}

struct LogQuestion {
    std::string data = "data";
    bus::EventFilter filter = {};
};

void add_refold_command(CLI::App& app, std::string& data, int& code) {
    CLI::App* refold = app.add_subcommand(
        "refold", "Let a node that is stopped go on with a log that was cut short or restored");
    refold->footer(
        "Example: ringrift refold --data /var/lib/ringrift\n\n"
        "End all nodes, run this for each, then start them: each folds the log from its first\n"
        "event. What the log has lost is lost; names, files and jobs stay.");
    refold->add_option("--data", data, "The node's data folder")->required();
    refold->callback([&] { code = end_with(ops::run_refold(data, std::cout)); });
}

void add_log_command(CLI::App& app, LogQuestion& question, int& code) {
    CLI::App* log = app.add_subcommand(
        "log", "The history in a data folder, one CloudEvent a line; needs no node");
    log->footer("Example: ringrift log --data demo --type MODEL_PROMOTED");
    log->add_option("--data", question.data, "The folder given to 'ringrift up'");
    log->add_option("--type", question.filter.type, "e.g. WORK_COMPLETED");
    log->add_option("--noun", question.filter.noun,
                    "nodes, leadership, work, data, training, ratings");
    log->add_option("--key", question.filter.about, "Id of what the events are about");
    log->callback(
        [&] { code = end_with(ops::print_log(question.data, question.filter, std::cout)); });
}

void add_sim_command(CLI::App& app, simulation::SimulationOptions& options, int& code) {
    CLI::App* sim = app.add_subcommand(
        "sim", "Run nodes under a false clock, log, network, disk and processes, from a seed");
    sim->footer(
        "The same seed gives the same events, byte for byte. A property that does not hold is\n"
        "reported with the events concerned and the command that repeats it.\n\n"
        "Examples: ringrift sim --seed 180 --hours 6 --trace\n"
        "          ringrift sim --seed 7 --nodes 5 --hours 24");
    sim->add_option("--seed", options.seed, "Of every chance in the simulated world");
    sim->add_option("--nodes", options.nodes, "1 on the embedded log, or a cluster of 3 to 50");
    sim->add_option("--hours", options.hours,
                    "Simulated hours, 3 to 240; the last 2.5 are without faults");
    sim->add_flag("--trace", options.trace, "One line for each event and each fault");
    sim->callback([&] { code = simulation::run_simulation(options, std::cout); });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "RingRift: keeps machines teaching themselves games, and says why it does what it does.",
        "ringrift");
    app.set_version_flag("--version", std::string(ops::program_version));
    app.require_subcommand(1);
    app.footer(ops::exit_code_help());
    int code = 0;
    OptionCommands said;
    add_local_commands(app, said, code);
    PostgresCommands postgres;
    add_postgres_commands(app, postgres, code);
    OnCommand on;
    add_on_command(app, on, code);
    std::string refolded;
    add_refold_command(app, refolded, code);
    LogQuestion question;
    add_log_command(app, question, code);
    simulation::SimulationOptions simulated;
    add_sim_command(app, simulated, code);
    ops::cli::ClientCommands client(app, std::cout, std::cerr);
    auto [words, command] = ops::on::split_at_command({argv + 1, argv + argc});
    on.wishes.command = std::move(command);
    if (const auto wrong = ops::cli::wrong_command(app, words); wrong)
        return end_with(ops::Exit{ops::ExitCode::usage, *wrong});
    try {
        std::ranges::reverse(words);  // CLI11 takes them from the end.
        app.parse(words);
    } catch (const CLI::ParseError& error) {
        const int shown = app.exit(error);
        return shown == 0 ? 0 : static_cast<int>(ops::ExitCode::usage);
    }
    return client.run().value_or(code);
}
