// The CLI as somebody at a terminal meets it: what it prints, and how it ends. Talks to a real API.

#include <sstream>
#include <thread>

#include "ops/cli/commands.hpp"
#include "ops/cli/table.hpp"
#include "tests/api_world.hpp"

using namespace ringrift::tests;
using ringrift::ops::AdminReply;
using ringrift::ops::http::ApiOptions;
namespace bus = ringrift::bus;
namespace json = boost::json;

namespace {

struct Ended {
    int code = 0;
    std::string out = {};
    std::string err = {};
};

Ended ringrift_with(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ringrift");
    std::vector<const char*> raw;
    for (const std::string& argument : arguments) raw.push_back(argument.c_str());
    std::ostringstream out, err;
    const int code =
        ringrift::ops::cli::run_client(static_cast<int>(raw.size()), raw.data(), out, err);
    return {.code = code, .out = out.str(), .err = err.str()};
}

Ended at_node(const ApiWorld& world, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--url", "http://127.0.0.1:" + std::to_string(world.port)});
    return ringrift_with(std::move(arguments));
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("status is readable without jq") {
    ApiWorld world;
    fill(world);
    const Ended ended = at_node(world, {"status"});
    INFO(ended.out);
    CHECK(ended.code == 0);
    CHECK(has(ended.out, "boss (leader, epoch 1), leader boss"));
    CHECK(has(ended.out, "1 of 1 alive besides this node"));
    CHECK(has(ended.out, "selfplay 0, training 1"));
    CHECK(has(ended.out, "1 wait: No node that takes work has as much as it needs"));
    CHECK(has(ended.out, "manager_events ok"));
    CHECK(json::parse(at_node(world, {"status", "--json"}).out).at("node_id").as_string() ==
          "boss");
}

TEST_CASE("tables of jobs, work, nodes, models and ratings are aligned") {
    ApiWorld world;
    fill(world);
    CHECK(has(at_node(world, {"jobs"}).out, "w-1   training  hex5_2p  gpu-1  running"));
    CHECK(has(at_node(world, {"jobs"}).out, "25%"));
    CHECK(has(at_node(world, {"work", "list", "--status", "pending"}).out,
              "w/2 a  selfplay  hex5_2p  pending"));
    CHECK(has(at_node(world, {"work", "list", "--limit", "1"}).out, "The newest 1 of 2"));
    CHECK(has(at_node(world, {"work", "show", "w/2 a"}).out, "too_large"));
    CHECK(has(at_node(world, {"nodes"}).out, "gpu-1  10.0.0.2:8770  follower  online"));
    CHECK(has(at_node(world, {"models"}).out, "No network has been trained yet."));
    const std::string elo = at_node(world, {"elo", "--config", "hex5_2p"}).out;
    CHECK(has(elo, "1  abc             0  123.4    20.5     40"));
    CHECK(has(at_node(world, {"explain", "work", "w-1"}).out, "Given to gpu-1 (fence 5)."));
}

TEST_CASE("a refusal of the node ends with 1, its sentence and its hint") {
    ApiWorld world;
    const Ended unknown = at_node(world, {"work", "show", "none"});
    CHECK(unknown.code == 1);
    CHECK(has(unknown.err, "ringrift: There is no work 'none'"));
    CHECK(has(unknown.err, "GET /work lists it"));
    world.node_answer = [](const auto&) {
        return AdminReply{.status = 409,
                          .code = "not_open",
                          .sentence = "It has ended already.",
                          .hint = "Look."};
    };
    const Ended refused = at_node(world, {"work", "cancel", "w-1"});
    CHECK(refused.code == 1);
    CHECK(refused.err == "ringrift: It has ended already.\nLook.\n");
}

TEST_CASE("changes are passed on with reason and dry run") {
    ApiWorld world;
    const Ended done = at_node(world, {"jobs", "reset-stale", "--reason", "stuck", "--dry-run"});
    CHECK(done.code == 0);
    CHECK(done.out == "done\nreleased 3\n");
    CHECK(world.last_asked().action == "jobs/reset-stale");
    CHECK(world.last_asked().reason == "stuck");
    CHECK(world.last_asked().dry_run);
    for (const std::vector<std::string>& command : {std::vector<std::string>{"election", "start"},
                                                    {"sync", "trigger"},
                                                    {"shutdown"},
                                                    {"work", "unpark", "w-1"}}) {
        CHECK(at_node(world, command).code == 0);
    }
    CHECK(
        at_node(world, {"work", "add", "--type", "selfplay", "--config", "hex5_2p", "--games", "7"})
            .code == 0);
    CHECK(json::parse(world.last_asked().body).at("games").as_int64() == 7);
}

TEST_CASE("voters are listed, and changed one at a time") {
    ApiWorld world;
    CHECK(has(at_node(world, {"voters"}).out, "the log names no voters yet"));
    world.say(bus::VotersChanged{.voters = {{"boss"}}});
    const Ended listed = at_node(world, {"voters"});
    CHECK(listed.code == 0);
    CHECK(has(listed.out, "VOTER"));
    CHECK(has(listed.out, "elect a leader"));
    CHECK(at_node(world, {"voters", "add", "gpu-1", "--reason", "a third"}).code == 0);
    CHECK(world.last_asked().action == "voters/add");
    CHECK(world.last_asked().parameters.at("node") == "gpu-1");
    CHECK(world.last_asked().reason == "a third");
    CHECK(at_node(world, {"voters", "remove", "gpu-1"}).code == 0);
    CHECK(world.last_asked().action == "voters/remove");
    CHECK(at_node(world, {"voters", "add"}).code != 0);
}

TEST_CASE("sync alone shows which files are copied where, and why") {
    ApiWorld world;
    world.say(bus::SyncPlanned{
        .sync = "s1",
        .moves = {{.file = {"f1"}, .source = {"a"}, .target = {"b"}, .why = "one copy"}},
        .why = "1 files to b"});
    world.beat();
    const Ended shown = at_node(world, {"sync"});
    CHECK(shown.code == 0);
    CHECK(has(shown.out, "planned"));
    CHECK(has(shown.out, "1 files to b"));
    CHECK(world.asked.empty());
}

TEST_CASE("nodes are drained, set aside, released and retired by name") {
    ApiWorld world;
    const Ended drained = at_node(world, {"drain", "gpu-1", "--reason", "new disk"});
    CHECK(drained.code == 0);
    CHECK(world.last_asked().action == "nodes/drain");
    CHECK(world.last_asked().parameters.at("node") == "gpu-1");
    CHECK(world.last_asked().reason == "new disk");
    CHECK(at_node(world, {"quarantine", "gpu-1", "--for", "1h", "--reason", "r"}).code == 0);
    CHECK(world.last_asked().parameters.at("for") == "1h");
    CHECK(at_node(world, {"retire", "gpu-1", "--reason", "sold"}).code == 0);
    CHECK(world.last_asked().action == "nodes/retire");
    CHECK(at_node(world, {"release", "gpu-1"}).code == 0);
    CHECK(world.last_asked().action == "nodes/release");
    CHECK(at_node(world, {"drain", "gpu-1"}).code == 2);
    CHECK(at_node(world, {"quarantine", "gpu-1", "--reason", "r"}).code == 2);
}

TEST_CASE("what only the leader may say is said to it, wherever one asks") {
    ApiWorld leader;
    ApiWorld follower;
    follower.node_answer = [](const auto&) {
        return AdminReply{.status = 503, .code = "not_leader", .sentence = "ask boss"};
    };
    const std::vector<std::string> words = {"quarantine", "gpu-1", "--for", "1h", "--reason", "r"};
    CHECK(has(at_node(follower, words).err, "ask boss"));  // It knows of nobody.
    follower.say(bus::NodeJoined{
        .node = {"boss"}, .incarnation = 1, .host = "127.0.0.1", .port = leader.port});
    CHECK(at_node(follower, words).code == 0);
    CHECK(leader.last_asked().action == "nodes/quarantine");
    CHECK(leader.last_asked().parameters.at("node") == "gpu-1");
}

TEST_CASE("the token is shown to a node that asks for it") {
    ApiOptions options;
    options.admin_token = "secret";
    ApiWorld world(options);
    const Ended without = at_node(world, {"sync", "trigger"});
    CHECK(without.code == 1);
    CHECK(has(without.err, "RINGRIFT_ADMIN_TOKEN"));
    CHECK(at_node(world, {"sync", "trigger", "--token", "secret"}).code == 0);
}

TEST_CASE("no node, a bad address and wrong words end with 4 and 2 and say what to do") {
    int closed_port = 0;
    {
        ApiWorld world;
        closed_port = world.port;
    }
    const Ended nobody =
        ringrift_with({"status", "--url", "http://127.0.0.1:" + std::to_string(closed_port)});
    CHECK(nobody.code == 4);
    CHECK(has(nobody.err, "Start a node with 'ringrift up'"));
    CHECK(ringrift_with({"status", "--url", "gpu-7"}).code == 2);
    CHECK(ringrift_with({"statsu"}).code == 2);
    CHECK(ringrift_with({"work", "add", "--type", "selfplay"}).code == 2);
    const Ended help = ringrift_with({"--help"});
    CHECK(help.code == 0);
    CHECK(has(help.out, "no answer from the node"));
    CHECK(has(ringrift_with({"events", "--help"}).out, "ringrift events --json > history.jsonl"));
}

TEST_CASE("events --json pages through the whole history, one event a line") {
    ApiWorld world;
    for (int i = 0; i < 2100; ++i)
        world.say(bus::NodeJoined{.node = {"n" + std::to_string(i)}, .incarnation = 1});
    const Ended all = at_node(world, {"events", "--json"});
    CHECK(all.code == 0);
    CHECK(lines_in(all.out) == 2101);
    CHECK(json::parse(all.out.substr(0, all.out.find('\n'))).at("type").as_string() ==
          "LEADER_ELECTED");
    CHECK(lines_in(at_node(world, {"events", "--json", "--limit", "1500"}).out) == 1500);
    CHECK(lines_in(at_node(world, {"events", "--json", "--key", "n7"}).out) == 1);
    CHECK(lines_in(at_node(world, {"events", "--json", "--after", "2000", "--type", "NODE_JOINED"})
                       .out) == 101);
    const Ended shown = at_node(world, {"events"});
    CHECK(lines_in(shown.out) == 50);
    CHECK(has(shown.out, "2101  2025-12-28T10:35:01.000Z  NODE_JOINED  n2099"));
    CHECK(at_node(world, {"events", "--limit", "2"}).out.starts_with("2100  "));
    CHECK(at_node(world, {"events", "--limit", "2", "--after", "0"}).out.starts_with("1  "));
    CHECK(at_node(world, {"events", "--since", "yesterday"}).code == 2);
    CHECK(at_node(world, {"events", "--after", "-1"}).code == 2);
    CHECK(at_node(world, {"events", "--limit", "0"}).code == 2);
}

TEST_CASE("events are asked for under any name of their type, and a misspelt one is named") {
    ApiWorld world;
    fill(world);
    CHECK(lines_in(at_node(world, {"events", "--type", "node_joined"}).out) == 2);
    const Ended none = at_node(world, {"events", "--type", "NODE_JOINT"});
    CHECK(none.code == 0);
    CHECK(none.out.empty());
    CHECK(
        has(none.err, "No event fits. There is no type 'NODE_JOINT'; did you mean 'NODE_JOINED'?"));
    const Ended quiet = at_node(world, {"events", "--type", "MODEL_PROMOTED"});
    CHECK(quiet.err == "No event fits.\n");
}

TEST_CASE("events --follow --limit ends after so many new events") {
    ApiWorld world;
    std::jthread later([&](std::stop_token stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
            world.say(bus::NodeJoined{.node = {"late" + std::to_string(i)}, .incarnation = 1});
            world.server.wake();
            std::this_thread::sleep_for(20ms);
        }
    });
    const Ended ended =
        at_node(world, {"events", "--follow", "--type", "NODE_JOINED", "--limit", "2"});
    CHECK(ended.code == 0);
    CHECK(lines_in(ended.out) == 2);
}

TEST_CASE("a command that there is not is named, with the nearest one") {
    const Ended misspelt = ringrift_with({"stauts"});
    CHECK(misspelt.code == 2);
    CHECK(has(misspelt.err, "there is no command 'ringrift stauts'; did you mean 'status'?"));
    CHECK(has(misspelt.err, "There are: status, jobs"));
    CHECK(has(ringrift_with({"work", "lst"}).err, "'ringrift work lst'; did you mean 'list'?"));
    CHECK(has(ringrift_with({"elo", "sptr"}).err, "did you mean 'sprt'?"));
    const Ended nothing = ringrift_with({});
    CHECK(nothing.code == 2);
    CHECK(has(nothing.err, "'ringrift' needs a command: status"));
    CHECK(has(ringrift_with({"work"}).err, "'ringrift work' needs a command: list, show, add"));
}

TEST_CASE("numbers that make no sense are refused before anything is queued") {
    ApiWorld world;
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--games", "-3"},
                                                  {"--games", "0"},
                                                  {"--games", "abc"},
                                                  {"--priority", "-5"}}) {
        std::vector<std::string> command = {"work", "add", "--type", "selfplay", "--config", "c"};
        command.insert(command.end(), wrong.begin(), wrong.end());
        CHECK(at_node(world, command).code == 2);
    }
    CHECK(world.last_asked().action.empty());
}

