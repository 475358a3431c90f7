// `ringrift migrate` and what the commands say when something is wrong: one sentence, one exit
// code.

#include "tests/process/postgres_tables.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

struct Ended {
    int code = -1;
    std::string output = {};
    bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
};

Ended run(const std::vector<std::string>& arguments) {
    const TemporaryFolder folder;
    Daemon daemon(arguments, folder / "output");
    const int code = daemon.exit_code(120s).value_or(-1);
    return {.code = code, .output = daemon.output()};
}

Ended migrate(const std::string& url, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"migrate", "--postgres", url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
}

/// A refusal is one line, with its code, and without the password.
void check_refusal(const Ended& ended, int code, const std::string& says) {
    INFO(ended.output);
    CHECK(ended.code == code);
    CHECK(ended.says(says));
    CHECK(std::count(ended.output.begin(), ended.output.end(), '\n') == 1);
    CHECK_FALSE(ended.says("se'cret%"));
    CHECK_FALSE(ended.says("se%27cret%25"));
}

}  // namespace

TEST_CASE("migrate makes the tables, says so, and does nothing the second time") {
    const std::string url = postgres().new_database();
    const auto count = std::to_string(projections::migrations().size());
    const Ended listed = migrate(url, {"--list"});
    CHECK(listed.code == 0);
    CHECK(listed.says(count + " of " + count + " migrations missing"));
    CHECK(number(url, "select count(*) from pg_namespace where nspname = 'ringrift'") == 0);
    const Ended first = migrate(url);
    INFO(first.output);
    CHECK(first.code == 0);
    CHECK(first.says("0003_events              applied"));
    const Ended second = migrate(url);
    CHECK(second.code == 0);
    CHECK(second.says("0003_events              there"));
    CHECK(second.says("0 of " + count + " migrations applied"));
    CHECK_FALSE(second.says("cret"));
}

TEST_CASE("two who migrate at once leave the tables made once") {
    const std::string url = postgres().new_database();
    const TemporaryFolder folder;
    Daemon one({"migrate", "--postgres", url}, folder / "one");
    Daemon other({"migrate", "--postgres", url}, folder / "other");
    CHECK(one.exit_code(120s) == 0);
    CHECK(other.exit_code(120s) == 0);
    CHECK(number(url, "select count(*) from migrations") ==
          std::int64_t(projections::migrations().size()));
}

TEST_CASE("a database that a newer ringrift made is refused, and one whose files were changed") {
    const std::string url = migrated(postgres().new_database()).url;
    query(url, "insert into migrations values (999, '0999_future', 'x', '9.9')");
    check_refusal(migrate(url), 21, "newer ringrift");
    query(url, "delete from migrations where number = 999");
    query(url, "update migrations set checksum = 'changed' where number = 4");
    check_refusal(migrate(url), 21, "0004_nodes");
}

TEST_CASE("each clear mistake is a sentence of its own with an exit code of its own") {
    PostgresServer& server = postgres();
    check_refusal(migrate("postgres//nonsense:se'cret%"), 2, "no address of a PostgreSQL database");
    check_refusal(run({"migrate"}), 2, "--postgres");
    check_refusal(migrate(server.url("postgres", "wrong")), 21, "lets nobody in");
    check_refusal(migrate(server.url("no_such_database")), 21, "lets nobody in");
    check_refusal(migrate("postgresql://ringrift:se%27cret%25@127.0.0.1:1/x"), 20,
                  "does not answer");
    check_refusal(migrate(server.new_database(), {"--postgres-schema", "Bad-Name;"}), 2,
                  "postgres_schema is");
    const TemporaryFolder folder;
    check_refusal(
        run({"project", "--data", folder.path().string(), "--postgres", server.url("postgres")}), 6,
        "there is no log");
    write_log(folder.path().string(), 1, 10);
    const std::string url = server.new_database();
    check_refusal(run({"project", "--data", folder.path().string(), "--postgres", url,
                       "--log-level", "CRITICAL"}),
                  21, "run 'ringrift migrate'");
}

TEST_CASE("config show shows the address of PostgreSQL, and never its password") {
    const Ended ended = run({"config", "show", "--postgres", "postgresql://me:topsecret@db/main"});
    CHECK(ended.code == 0);
    CHECK(ended.says("postgresql://me@db/main"));
    CHECK_FALSE(ended.says("topsecret"));
    const Ended json =
        run({"config", "show", "--json", "--postgres", "postgresql://me:topsecret@db/main"});
    CHECK(json.says("postgresql://me@db/main"));
    CHECK_FALSE(json.says("topsecret"));
}
