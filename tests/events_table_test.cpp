// bus/README.md is where a person looks up what can be said; it has to be complete.

#include <fstream>
#include <map>
#include <sstream>

#include "bus/codec.hpp"
#include "bus/json_kinds.hpp"
#include "tests/catch.hpp"

using namespace ringrift::bus;

namespace {

/// The cells of each row under "Every event" that begins with a type in back quotes, by that type.
std::map<std::string, std::vector<std::string>> rows_of_events() {
    std::ifstream file(RINGRIFT_SOURCE_DIR "/bus/README.md");
    std::map<std::string, std::vector<std::string>> rows;
    bool reached = false;
    for (std::string line; std::getline(file, line);) {
        reached = reached || line == "## Every event";
        if (!reached || !line.starts_with("| `") || line.find("` |") == std::string::npos) continue;
        const std::string type = line.substr(3, line.find('`', 3) - 3);
        std::istringstream cells(line.substr(line.find("` |") + 3));
        for (std::string cell; std::getline(cells, cell, '|');) {
            cell.erase(0, cell.find_first_not_of(' '));
            cell.erase(cell.find_last_not_of(' ') + 1);
            rows[type].push_back(cell);
        }
    }
    return rows;
}

}  // namespace

TEST_CASE("every type of event stands in the table with its noun, who says it, and what it means") {
    const auto rows = rows_of_events();
    for (const EventInfo& info : event_catalogue()) {
        INFO(info.type);
        const auto row = rows.find(std::string(info.type));
        REQUIRE(row != rows.end());
        REQUIRE(row->second.size() == 3);
        CHECK(row->second[0] == json_detail::enum_name(info.noun));
        CHECK((row->second[1] == "leader") == (info.authority == Authority::leader));
        CHECK(row->second[2].size() > 10);
    }
    CHECK(rows.size() == event_catalogue().size());
}
