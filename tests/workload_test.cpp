// Workload files: the reference workload is read, broken ones are refused by line; and how an item
// of work becomes a command line.

#include <algorithm>

#include "ops/toml_file.hpp"
#include "ops/workload.hpp"
#include "tests/catch.hpp"

namespace {

using namespace ringrift;
using bus::WorkType;

const std::string good = R"(name = "chess"

[[config]]
name = "chess_2p"

[[config]]
name = "chess_4p"
weight = 0.25
games_per_job = 7
elo1 = 12.5

[selfplay]
command = ["{bin}/play", "{config}", "{model}", "{games}", "{seed}", "{output}", '{"json":1}']
games = 40
timeout = "10m"
memory = "512MiB"
output = "1GiB"
slots = 2

[export]
command = ["export", "{inputs}"]

[training]
command = ["train", "--from", "{model}"]
gpus = 1
vram = "8GiB"
attempts = 2

[evaluation]
command = ["match", "{candidate}", "{baseline}", "{pairs}"]
pairs = 30

[tournament]
command = ["match", "{candidate}", "{baseline}", "{pairs}"]

[thresholds]
games_to_export = 400
training_cooldown = "5m"
elo1 = 40
)";

ops::Workload chess() {
    auto workload = ops::parse_workload(good, "/w/chess.toml");
    if (!workload) FAIL(workload.error().sentence);
    return *std::move(workload);
}

/// The good file with one piece replaced.
std::string with(std::string_view piece, std::string_view other) {
    std::string text = good;
    const std::size_t at = text.find(piece);
    REQUIRE(at != std::string::npos);
    return text.replace(at, piece.size(), other);
}

std::string refusal_of(const std::string& text) {
    const auto workload = ops::parse_workload(text, "w.toml");
    REQUIRE_FALSE(workload.ok());
    CHECK(workload.error().code == ops::ExitCode::workload_broken);
    return workload.error().sentence;
}

const bus::ModelId model = {"m1"};
const bus::FileDigest games_file = {"g1"};

consumers::NodePlaces places() {
    return {.programs = "/opt/bin",
            .workload = "/w",
            .path_of = [](const bus::FileDigest& file) -> std::optional<std::string> {
                if (file.value == "m1" || file.value == "g1") return "/data/" + file.value;
                return {};
            }};
}

bus::WorkQueued selfplay_work() {
    return {.work = {"w-1"},
            .type = WorkType::selfplay,
            .config = {"chess_2p"},
            .needs = {.memory_bytes = 512, .disk_bytes = 1024},
            .timeout_ms = std::chrono::minutes(10),
            .model = model,
            .games = 40,
            .seed = 99};
}

std::string cannot_run(const bus::WorkQueued& work) {
    const auto order = consumers::expand(chess().commands, work, 1, places());
    REQUIRE_FALSE(order.ok());
    return order.error().sentence;
}

}  // namespace

TEST_CASE("the workloads that we ship are good workloads") {
    for (const std::string name : {"hex", "python"}) {
        const std::string path = RINGRIFT_SOURCE_DIR "/ops/workloads/" + name + "/workload.toml";
        const auto text = ops::read_text(path);
        REQUIRE(text.ok());
        const auto workload = ops::parse_workload(*text, path);
        if (!workload) FAIL(workload.error().sentence);
        CHECK_FALSE(workload->cluster.configs.empty());
        CHECK(workload->cluster.work.size() == 5);
        CHECK(workload->commands.size() == 5);
        CHECK(workload->cluster.hash.size() == 64);
    }
}

TEST_CASE("what a workload says of each type of work is the cluster's policy for it") {
    const ops::Workload workload = chess();
    REQUIRE(workload.cluster.work.size() == 5);
    const bus::WorkPolicy selfplay = {.type = "selfplay",
                                      .slots = 2,
                                      .memory_bytes = 512LL << 20,
                                      .disk_bytes = 1LL << 30,
                                      .timeout_ms = std::chrono::minutes(10)};
    CHECK(workload.cluster.work[0] == selfplay);
    const bus::WorkPolicy training = {
        .type = "training", .gpus = 1, .vram_bytes = 8LL << 30, .attempts_max = 2};
    CHECK(workload.cluster.work[2] == training);
    CHECK(workload.cluster.work[1].type == "export");
}

