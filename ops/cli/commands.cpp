#include "ops/cli/commands.hpp"

#include <functional>
#include <map>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "ops/cli/command_words.hpp"
#include "ops/cli/events.hpp"
#include "ops/cli/node_actions.hpp"
#include "ops/cli/remote.hpp"
#include "ops/cli/show.hpp"
#include "ops/cli/sprt.hpp"
#include "ops/http/request_target.hpp"

namespace ringrift::ops::cli {
namespace {

namespace json = boost::json;
using Show = std::string (*)(const json::value&);

}  // namespace

/// What the command line said, and what is to be done about it. Options of the same name share a
/// place: only one subcommand is chosen.
struct ClientCommands::Chosen {
    Chosen(std::ostream& output, std::ostream& errors)
        : out(output), err(errors), remote(remote_from_environment()) {}

    void add_views(CLI::App& app);
    void add_work(CLI::App& app);
    void add_events(CLI::App& app);
    void add_elo(CLI::App& app);
    void add_sprt(CLI::App& elo);
    void add_actions(CLI::App& app);
    void add_node_actions(CLI::App& app);
    void add_node_action(CLI::App& parent, const NodeAction& row);

    /// A subcommand that talks to a node.
    CLI::App& command(CLI::App& parent, const std::string& name, const std::string& help,
                      const std::string& example);
    void text(CLI::App& to, const std::string& name, const std::string& help);
    void reasons(CLI::App& to);
    /// A nested subcommand speaks first; its parent's action then does not count.
    void on(CLI::App& app, std::function<Exit()> act);

    /// GET, with the options named as parameters.
    Exit show(const std::string& path, const std::vector<std::string>& options, Show as_text);
    /// POST, with reason, dry_run and the named options in the body.
    Exit post(const std::string& path, const std::vector<std::string>& options = {});
    Exit print(const bus::Result<Told, Exit>& told, Show as_text);

