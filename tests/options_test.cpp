// Options: which source wins, what is refused and how, and what `config show` prints.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>

#include "ops/option_table.hpp"
#include "ops/options.hpp"
#include "ops/quantities.hpp"
#include "tests/catch.hpp"

namespace {

using namespace ringrift;
using namespace ringrift::ops;
using namespace std::chrono_literals;

/// A file in a folder of its own, which goes with it.
class WrittenFile {
  public:
    explicit WrittenFile(const std::string& content) {
        char name[] = "/tmp/ringrift-options-XXXXXX";
        folder_ = mkdtemp(name);
        path = folder_ / "ringrift.toml";
        std::ofstream(path) << content;
    }
    ~WrittenFile() { std::filesystem::remove_all(folder_); }
    WrittenFile(const WrittenFile&) = delete;
    WrittenFile& operator=(const WrittenFile&) = delete;

    std::filesystem::path path;

  private:
    std::filesystem::path folder_;
};

std::string refusal_of(const OptionSources& sources) {
    const auto loaded = load(sources);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().code == ExitCode::usage);
    return loaded.error().sentence;
}

OptionSources parsed(const std::vector<std::string>& arguments) {
    OptionSources sources;
    CLI::App app;
    add_option_flags(app, sources);
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return sources;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("with nothing said, the runbook's defaults hold") {
    const auto loaded = load({.hostname = "gpu-7", .cores = 4});
    REQUIRE(loaded.ok());
    const Options& options = loaded->options;
    CHECK(options.port == 8770);
    CHECK(options.log_level == LogLevel::info);
    CHECK_FALSE(options.fail_on_subscription_failure);
    CHECK(options.min_nodes == 2);
    CHECK(options.max_nodes == 50);
    CHECK_FALSE(options.autoscale_dry_run);
    CHECK(options.heartbeat == 15s);
    CHECK(options.suspect_after == 60s);
    CHECK(options.dead_after == 90s);
    CHECK(options.lease == 3 * options.heartbeat);
    CHECK(options.node_id == "gpu-7");
    CHECK(options.slots == 4);
    CHECK(loaded->warnings.empty());
}

TEST_CASE("a flag beats the environment, which beats the file, which beats the default") {
    const WrittenFile file("port = 1\nslots = 1\ncluster = \"file\"\n");
    const auto loaded = load({.flags = {{"port", "3"}},
                              .environment = {{"RINGRIFT_P2P_PORT", "2"}, {"RINGRIFT_SLOTS", "2"}},
                              .file = file.path});
    REQUIRE(loaded.ok());
    CHECK(loaded->options.port == 3);
    CHECK(loaded->options.slots == 2);
    CHECK(loaded->options.cluster == "file");
    CHECK(loaded->options.bind == "127.0.0.1");
    CHECK(loaded->origins.at("port") == "flag --port");
    CHECK(loaded->origins.at("slots") == "environment RINGRIFT_SLOTS");
    CHECK(loaded->origins.at("cluster") == file.path.string() + ":3");
    CHECK(loaded->origins.at("bind") == "default");
}

TEST_CASE("every variable of the runbook is read under its name") {
    const auto loaded = load({.environment = {{"RINGRIFT_P2P_PORT", "9000"},
                                              {"RINGRIFT_LOG_LEVEL", "debug"},
                                              {"RINGRIFT_FAIL_ON_SUBSCRIPTION_FAILURE", "true"},
                                              {"RINGRIFT_MIN_NODES", "3"},
                                              {"RINGRIFT_MAX_NODES", "7"},
                                              {"RINGRIFT_AUTOSCALE_DRY_RUN", "1"}}});
    REQUIRE(loaded.ok());
    CHECK(loaded->options.port == 9000);
    CHECK(loaded->options.log_level == LogLevel::debug);
    CHECK(loaded->options.fail_on_subscription_failure);
    CHECK(loaded->options.min_nodes == 3);
    CHECK(loaded->options.max_nodes == 7);
    CHECK(loaded->options.autoscale_dry_run);
}

TEST_CASE("an empty variable counts as not set") {
    const auto loaded = load({.environment = {{"RINGRIFT_P2P_PORT", ""}}});
    REQUIRE(loaded.ok());
    CHECK(loaded->options.port == 8770);
}

TEST_CASE("the file may be named by a variable") {
    const WrittenFile file("port = 81\n");
    const auto loaded = load({.environment = {{"RINGRIFT_CONFIG_FILE", file.path.string()}}});
    REQUIRE(loaded.ok());
    CHECK(loaded->options.port == 81);
}

TEST_CASE("every row of the option table is a flag, and its default can be said") {
    const Options defaults;
    for (const OptionRow& row : option_table()) {
        CAPTURE(row.key);
        const std::string value = row.write(defaults);
        const std::string text = value.empty() ? "something" : value;
        const OptionSources sources = parsed({std::string(row.flag) + "=" + text});
        CHECK(sources.flags.at(std::string(row.key)) == text);
        Options read;
        CHECK(row.read(read, text));
        CHECK(row.write(read) == text);
        CHECK_FALSE(row.help.empty());
        CHECK(row.environment.starts_with("RINGRIFT_"));
    }
}

TEST_CASE("a switch alone means true, and can be said to be false") {
    CHECK(parsed({"--autoscale-dry-run"}).flags.at("autoscale_dry_run") == "true");
    CHECK(parsed({"--autoscale-dry-run=false"}).flags.at("autoscale_dry_run") == "false");
    CHECK(parsed({}).flags.empty());
}

TEST_CASE("a value that cannot be read is refused, naming who said it and what would do") {
    CHECK(refusal_of({.flags = {{"port", "70000"}}}) ==
          "--port is '70000': must be a whole number from 0 to 65535");
    CHECK(refusal_of({.environment = {{"RINGRIFT_FOR", "15 minutes"}}}) ==
          "RINGRIFT_FOR is '15 minutes': must be a duration such as 90s, 15m or 1h30m");
    CHECK(refusal_of({.environment = {{"RINGRIFT_LOG_LEVEL", "LOUD"}}}) ==
          "RINGRIFT_LOG_LEVEL is 'LOUD': must be TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL");
    const WrittenFile file("\nautoscale_dry_run = \"perhaps\"\n");
    CHECK(refusal_of({.file = file.path}) ==
          file.path.string() + ":2: autoscale_dry_run is 'perhaps': must be true or false");
}

TEST_CASE("a key that is no option is refused with a guess") {
    const WrittenFile file("prot = 1\n");
    CHECK(refusal_of({.file = file.path}) ==
          file.path.string() + ":1: there is no option 'prot'; did you mean 'port'?");
}

TEST_CASE("a file that is missing, or not TOML, is refused by name") {
    CHECK(refusal_of({.file = "/nowhere/ringrift.toml"}) ==
          "cannot read /nowhere/ringrift.toml; name a file that exists and may be read");
    const WrittenFile file("port = 1\nport = = 2\n");
    CHECK(contains(refusal_of({.file = file.path}), file.path.string() + ":2: not TOML: "));
}

TEST_CASE("options that do not fit together are refused with what to change") {
    struct Case {
        OptionTexts flags = {};
        std::string_view sentence = {};
    };
    const Case cases[] = {
        {{{"lease", "30s"}}, "lengthen lease"},
        {{{"lease", "61s"}}, "lengthen suspect_after or shorten lease"},
        {{{"suspect_after", "90s"}}, "lengthen dead_after"},
        {{{"heartbeat", "1ms"}}, "heartbeat (1ms) is shorter than 100ms"},
        {{{"leader_lease", "1s"}}, "lengthen leader_lease"},
        {{{"leader_beacon", "1ms"}}, "leader_beacon (1ms) is shorter than 20ms"},
        {{{"voters", "a,b,c"}, {"preferred", "d"}}, "none of the voters; name one of them"},
        {{{"nats", "managed"}, {"advertise", "v1"}}, "nobody reaches it as 'v1'; give --bind"},
        {{{"min_nodes", "51"}}, "min_nodes (51) is more than max_nodes (50)"},
        {{{"provision_command", "rent"}}, "belong together; give both or none"},
        {{{"terminate_command", "end"}}, "belong together; give both or none"},
        {{{"provider_timeout", "0s"}}, "provider_timeout is 0"},
        {{{"cluster", "a b"}}, "use letters, digits, - and _ only"},
        {{{"bind", "localhost"}}, "give an IP address"},
        {{{"slots", "5000"}}, "give at most 1024"},
    };
    for (const Case& example : cases) {
        const std::string sentence = refusal_of({.flags = example.flags});
        CAPTURE(sentence);
        CHECK(contains(sentence, example.sentence));
    }
}

TEST_CASE("all that is wrong is said at once") {
    const std::string sentence = refusal_of({.flags = {{"port", "x"}, {"slots", "y"}}});
    CHECK(contains(sentence, "--port is 'x'"));
    CHECK(contains(sentence, "\n--slots is 'y'"));
}

TEST_CASE("a variable that looks like one of ours and is none is warned about") {
    const auto loaded =
        load({.environment = {{"RINGRIFT_P2P_PROT", "1"}, {"RINGRIFT_FENCE", "1"}}});
    REQUIRE(loaded.ok());
    REQUIRE(loaded->warnings.size() == 1);
    CHECK(loaded->warnings[0] ==
          "RINGRIFT_P2P_PROT is set but means nothing; did you mean 'RINGRIFT_P2P_PORT'?");
}

TEST_CASE("the admin token is never printed, wherever it comes from") {
    const WrittenFile file("hunter2-hunter2\n");
    for (const OptionSources& sources :
         {OptionSources{.flags = {{"admin_token", "hunter2-hunter2"}}},
          OptionSources{.environment = {{"RINGRIFT_ADMIN_TOKEN_FILE", file.path.string()}}}}) {
        const auto loaded = load(sources);
        REQUIRE(loaded.ok());
        CHECK(loaded->options.admin_token == "hunter2-hunter2");
        CHECK_FALSE(contains(show_text(*loaded), "hunter2"));
        CHECK_FALSE(contains(show_json(*loaded), "hunter2"));
        CHECK(contains(show_text(*loaded), "(secret)"));
    }
}

TEST_CASE("a token and a token file at once are refused, and so is an empty token file") {
    const WrittenFile file("\n");
    CHECK(contains(refusal_of({.flags = {{"admin_token", "a"}, {"admin_token_file", "b"}}}),
                   "set one of them"));
    CHECK(contains(refusal_of({.flags = {{"admin_token_file", file.path.string()}}}),
                   "cannot be read or is empty"));
}

TEST_CASE("what config show prints is a file that gives the same options") {
    const auto first = load({.flags = {{"port", "0"},
                                       {"for", "1h30m"},
                                       {"data_dir", "/tmp/with \"quotes\" and \\"},
                                       {"autoscale_dry_run", "true"},
                                       {"log_level", "WARNING"}},
                             .hostname = "gpu-7",
                             .cores = 3});
    REQUIRE(first.ok());
    const WrittenFile file(show_text(*first));
    const auto second = load({.file = file.path, .hostname = "other", .cores = 8});
    REQUIRE(second.ok());
    for (const OptionRow& row : option_table()) {
        CHECK(row.write(first->options) == row.write(second->options));
    }
}

TEST_CASE("config show names each origin, in text and in JSON") {
    const auto loaded = load({.environment = {{"RINGRIFT_P2P_PORT", "9"}}});
    REQUIRE(loaded.ok());
    CHECK(contains(show_json(*loaded),
                   R"("port":{"value":9,"origin":"environment RINGRIFT_P2P_PORT"})"));
    CHECK(contains(show_json(*loaded), R"("workload":{"value":null,"origin":"default"})"));
    CHECK(contains(show_text(*loaded), "# environment RINGRIFT_P2P_PORT\n"));
}

TEST_CASE("durations and sizes are read as people write them, and written back the same") {
    CHECK(duration_from_text("90s") == 90s);
    CHECK(duration_from_text("1h30m") == 90min);
    CHECK(duration_from_text("250ms") == 250ms);
    CHECK(duration_from_text("0") == 0s);
    for (const char* wrong :
         {"", "s", "1", "-1s", "1.5h", "1s1h", "1s ", "1s1s", "9999999999999d"}) {
        CAPTURE(wrong);
        CHECK_FALSE(duration_from_text(wrong));
    }
    for (const bus::Duration duration :
         {bus::Duration(0), bus::Duration(1), bus::Duration(90'061'001)}) {
        CHECK(duration_from_text(to_text(duration)) == duration);
    }
    CHECK(to_text(5400s) == "1h30m");
    CHECK(bytes_from_text("512MiB") == 512LL << 20);
    CHECK(bytes_from_text("2GB") == 2'000'000'000);
    for (const char* wrong : {"", "MiB", "1", "1 MiB", "-1MiB", "1mib", "9223372036854775807GiB"}) {
        CAPTURE(wrong);
        CHECK_FALSE(bytes_from_text(wrong));
    }
}

TEST_CASE("each exit code has one meaning and stands in the help") {
    int last = -1;
    for (const ExitMeaning& row : exit_meanings) {
        CHECK(static_cast<int>(row.code) > last);
        last = static_cast<int>(row.code);
        CHECK(contains(exit_code_help(), row.meaning));
    }
}

TEST_CASE("what the data plane cannot do is refused with what would do") {
    CHECK(refusal_of({.flags = {{"copies", "0"}}}) == "copies is 0; give 1 to 5");
    CHECK(refusal_of({.flags = {{"transfer_streams", "99"}}}) ==
          "transfer_streams is 99; give 1 to 16");
    CHECK(refusal_of({.flags = {{"transfer_rate", "fast"}}}) ==
          "--transfer-rate is 'fast': must be a size such as 512MiB or 1GiB");
    CHECK(contains(refusal_of({.flags = {{"port", "7000"}, {"transfer_port", "7000"}}}),
                   "give the file server another"));
    CHECK(contains(refusal_of({.flags = {{"work_types", "selfplay,cooking"}}}), "'cooking'"));
    CHECK(load({.flags = {{"work_types", "selfplay,export"}, {"transfer_rate", "50MB"}}})
              ->options.transfer_bytes_per_second_max == 50'000'000);
}