TEST_CASE("a config has the file's thresholds unless it says otherwise itself") {
    const ops::Workload workload = chess();
    REQUIRE(workload.cluster.configs.size() == 2);
    const bus::ConfigPolicy& plain = workload.cluster.configs[0];
    CHECK(plain.config.value == "chess_2p");
    CHECK(plain.weight_ppm == 1'000'000);
    CHECK(plain.games_per_job == 40);
    CHECK(plain.pairs_per_batch == 30);
    CHECK(plain.games_to_export == 400);
    CHECK(plain.training_cooldown_ms == std::chrono::minutes(5));
    CHECK(plain.elo1_milli == 40'000);
    const bus::ConfigPolicy& special = workload.cluster.configs[1];
    CHECK(special.weight_ppm == 250'000);
    CHECK(special.games_per_job == 7);
    CHECK(special.elo1_milli == 12'500);
    CHECK(special.games_to_export == 400);
}

TEST_CASE("the hash follows from what the cluster acts on, and from nothing else") {
    const std::string hash = chess().cluster.hash;
    CHECK(hash.size() == 64);
    CHECK(ops::parse_workload("# comment\n" + good, "elsewhere.toml")->cluster.hash == hash);
    CHECK(ops::parse_workload(with("{bin}/play", "{bin}/game"), "w")->cluster.hash == hash);
    CHECK(ops::parse_workload(with("games = 40", "games = 41"), "w")->cluster.hash != hash);
    bus::ClusterConfigChanged said_before = chess().cluster;
    said_before.hash = "something else";
    CHECK(ops::hash_of(said_before) == hash);
}

TEST_CASE("a broken workload file is refused with its line and what to do") {
    struct Case {
        std::string text = {};
        std::string_view sentence = {};
    };
    const Case cases[] = {
        {"name = \"x", "w.toml:1: not TOML: "},
        {with("name = \"chess\"", ""), "w.toml: give the workload a name"},
        {with("games = 40", "gmes = 40"),
         "w.toml:14: [selfplay] has no key 'gmes'; did you mean 'games'?"},
        {with("[export]", "[exprot]"),
         "w.toml: there is no table [export]; add one with a command"},
        {with("[export]", "[exprot]"), "the file has no key 'exprot'; did you mean 'export'?"},
        {with("{games}", "{game}"), "{game} means nothing to selfplay; it knows {bin}"},
        {with("{games}", "{game}"), "did you mean 'games'?"},
        {with("{inputs}", "{baseline}"), "{baseline} means nothing to export"},
        {with("\"10m\"", "\"10 min\""), "w.toml:15: timeout in [selfplay] must be a duration"},
        {with("\"10m\"", "\"0s\""), "at least 1s"},
        {with("\"512MiB\"", "512"), "memory in [selfplay] must be a size such as 512MiB"},
        {with("slots = 2", "slots = 0"), "slots in [selfplay] must be a whole number, 1 or more"},
        {with("command = [\"export\", \"{inputs}\"]", ""), "[export] needs command = "},
        {with("[\"export\", \"{inputs}\"]", "\"export\""),
         "command in [export] must be a list of texts"},
        {with("weight = 0.25", "weight = -1"), "weight in [[config]] must be a number, 0 or more"},
        {with("name = \"chess_4p\"", ""), "each [[config]] needs a name"},
        {with("chess_4p", "chess_2p"), "config chess_2p stands twice; remove one"},
        {with("elo1 = 12.5", "elo1 = 0"), "chess_4p: elo1 must be more than elo0"},
        {with("pairs = 30", "pairs = 500"),
         "pairs_max (400) is less than the pairs of one evaluation"},
        {with("games_to_export = 400", "games_to_export = 20000"),
         "window_games (10000) is less than"},
        {"name = \"x\"\nconfig = 3\n", "config in the file must be written as [[config]]"},
        {"name = \"x\"\n", "there is no [[config]]; add one with a name"},
    };
    for (const Case& example : cases) {
        const std::string sentence = refusal_of(example.text);
        CAPTURE(sentence, example.sentence);
        CHECK(sentence.find(example.sentence) != std::string::npos);
    }
}

TEST_CASE("a workload whose configs all have weight 0 would play nothing and is refused") {
    std::string text = with("name = \"chess_2p\"", "name = \"chess_2p\"\nweight = 0");
    text.replace(text.find("weight = 0.25"), 13, "weight = 0");
    CHECK(refusal_of(text).find("every config has weight 0") != std::string::npos);
}

TEST_CASE("a workload whose programs are missing is refused before anything starts") {
    const std::string path = RINGRIFT_SOURCE_DIR "/ops/workloads/hex/workload.toml";
    const auto workload = ops::load_workload(path, "/nowhere");
    REQUIRE_FALSE(workload.ok());
    CHECK(workload.error().code == ops::ExitCode::workload_broken);
    CHECK(workload.error().sentence.find("/nowhere/ringrift-hex, is not there") !=
          std::string::npos);
}

TEST_CASE("a workload file that is not there is refused by name") {
    const auto workload = ops::load_workload("/nowhere/w.toml", "/bin");
    REQUIRE_FALSE(workload.ok());
    CHECK(workload.error().sentence ==
          "cannot read /nowhere/w.toml; name a file that exists and may be read");
}

TEST_CASE("an item of work becomes the command line of its type") {
    const auto order = consumers::expand(chess().commands, selfplay_work(), 17, places());
    REQUIRE(order.ok());
    CHECK(order->argv == std::vector<std::string>{"/opt/bin/play", "chess_2p", "/data/m1", "40",
                                                  "99", "{output}", "{\"json\":1}"});
    CHECK(order->job == consumers::JobId{.work = {"w-1"}, .fence = 17});
    CHECK(order->models == std::vector<consumers::JobInput>{{.file = {"m1"}, .path = "/data/m1"}});
    CHECK(order->inputs.empty());
    CHECK(order->timeout == std::chrono::minutes(10));
    CHECK(order->memory_bytes_max == 512);
    CHECK(order->output_bytes_max == 1024);
}

TEST_CASE("the job's environment says which attempt it is") {
    const auto order = consumers::expand(chess().commands, selfplay_work(), 17, places());
    REQUIRE(order.ok());
    const std::map<std::string, std::string> expected = {
        {"RINGRIFT_WORK_ID", "w-1"},        {"RINGRIFT_FENCE", "17"},
        {"RINGRIFT_WORK_TYPE", "selfplay"}, {"RINGRIFT_CONFIG", "chess_2p"},
        {"RINGRIFT_MODEL", "/data/m1"},     {"RINGRIFT_SEED", "99"}};
    CHECK(order->environment == expected);
}

TEST_CASE("the untrained network is called init, and is no file") {
    bus::WorkQueued work = selfplay_work();
    work.model = bus::init_model;
    const auto order = consumers::expand(chess().commands, work, 1, places());
    REQUIRE(order.ok());
    CHECK(order->argv[2] == "init");
    CHECK(order->models.empty());
}

TEST_CASE("a match gets both networks, and the inputs of an export are listed with their paths") {
    bus::WorkQueued match = selfplay_work();
    match.type = WorkType::evaluation;
    match.baseline = bus::init_model;
    const auto order = consumers::expand(chess().commands, match, 1, places());
    REQUIRE(order.ok());
    CHECK(order->argv == std::vector<std::string>{"match", "/data/m1", "init", "40"});
    CHECK(order->environment.at("RINGRIFT_BASELINE") == "init");

    const bus::WorkQueued exporting = {
        .work = {"e-1"}, .type = WorkType::export_, .config = {"chess_2p"}, .inputs = {games_file}};
    const auto exported = consumers::expand(chess().commands, exporting, 1, places());
    REQUIRE(exported.ok());
    CHECK(exported->argv == std::vector<std::string>{"export", "{inputs}"});
    CHECK(exported->inputs ==
          std::vector<consumers::JobInput>{{.file = {"g1"}, .path = "/data/g1"}});
}

TEST_CASE("work that this node cannot run is refused with the reason") {
    bus::WorkQueued work = selfplay_work();
    work.type = WorkType::sync;
    CHECK(cannot_run(work) ==
          "sync work w-1 cannot run here: the workload has no command for its type");
    work = selfplay_work();
    work.model = {"m2"};
    CHECK(cannot_run(work) == "selfplay work w-1 cannot run here: model m2 is not on this node");
    work = selfplay_work();
    work.model = {};
    CHECK(cannot_run(work) ==
          "selfplay work w-1 cannot run here: in its command, {model} has no value");
    work = selfplay_work();
    work.type = WorkType::export_;
    work.inputs = {games_file, {"g2"}};
    CHECK(cannot_run(work) == "export work w-1 cannot run here: input g2 is not on this node");
}

TEST_CASE("braces that enclose no bare word are left alone") {
    CHECK(consumers::placeholders_in("{a}{\"b\":{c}}{}{D}{e").size() == 2);
    CHECK(consumers::placeholders_in("{a}{\"b\":{c}}") == std::vector<std::string>{"a", "c"});
}