TEST_CASE("the sequential test is answered without a node") {
    const Ended answer = ringrift_with({"elo", "sprt", "--pentanomial", "371,10263,24989,10642,379",
                                        "--elo0", "0", "--elo1", "2"});
    INFO(answer.out);
    CHECK(answer.code == 0);
    CHECK(has(answer.out, "H1 accepted"));
    const Ended as_json = ringrift_with({"elo", "sprt", "--trinomial", "40,100,60", "--elo0", "0",
                                         "--elo1", "5", "--model", "logistic", "--json"});
    CHECK(json::parse(as_json.out).at("games").as_int64() == 200);
    CHECK(json::parse(as_json.out).at("model").as_string() == "logistic");
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"--pentanomial", "1,2,3"},
          {"--pentanomial", "1,2,3,4,x"},
          {"--trinomial", "1,2,-3"},
          {"--trinomial", "1,2,3,"},
          {"--trinomial", "1,2,3", "--alpha", "0.7"},
          {}}) {
        std::vector<std::string> command = {"elo", "sprt", "--elo0", "0", "--elo1", "5"};
        command.insert(command.end(), wrong.begin(), wrong.end());
        CHECK(ringrift_with(command).code == 2);
    }
}

TEST_CASE("ages, sizes and counts are written as people read them") {
    using namespace ringrift::ops::cli;
    CHECK(age_text(59.9) == "59s");
    CHECK(age_text(190) == "3m10s");
    CHECK(age_text(7500) == "2h05m");
    CHECK(age_text(273600) == "3d04h");
    CHECK(bytes_text(1536) == "1.5 KiB");
    CHECK(count_text(1234567) == "1,234,567");
    CHECK(count_text(-1000) == "-1,000");
    Table table({"NAME", "COUNT"});
    table.add({"a ± b", "7"});
    table.add({"abcdefg", "1,000"});
    CHECK(table.text() == "NAME     COUNT\na ± b        7\nabcdefg  1,000\n");
}
