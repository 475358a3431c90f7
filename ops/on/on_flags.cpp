// The flags of `ringrift on`. Apart from what they lead to, because CLI11 is slow to compile.
#include <CLI/CLI.hpp>

#include <algorithm>

#include "ops/on/on_command.hpp"
#include "ops/option_table.hpp"

namespace ringrift::ops::on {

SplitWords split_at_command(const std::vector<std::string>& words) {
    if (words.empty() || words.front() != "on") return {.before = words};
    const auto mark = std::ranges::find(words, "--");
    SplitWords split = {.before = {words.begin(), mark}};
    if (mark != words.end()) split.command.assign(mark + 1, words.end());
    return split;
}

void add_on_flags(CLI::App& command, OptionSources& said, OnWishes& wishes) {
    command.footer(
        "The command gets the event as one line of JSON on standard input, and its fields in the\n"
        "environment: RINGRIFT_EVENT_TYPE, _ID, _SUBJECT, _TIME, _SOURCE, _POSITION, _ATTEMPT, "
        "and\n"
        "of its data e.g. _CONFIG, _MODEL, _NODE. Code 0 is done. Any other is a failure: the "
        "same\n"
        "event comes again after a pause that doubles, and after --attempts it is parked and the\n"
        "next one follows. One event at a time, in the order of the log, each at least once: a\n"
        "command may see one twice, so let it look at RINGRIFT_EVENT_ID.\n\n"
        "With --nats, --peers or the --data of a cluster's node, JetStream remembers how far a\n"
        "name has come: several processes of one name share it, one works and the others stand\n"
        "by. Otherwise events come through a node's API, and the position is kept in --data/on,\n"
        "for one process of a name at a time.\n\n"
        "Examples:\n"
        "  ringrift on TRAINING_COMPLETED -- ./announce.sh\n"
        "  ringrift on 'WORK_*' --name audit --from beginning -- sh -c 'cat >> audit.jsonl'\n"
        "  ringrift on --list\n"
        "  ringrift on --parked --name audit\n"
        "  ringrift on --redrive all --name audit -- sh -c 'cat >> audit.jsonl'");
    command.add_option("TYPES", wishes.types,
                       "Event types, e.g. MODEL_PROMOTED; patterns too: 'WORK_*', '*'");
    command.add_option(
        "--name", wishes.name,
        "How far it has come is kept under it; made of types and command by default");
    command
        .add_option("--from", wishes.from, "Where a new name begins: now, beginning, or a position")
        ->capture_default_str();
    command.add_option("--attempts", wishes.attempts, "Failures before an event is parked")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    command.add_option("--timeout", wishes.timeout, "Of the command, for one event")
        ->capture_default_str();
    command.add_option("--pause", wishes.pause, "Before the second attempt; doubles, up to 5m")
        ->capture_default_str();
    command.add_option("--url", wishes.url, "Follow this node's API; else RINGRIFT_URL");
    command.add_flag("--list", wishes.list, "Who listens to what, how far each has come");
    command.add_flag("--parked", wishes.parked, "Events set aside, with how their command failed");
    command.add_option("--redrive", wishes.redrive,
                       "Run the command for parked events now: a position, or all");
    command.add_option("--discard", wishes.discard, "Take a parked event off the list: a position");
    command.add_option("--forget", wishes.forget,
                       "End a name: it is forgotten how far it has come");
    command.add_flag("--json", wishes.as_json, "--list and --parked as JSON, one object a line");
    add_option_flags(command, said,
                     {"data_dir", "cluster", "peers", "join_token", "join_token_file", "nats",
                      "nats_user", "nats_password", "nats_creds", "nats_nkey", "nats_nkey_seed",
                      "nats_ca", "nats_cert", "nats_key", "advertise", "nats_port", "log_level"});
}

}  // namespace ringrift::ops::on