    std::ostream& out;
    std::ostream& err;
    Remote remote;
    std::function<Exit()> action = {};
    std::map<std::string, std::string> texts = {};  ///< Values of options, by name without dashes.
    bool dry_run = false;
    std::int64_t games = 0;
    std::int64_t priority = -1;
    EventsQuestion events = {};
    SprtQuestion sprt = {};
    std::string sprt_model = "normalized";
};

CLI::App& ClientCommands::Chosen::command(CLI::App& parent, const std::string& name,
                                          const std::string& help, const std::string& example) {
    CLI::App& added = *parent.add_subcommand(name, help);
    added.footer("Example:\n  " + example);
    added.add_option("--url", remote.url, "The node's API; else RINGRIFT_URL, else this machine")
        ->type_name("URL");
    added
        .add_option("--token", remote.token,
                    "The admin token; better RINGRIFT_ADMIN_TOKEN, which ps does not show")
        ->type_name("TOKEN");
    added.add_flag("--json", remote.as_json, "Print the node's answer as it came");
    return added;
}

void ClientCommands::Chosen::text(CLI::App& to, const std::string& name, const std::string& help) {
    to.add_option("--" + name, texts[name], help)->type_name("TEXT");
}

void ClientCommands::Chosen::reasons(CLI::App& to) {
    text(to, "reason", "Kept in the log with the action");
    to.add_flag("--dry-run", dry_run, "Say what would be done, and do nothing");
}

void ClientCommands::Chosen::on(CLI::App& app, std::function<Exit()> act) {
    app.callback([this, act = std::move(act)] {
        if (!action) action = act;
    });
}

Exit ClientCommands::Chosen::print(const bus::Result<Told, Exit>& told, Show as_text) {
    if (!told) return told.error();
    out << (remote.as_json ? told->text : as_text(told->value));
    return {ExitCode::ok, {}};
}

Exit ClientCommands::Chosen::show(const std::string& path, const std::vector<std::string>& options,
                                  Show as_text) {
    std::vector<std::pair<std::string, std::string>> query;
    for (const std::string& option : options) query.emplace_back(option, texts[option]);
    return print(ask(remote, target_of(path, query)), as_text);
}

Exit ClientCommands::Chosen::post(const std::string& path,
                                  const std::vector<std::string>& options) {
    json::object body;
    for (const std::string& option : options) {
        if (!texts[option].empty()) body[option] = texts[option];
    }
    if (!texts["reason"].empty()) body["reason"] = texts["reason"];
    if (dry_run) body["dry_run"] = true;
    if (games > 0) body["games"] = games;
    if (priority >= 0) body["priority"] = priority;
    return print(tell_leader(remote, path, json::serialize(body)), show_done);
}

void ClientCommands::Chosen::add_views(CLI::App& app) {
    CLI::App& status = command(app, "status", "How the node and its cluster are",
                               "ringrift status --url http://gpu-7:8770");
    on(status, [this] { return show("/status", {}, show_status); });

    CLI::App& jobs =
        command(app, "jobs", "What is claimed or runs, on all nodes",
                "ringrift jobs --type training\n  ringrift jobs reset-stale --dry-run");
    for (const char* name : {"type", "config", "node"}) text(jobs, name, "Only these");
    on(jobs, [this] { return show("/jobs", {"type", "config", "node"}, show_jobs); });
    CLI::App& reset =
        command(jobs, "reset-stale", "Give claims that never started back to the queue",
                "ringrift jobs reset-stale --dry-run");
    reasons(reset);
    on(reset, [this] { return post("/admin/jobs/reset-stale"); });

    CLI::App& nodes =
        command(app, "nodes", "The machines: state, capacity, jobs", "ringrift nodes --json");
    on(nodes, [this] { return show("/nodes", {}, show_nodes); });

    CLI::App& models = command(app, "models", "The networks, and what became of each",
                               "ringrift models --config hex5_2p");
    text(models, "config", "Only this config");
    on(models, [this] { return show("/models", {"config"}, show_models); });

    CLI::App& sync = command(app, "sync", "Which files are copied where, and why; `sync trigger`",
                             "ringrift sync");
    on(sync, [this] { return show("/sync", {}, show_sync); });

    CLI::App& explain = *app.add_subcommand("explain", "Why something is as it is");
    explain.require_subcommand(1);
    CLI::App& work = command(explain, "work", "What happened to an item, and why it waits",
                             "ringrift explain work selfplay-hex5_2p-7");
    work.add_option("ID", texts["id"], "Id of the item")->required();
    on(work, [this] {
        return show("/explain/work/" + http::percent_encoded(texts["id"]), {}, show_explanation);
    });
}

void ClientCommands::Chosen::add_work(CLI::App& app) {
    CLI::App& work = *app.add_subcommand("work", "The queue of work");
    work.require_subcommand(1);
    CLI::App& list = command(work, "list", "Items, newest first",
                             "ringrift work list --status pending --config hex5_2p --limit 20");
    text(list, "status",
         "pending, claimed, running, completed, failed, timeout, cancelled, parked");
    text(list, "type", "selfplay, export, training, evaluation, tournament, sync");
    text(list, "config", "e.g. hex5_2p");
    text(list, "limit", "At most so many; 100 by default");
    on(list, [this] {
        return show("/work", {"status", "type", "config", "limit"}, show_work_list);
    });

    CLI::App& one = command(work, "show", "One item with all that is known of it",
                            "ringrift work show training-hex5_2p-3");
    one.add_option("ID", texts["id"], "Id of the item")->required();
    on(one, [this] { return show("/work/" + http::percent_encoded(texts["id"]), {}, show_work); });

    CLI::App& add = command(work, "add", "Queue an item",
                            "ringrift work add --type selfplay --config hex5_2p --games 50");
    text(add, "type", "selfplay, export, training, evaluation or tournament");
    text(add, "config", "e.g. hex5_2p");
    text(add, "model", "Digest of the network that plays; the best by default");
    text(add, "baseline", "Digest of the opponent, of evaluations and tournaments");
    add.get_option("--type")->required();
    add.get_option("--config")->required();
    add.add_option("--games", games, "Games, or pairs of a match; the config's number by default")
        ->check(CLI::Range(std::int64_t(1), std::int64_t(1'000'000'000)));
    add.add_option("--priority", priority,
                   "Higher goes first; a point is worth a minute of waiting")
        ->check(CLI::Range(0, 10'000));
    reasons(add);
    on(add, [this] { return post("/work/add", {"type", "config", "model", "baseline"}); });

    for (const std::string name : {"cancel", "unpark"}) {
        CLI::App& change =
            command(work, name,
                    name == "cancel" ? "End an item, or take it off the queue"
                                     : "Try an item again that was set aside",
                    "ringrift work " + name + " selfplay-hex5_2p-7 --reason 'bad seed'");
        change.add_option("ID", texts["work"], "Id of the item")->required();
        reasons(change);
        on(change, [this, name] { return post("/work/" + name, {"work"}); });
    }
}

void ClientCommands::Chosen::add_events(CLI::App& app) {
    CLI::App& history = command(app, "events", "The history, and what comes after it",
                                "ringrift events --type MODEL_PROMOTED --since 2d\n"
                                "  ringrift events --key selfplay-hex5_2p-7 --follow\n"
                                "  ringrift events --follow --type MODEL_PROMOTED --limit 1\n"
                                "  ringrift events --json > history.jsonl");
    history.get_option("--json")->description(
        "One CloudEvent a line; without --limit the whole history");
    history.add_option("--type", events.type, "e.g. WORK_COMPLETED");
    history.add_option(
        "--noun", events.noun,
        "nodes, leadership, work, data, training, ratings; unread: parked or unknown");
    history.add_option("--key", events.key,
                       "What it is about: the id of work, node, model or file");
    history.add_option("--since", events.since,
                       "A time, or a duration before now: 90s, 15m, 2h30m, 3d");
    history.add_option("--after", events.after, "Only events behind this position; 0 is all");
    history.add_option("--limit", events.limit,
                       "The last so many; from somewhere, or with --json, the first so many; with "
                       "--follow, so many new ones");
    history.add_flag("--follow,-f", events.follow, "Go on with what comes, until interrupted");
    on(history, [this] { return show_events(remote, events, out, err); });
}

void ClientCommands::Chosen::add_elo(CLI::App& app) {
    CLI::App& elo = command(app, "elo", "Ratings with their 95 % error bars, best first",
                            "ringrift elo --config hex5_2p\n"
                            "  ringrift elo sprt --pentanomial 2,15,40,22,5 --elo0 0 --elo1 50");
    text(elo, "config", "Only this config");
    on(elo, [this] { return show("/elo", {"config"}, show_elo); });
    add_sprt(elo);
}

void ClientCommands::Chosen::add_sprt(CLI::App& elo) {
    CLI::App& test =
        *elo.add_subcommand("sprt", "What the sequential test says of these counts; asks no node");
    test.footer(
        "Example:\n  ringrift elo sprt --pentanomial 2,15,40,22,5 --elo0 0 --elo1 50\n"
        "  ringrift elo sprt --trinomial 40,100,60 --elo0 0 --elo1 5 --model logistic");
    CLI::Option* pairs =
        test.add_option("--pentanomial", sprt.pentanomial, "Pairs of games: LL,LD,DD+WL,WD,WW");
    CLI::Option* single =
        test.add_option("--trinomial", sprt.trinomial, "Single games: losses,draws,wins");
    pairs->excludes(single);
    test.add_option("--elo0", sprt.test.elo0, "Elo of the null hypothesis")->required();
    test.add_option("--elo1", sprt.test.elo1, "Elo of the alternative, above elo0")->required();
    test.add_option("--alpha", sprt.test.alpha, "How often H1 may be accepted wrongly")
        ->capture_default_str();
    test.add_option("--beta", sprt.test.beta, "How often H0 may be accepted wrongly")
        ->capture_default_str();
    test.add_option("--model", sprt_model, "Scale of elo0 and elo1")
        ->capture_default_str()
        ->check(CLI::IsMember({"normalized", "logistic"}));
    test.add_flag("--json", sprt.as_json, "One JSON object");
    on(test, [this]() -> Exit {
        if (sprt.pentanomial.empty() && sprt.trinomial.empty()) {
            return {ExitCode::usage, "Give the counts with --pentanomial or --trinomial."};
        }
        using projections::EloModel;
        sprt.test.model = sprt_model == "logistic" ? EloModel::logistic : EloModel::normalized;
        return answer_sprt(sprt, out);
    });
}

void ClientCommands::Chosen::add_actions(CLI::App& app) {
    struct Action {
        const char* group;
        const char* name;
        const char* help;
        const char* path;
    };
    constexpr Action actions[] = {
        {"election", "start", "The leader steps down and an election follows",
         "/admin/election/start"},
        {"sync", "trigger", "Compare and copy files now", "/admin/sync/trigger"},
    };
    for (const Action& it : actions) {
        // `sync` alone is a view, and there already.
        const bool is_view = it.group == std::string_view("sync");
        CLI::App& group =
            is_view ? *app.get_subcommand(it.group) : *app.add_subcommand(it.group, it.help);
        if (!is_view) group.require_subcommand(1);
        CLI::App& added =
            command(group, it.name, it.help, std::string("ringrift ") + it.group + " " + it.name);
        reasons(added);
        on(added, [this, path = std::string(it.path)] { return post(path); });
    }
    CLI::App& shutdown =
        command(app, "shutdown", "End the node's jobs, give its claims back, and let it leave",
                "ringrift shutdown --reason 'new disk'");
    reasons(shutdown);
    on(shutdown, [this] { return post("/admin/shutdown"); });
}

void ClientCommands::Chosen::add_node_actions(CLI::App& app) {
    for (const NodeAction& it : node_actions) add_node_action(app, it);
    CLI::App& voters = command(app, "voters", "Who elects the leader",
                               "ringrift voters\n  ringrift voters add gpu-7\n  "
                               "ringrift voters remove gpu-3 --reason 'given back'");
    on(voters, [this] { return show("/status", {}, show_voters); });
    for (const NodeAction& it : voter_actions) add_node_action(voters, it);
}

void ClientCommands::Chosen::add_node_action(CLI::App& parent, const NodeAction& row) {
    CLI::App& added = command(parent, row.name, row.help, row.example);
    added.add_option("NODE", texts["node"], "Id of the node; ringrift nodes lists them")
        ->required();
    reasons(added);
    if (row.needs_reason) added.get_option("--reason")->required();
    if (row.needs_length) {
        text(added, "for", "How long, e.g. 30m or 2h");
        added.get_option("--for")->required();
    }
    on(added, [this, path = std::string(row.path)] { return post(path, {"node", "for"}); });
}

ClientCommands::ClientCommands(CLI::App& app, std::ostream& out, std::ostream& err)
    : chosen_(std::make_unique<Chosen>(out, err)) {
    chosen_->add_views(app);
    chosen_->add_work(app);
    chosen_->add_events(app);
    chosen_->add_elo(app);
    chosen_->add_actions(app);
    chosen_->add_node_actions(app);
}

ClientCommands::~ClientCommands() = default;

std::optional<int> ClientCommands::run() {
    if (!chosen_->action) return {};
    const Exit ended = chosen_->action();
    if (!ended.sentence.empty()) chosen_->err << "ringrift: " << ended.sentence << "\n";
    return static_cast<int>(ended.code);
}

int run_client(int count, const char* const* arguments, std::ostream& out, std::ostream& err) {
    CLI::App app("RingRift: client of a node's API");
    app.footer(exit_code_help());
    app.require_subcommand(1);
    ClientCommands commands(app, out, err);
    if (const auto wrong = wrong_command(app, {arguments + 1, arguments + count}); wrong) {
        err << "ringrift: " << *wrong << "\n";
        return static_cast<int>(ExitCode::usage);
    }
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& problem) {
        const bool asked_for_help = app.exit(problem, out, err) == 0;
        return static_cast<int>(asked_for_help ? ExitCode::ok : ExitCode::usage);
    }
    return commands.run().value_or(static_cast<int>(ExitCode::internal));
}

}  // namespace ringrift::ops::cli
