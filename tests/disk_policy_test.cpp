// When a disk is low and when it is full.

#include "projections/disk_policy.hpp"

#include "tests/catch.hpp"

using namespace ringrift::projections;

namespace {

constexpr std::int64_t gib = 1LL << 30;

DiskState judge(DiskState before, std::int64_t free, std::int64_t total) {
    return judge_disk(DiskPolicy{}, before, free, total).state;
}

}  // namespace

TEST_CASE("a disk with room is ok") {
    CHECK(judge(DiskState::ok, 40 * gib, 100 * gib) == DiskState::ok);
}

TEST_CASE("a disk is low from 85 % on and halted from 95 % on") {
    CHECK(judge(DiskState::ok, 16 * gib, 100 * gib) == DiskState::ok);
    CHECK(judge(DiskState::ok, 15 * gib, 100 * gib) == DiskState::low);
    CHECK(judge(DiskState::ok, 5 * gib, 100 * gib) == DiskState::halted);
}

TEST_CASE("a small disk is judged by its bytes") {
    CHECK(judge(DiskState::ok, 5 * gib, 8 * gib) == DiskState::ok);
    CHECK(judge(DiskState::ok, 4 * gib - 1, 8 * gib) == DiskState::low);
    CHECK(judge(DiskState::ok, gib - 1, 8 * gib) == DiskState::halted);
}

TEST_CASE("the percentage says nothing while there is plenty of room") {
    CHECK(judge(DiskState::ok, 60 * gib, 4000 * gib) == DiskState::ok);
    CHECK(judge(DiskState::ok, 49 * gib, 4000 * gib) == DiskState::low);
    CHECK(judge(DiskState::ok, 11 * gib, 4000 * gib) == DiskState::low);
    CHECK(judge(DiskState::ok, 9 * gib, 4000 * gib) == DiskState::halted);
}

TEST_CASE("a halted disk goes on only when it is clearly better") {
    CHECK(judge(DiskState::halted, 6 * gib, 100 * gib) == DiskState::halted);
    CHECK(judge(DiskState::halted, 8 * gib, 100 * gib) == DiskState::low);
    CHECK(judge(DiskState::low, 16 * gib, 100 * gib) == DiskState::low);
    CHECK(judge(DiskState::low, 18 * gib, 100 * gib) == DiskState::ok);
}

TEST_CASE("the slack counts in bytes as well") {
    CHECK(judge(DiskState::halted, gib + gib / 4, 8 * gib) == DiskState::halted);
    CHECK(judge(DiskState::halted, gib + gib / 2, 8 * gib) == DiskState::low);
}

TEST_CASE("a disk of petabytes is judged without overflow") {
    CHECK(judge(DiskState::ok, 40 * gib, 4'000'000 * gib) == DiskState::low);
}

TEST_CASE("a disk that cannot be sensed stays what it was") {
    CHECK(judge(DiskState::halted, 0, 0) == DiskState::halted);
    CHECK(judge(DiskState::ok, 0, 0) == DiskState::ok);
}

TEST_CASE("the reason names the numbers") {
    CHECK(judge_disk(DiskPolicy{}, DiskState::ok, 4 * gib, 100 * gib).reason ==
          "4.0 of 100.0 GiB are free (96 % used); no new work is taken until there is more room");
}
