// Any described value goes to JSON and back: what snapshots of views are made of.

#include "bus/json.hpp"

#include "bus/json_bound.hpp"
#include "tests/catch.hpp"

using namespace ringrift::bus;

namespace {

enum class Colour { red, default_ };
BOOST_DESCRIBE_ENUM(Colour, red, default_)

struct Part {
    WorkId work = {};
    std::int64_t size = 7;
    static constexpr std::array<std::string_view, 1> may_be_missing = {"size"};
    friend bool operator==(const Part&, const Part&) = default;
};
BOOST_DESCRIBE_STRUCT(Part, (), (work, size))

struct Whole {
    bool flag = false;
    Colour colour = Colour::red;
    std::uint64_t big = 0;
    Duration wait = {};
    Time at = {};
    std::optional<Part> part = {};
    std::vector<Part> parts = {};
    std::array<std::int64_t, 2> two = {};
    std::set<std::string> names = {};
    std::map<NodeId, Part> by_node = {};
    std::map<std::pair<ModelId, ModelId>, std::int64_t> by_pair = {};
    std::map<Position, std::string> by_position = {};
    std::set<std::pair<Time, WorkId>> order = {};
    friend bool operator==(const Whole&, const Whole&) = default;
};
BOOST_DESCRIBE_STRUCT(Whole, (),
                      (flag, colour, big, wait, at, part, parts, two, names, by_node, by_pair,
                       by_position, order))

Whole whole() {
    const Time at = *time_from_text("2025-12-28T10:00:00.123Z");
    return {.flag = true,
            .colour = Colour::default_,
            .big = ~std::uint64_t(0),
            .wait = Duration(-5),
            .at = at,
            .part = Part{.work = {"p"}},
            .parts = {{.work = {"a"}, .size = 1}, {.work = {"b"}, .size = 2}},
            .two = {3, 4},
            .names = {"x", "y"},
            .by_node = {{{"gpu-1"}, {.work = {"c"}, .size = 3}}},
            .by_pair = {{{{"m"}, {"n"}}, 9}},
            .by_position = {{12, "twelve"}},
            .order = {{at, {"w"}}}};
}

std::string problem_of(std::string text, std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
    const auto read = from_json<Whole>(text);
    return read ? "read" : read.error().sentence();
}

}  // namespace

TEST_CASE("a described value of every kind of field goes to JSON and back") {
    const std::string text = to_json(whole());
    CHECK(text ==
          R"({"flag":true,"colour":"default","big":18446744073709551615,"wait":-5,)"
          R"("at":"2025-12-28T10:00:00.123Z","part":{"work":"p","size":7},)"
          R"("parts":[{"work":"a","size":1},{"work":"b","size":2}],"two":[3,4],"names":["x","y"],)"
          R"("by_node":{"gpu-1":{"work":"c","size":3}},"by_pair":[[["m","n"],9]],)"
          R"("by_position":[[12,"twelve"]],"order":[["2025-12-28T10:00:00.123Z","w"]]})");
    const auto read = from_json<Whole>(text);
    REQUIRE(read.ok());
    CHECK(*read == whole());
    CHECK(text.size() <= json_bytes_at_most(whole()));
}

TEST_CASE("only optionals, lists and listed fields may be missing") {
    const auto least = from_json<Whole>(
        R"({"flag":false,"colour":"red","big":0,"wait":0,"at":"1970-01-01T00:00:00Z","two":[0,0]})");
    REQUIRE(least.ok());
    CHECK(*least == Whole{});
    const auto part = from_json<Part>(R"({"work":"a"})");
    REQUIRE(part.ok());
    CHECK(part->size == 7);
    CHECK(from_json<Part>("{}").error().sentence() == "field 'work' is missing");
}

TEST_CASE("a wrong kind is an error that names the field and the kind") {
    const std::string text = to_json(whole());
    CHECK(problem_of(text, R"("flag":true)", R"("flag":1)") ==
          "field 'flag' should be true or false");
    CHECK(problem_of(text, R"("default")", R"("blue")") ==
          "field 'colour' should be one of red, default");
    CHECK(problem_of(text, "[3,4]", "[3]") == "field 'two' should be an array of 2");
    CHECK(problem_of(text, R"("size":2)", R"("size":null)") ==
          "field 'parts[1].size' should be an integer from -9223372036854775808 to "
          "9223372036854775807");
    CHECK(problem_of(text, R"(["m","n"])", R"(["m"])") ==
          "field 'by_pair[0][0]' should be an array of 2");
    CHECK(problem_of(text, R"("2025-12-28T10:00:00.123Z","part")", R"("today","part")") ==
          "field 'at' should be a time like 2025-12-28T10:00:00.123Z");
    CHECK(problem_of(text, R"("work":"c")", R"("work":{})") ==
          "field 'by_node.gpu-1.work' should be text");
    CHECK(problem_of(text, R"("part":{"work":"p","size":7})", R"("part":null)") == "read");
}
