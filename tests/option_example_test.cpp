#include "ops/option_example.hpp"

#include <fstream>
#include <regex>
#include <sstream>

#include "ops/option_table.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

// The example of an option file: that of the package is the table's, and what it says holds.

namespace ringrift::tests {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

ops::OptionSources with_file(const std::string& path) {
    ops::OptionSources sources;
    sources.file = path;
    return sources;
}

}  // namespace

TEST_CASE("the example in ops/deploy is what the table of options gives") {
    const std::string kept = text_of(RINGRIFT_SOURCE_DIR "/ops/deploy/ringrift.toml");
    INFO("renew it: ringrift config example > ops/deploy/ringrift.toml");
    CHECK(kept == ops::example_text());
}

TEST_CASE("the example sets nothing, and names every option") {
    const std::string path = RINGRIFT_SOURCE_DIR "/ops/deploy/ringrift.toml";
    const auto loaded = ops::load(with_file(path));
    REQUIRE(loaded);
    CHECK(loaded->warnings.empty());
    for (const ops::OptionRow& row : ops::option_table()) {
        INFO(row.key);
        CHECK(loaded->origins.at(std::string(row.key)).starts_with("default"));
        CHECK(text_of(path).find("\n#" + std::string(row.key) + " = ") != std::string::npos);
    }
}

TEST_CASE("with its comments taken away, the example says what holds without it") {
    const TemporaryFolder folder;
    const std::regex empty("(^|\n)#[a-z_]+ = \"\"(?=\n)");
    const std::regex commented("(^|\n)#([a-z_]+ = )");
    const std::string file = folder / "ringrift.toml";
    std::ofstream(file) << std::regex_replace(std::regex_replace(ops::example_text(), empty, "\n"),
                                              commented, "$1$2");
    const auto said = ops::load(with_file(file));
    const auto standard = ops::load({});
    REQUIRE(standard);
    INFO((said ? "" : said.error().sentence));
    REQUIRE(said);
    for (const ops::OptionRow& row : ops::option_table()) {
        INFO(row.key);
        CHECK(row.write(said->options) == row.write(standard->options));
    }
    CHECK(said->origins.at("port").starts_with(file));
}

}  // namespace ringrift::tests
