// Counts by enums: a table that reads like a map.

#include "projections/tally.hpp"

#include "bus/json.hpp"
#include "projections/work_item.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using bus::WorkType;
using projections::Tally;
using projections::WorkStatus;

TEST_CASE("a tally reads like a map of its counts, in order and without zeroes") {
    Tally<std::pair<WorkType, WorkStatus>> tally;
    CHECK(tally.empty());
    tally.add({WorkType::sync, WorkStatus::parked}, 4);
    tally.add({WorkType::selfplay, WorkStatus::claimed}, 2);
    tally.add({WorkType::selfplay, WorkStatus::pending}, 1);
    tally.add({WorkType::selfplay, WorkStatus::claimed}, -2);
    std::vector<std::pair<WorkType, WorkStatus>> kinds;
    for (const auto& [kind, count] : tally) {
        kinds.push_back(kind);
        CHECK(tally.find(kind)->second == count);
        CHECK(tally.at(kind) == count);
    }
    CHECK(kinds ==
          std::vector<std::pair<WorkType, WorkStatus>>{{WorkType::selfplay, WorkStatus::pending},
                                                       {WorkType::sync, WorkStatus::parked}});
    CHECK_FALSE(tally.contains({WorkType::selfplay, WorkStatus::claimed}));
    CHECK(tally.find({WorkType::selfplay, WorkStatus::claimed}) == tally.end());
}

TEST_CASE("a tally's JSON is that of a map, which it was in older snapshots") {
    Tally<WorkStatus> tally;
    tally.add(WorkStatus::running, 3);
    tally.add(WorkStatus::pending, 1);
    const std::map<WorkStatus, std::int64_t> map = {{WorkStatus::pending, 1},
                                                    {WorkStatus::running, 3}};
    CHECK(bus::to_json(tally) == bus::to_json(map));
    const auto read = bus::from_json<Tally<WorkStatus>>(bus::to_json(map));
    REQUIRE(read.ok());
    CHECK(*read == tally);
}
