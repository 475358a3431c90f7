// Which of a node's GPUs a job gets: ops/jobs/gpu_shares.hpp.

#include "ops/jobs/gpu_shares.hpp"

#include "tests/catch.hpp"

namespace ringrift::tests {

using Gpus = std::vector<std::int64_t>;

TEST_CASE("a job gets GPUs that no other job has, the lowest numbers first") {
    CHECK(ops::choose_gpus(1, 4, {}) == Gpus{0});
    CHECK(ops::choose_gpus(2, 4, {0, 2}) == Gpus{1, 3});
    CHECK(ops::choose_gpus(4, 4, {}) == Gpus{0, 1, 2, 3});
}

TEST_CASE("where all GPUs are taken, those are shared that the fewest have") {
    CHECK(ops::choose_gpus(1, 2, {0, 1, 1}) == Gpus{0});
    CHECK(ops::choose_gpus(2, 3, {0, 0, 1, 2, 2}) == Gpus{0, 1});
}

TEST_CASE("a job that wants none gets none, and nobody gets more than there are") {
    CHECK(ops::choose_gpus(0, 4, {}).empty());
    CHECK(ops::choose_gpus(2, 0, {}).empty());
    CHECK(ops::choose_gpus(8, 2, {}) == Gpus{0, 1});
    CHECK(ops::choose_gpus(-1, -1, {7}).empty());
}

TEST_CASE("a list of GPUs can be read back, and what is none is left out") {
    CHECK(ops::gpu_list({}) == "");
    CHECK(ops::gpu_list({0, 2, 11}) == "0,2,11");
    CHECK(ops::gpus_in("0,2,11") == Gpus{0, 2, 11});
    CHECK(ops::gpus_in("") == Gpus{});
    CHECK(ops::gpus_in(",x,3,4y,") == Gpus{3});
}

}  // namespace ringrift::tests
