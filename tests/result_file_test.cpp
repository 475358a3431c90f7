// What counts as evidence that a job has done its work.

#include "ops/jobs/result_file.hpp"

#include "tests/catch.hpp"

namespace ringrift::ops {
namespace {

using bus::WorkType;

const std::string digest(64, 'a');

std::string file(const std::string& name, const std::string& more = "") {
    return R"({"name":")" + name + R"(","sha256":")" + digest + "\"" + more + "}";
}

bus::Result<bus::WorkResult, ResultProblem> read(const std::string& text,
                                                 WorkType type = WorkType::selfplay) {
    return read_result(text, type, {"hex5_2p"});
}

// The sentence, or nothing when the result is good.
std::string problem(const std::string& text, WorkType type = WorkType::selfplay) {
    const auto result = read(text, type);
    return result ? "" : result.error().sentence;
}

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a complete result is read member by member") {
    const auto result = read(R"({"type":"evaluation","config":"hex5_2p","games":10,"samples":20,
        "steps":30,"loss_micro":-40,"wins":4,"draws":3,"losses":3,"pentanomial":[1,0,2,1,1],
        "note":{"any":[1.5]},"files":[)" +
                                 file("m.jsonl", R"(,"bytes":9,"games":10)") + "]}",
                             WorkType::evaluation);
    REQUIRE(result);
    CHECK(*result == bus::WorkResult{.games = 10,
                                     .samples = 20,
                                     .steps = 30,
                                     .loss_micro = -40,
                                     .wins = 4,
                                     .draws = 3,
                                     .losses = 3,
                                     .pentanomial = {1, 0, 2, 1, 1},
                                     .files = {{{digest}, "m.jsonl", 9, 10}}});
}

TEST_CASE("the only file of a selfplay holds all its games unless it says otherwise") {
    const auto result = read(R"({"games":5,"files":[)" + file("g") + "]}");
    REQUIRE(result);
    CHECK(result->files[0].games == 5);
    CHECK(result->files[0].bytes == -1);
    CHECK(says(problem(R"({"games":5,"files":[)" + file("g", R"(,"games":4)") + "]}"), "hold 4"));
    CHECK(says(problem(R"({"games":5,"files":[]})"), "hold 0"));
}

TEST_CASE("nothing done is not completed") {
    CHECK(says(problem("{}"), "no games"));
    CHECK(says(problem(R"({"games":0})", WorkType::evaluation), "no games"));
    CHECK(says(problem(R"({"games":0})", WorkType::tournament), "no games"));
    CHECK(says(problem(R"({"files":[)" + file("s.npz") + "]}", WorkType::export_), "no samples"));
    CHECK(says(problem(R"({"samples":4})", WorkType::export_), "no file"));
    CHECK(says(problem(R"({"steps":4})", WorkType::training), "no model file"));
    CHECK(problem(R"({"games":2,"wins":1,"losses":1})", WorkType::tournament).empty());
    CHECK(problem(R"({"samples":4,"files":[)" + file("s.npz") + "]}", WorkType::export_).empty());
    CHECK(problem(R"({"files":[)" + file("model.bin") + "]}", WorkType::training).empty());
}

TEST_CASE("a match does not count more results than it has games") {
    CHECK(
        says(problem(R"({"games":2,"wins":2,"losses":1})", WorkType::evaluation), "more results"));
    CHECK(says(problem(R"({"games":3,"pentanomial":[1,0,0,0,1]})", WorkType::evaluation),
               "more results"));
}

TEST_CASE("a result of other work is refused") {
    CHECK(says(problem(R"({"type":"training","games":1})"), "`training`"));
    CHECK(says(problem(R"({"config":"hex6_2p","games":1})"), "`hex6_2p`"));
    CHECK(says(problem(R"({"type":"evaluation","games":1})"), "`selfplay`"));
    CHECK(problem(R"({"type":"evaluation","games":1})", WorkType::tournament).empty());
}

TEST_CASE("what is not what it should be is named") {
    CHECK(says(problem(""), "not valid JSON"));
    CHECK(says(problem("[]"), "not a JSON object"));
    CHECK(says(problem(R"({"games":1.5})"), "games must be an integer"));
    CHECK(says(problem(R"({"games":"5"})"), "games must be an integer"));
    CHECK(says(problem(R"({"games":-1})"), "games must be an integer"));
    CHECK(says(problem(R"({"games":18446744073709551615})"), "games must be an integer"));
    CHECK(says(problem(R"({"games":1,"pentanomial":[1,2]})"), "pentanomial"));
    CHECK(says(problem(R"({"games":1,"files":{}})"), "files must be a list"));
    CHECK(says(problem(R"({"games":1,"files":[7]})"), "files must be a list of objects"));
    CHECK(says(problem(R"({"games":1,"files":[{"name":"a","sha256":"12"}]})"), "sha256"));
    CHECK(says(problem(R"({"games":1,"files":[)" + file("a") + "," + file("a") + "]}"), "twice"));
}

TEST_CASE("a file has a name inside the output folder") {
    for (const char* name : {"", "/etc/passwd", "../a", "a/../../b", ".", "a/", "./a", "a//../b"}) {
        INFO(name);
        CHECK(says(problem(R"({"games":1,"files":[)" + file(name) + "]}"), "name"));
    }
    CHECK(problem(R"({"games":1,"files":[)" + file("deep/down/a.jsonl") + "]}").empty());
    CHECK(says(problem(R"({"games":1,"files":[)" + file("a\\u0000b") + "]}"), "name"));
}

TEST_CASE("text that nobody would write is refused, not feared") {
    CHECK_FALSE(problem(std::string(100'000, '[')).empty());
    CHECK_FALSE(problem("{\"games\":\"\xff\"}").empty());
    CHECK_FALSE(problem("{\"games\":1e999}").empty());
}

}  // namespace ringrift::ops
