// The rules of Hex, as sentences.
#include "ops/workloads/hex/board.hpp"

#include <algorithm>
#include <set>

#include "ops/workloads/hex/features.hpp"
#include "ops/workloads/hex/random.hpp"
#include "tests/catch.hpp"

namespace ringrift::hex {
namespace {

constexpr Config four{.size = 4};

std::vector<int> around(Config config, int cell) {
    const auto cells = neighbours(config, cell);
    return {cells.begin(), cells.end()};
}

/// Plays the two lists in turn; either may be longer by what the other lacks at the end.
Board after(Config config, const std::vector<int>& first, const std::vector<int>& second) {
    Board board(config);
    for (std::size_t i = 0; i < first.size(); ++i) {
        board.play(first[i]);
        if (i < second.size()) board.play(second[i]);
    }
    return board;
}

/// Who has a path between the own edges, found by flood fill: the check of the union-find.
bool has_path(const Board& board, Side side) {
    const Config config = board.config();
    std::set<int> reached;
    std::vector<int> open;
    for (int i = 0; i < config.size; ++i) {
        open.push_back(side == Side::first ? i : i * config.size);
    }
    while (!open.empty()) {
        const int cell = open.back();
        open.pop_back();
        if (board.stone(cell) != side || !reached.insert(cell).second) continue;
        const auto next = neighbours(config, cell);
        open.insert(open.end(), next.begin(), next.end());
    }
    return std::any_of(reached.begin(), reached.end(), [&](int cell) {
        return (side == Side::first ? cell / config.size : cell % config.size) == config.size - 1;
    });
}

TEST_CASE("an inner cell touches six others") {
    CHECK(around(four, 5) == std::vector<int>{1, 2, 4, 6, 8, 9});
}

TEST_CASE("two corners touch two cells and the other two touch three") {
    CHECK(around(four, 0) == std::vector<int>{1, 4});
    CHECK(around(four, 15) == std::vector<int>{11, 14});
    CHECK(around(four, 3) == std::vector<int>{2, 6, 7});
    CHECK(around(four, 12) == std::vector<int>{8, 9, 13});
}

TEST_CASE("a cell at an edge touches four others, and rows do not wrap around") {
    CHECK(around(four, 1) == std::vector<int>{0, 2, 4, 5});
    CHECK(around(four, 7) == std::vector<int>{3, 6, 10, 11});
    CHECK(around(four, 8) == std::vector<int>{4, 5, 9, 12});
}

TEST_CASE("touching is mutual on every board") {
    for (int size = board_size_min; size <= board_size_max; ++size) {
        const Config config{.size = size};
        for (int cell = 0; cell < config.cells(); ++cell) {
            for (const int other : neighbours(config, cell)) {
                const auto back = neighbours(config, other);
                CHECK(std::count(back.begin(), back.end(), cell) == 1);
            }
        }
    }
}

TEST_CASE("first wins by joining the top to the bottom") {
    const Board before = after(four, {1, 5, 9}, {0, 4, 8});
    CHECK(before.winner() == Side::nobody);
    CHECK(after(four, {1, 5, 9, 13}, {0, 4, 8}).winner() == Side::first);
}

TEST_CASE("second wins by joining the left to the right, also along the rising diagonal") {
    CHECK(after(four, {0, 1, 2, 4}, {12, 9, 6, 3}).winner() == Side::second);
}

TEST_CASE("the falling diagonal joins nothing") {
    CHECK(after(four, {0, 5, 10, 15}, {1, 2, 3}).winner() == Side::nobody);
}

TEST_CASE("joining the other side's edges wins nothing") {
    CHECK(after(four, {4, 5, 6, 7}, {0, 1, 2}).winner() == Side::nobody);
}

TEST_CASE("nobody plays on a stone, beyond the board, or after the end") {
    Board board = after(four, {1, 5, 9}, {0, 4, 8});
    CHECK_FALSE(board.is_legal(1));
    CHECK_FALSE(board.is_legal(-1));
    CHECK_FALSE(board.is_legal(16));
    CHECK(board.is_legal(13));
    board.play(13);
    CHECK(board.legal_cells().empty());
}

TEST_CASE("every random game ends with exactly one winner, before or when the board is full") {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Random random(seed);
        const Config config{.size = board_size_min + static_cast<int>(seed % 4)};
        std::vector<int> order = Board(config).legal_cells();
        random.shuffle(order);
        Board board(config);
        for (const int cell : order) {
            if (!board.is_legal(cell)) break;
            board.play(cell);
            for (const Side side : {Side::first, Side::second}) {
                REQUIRE(has_path(board, side) == (board.winner() == side));
            }
        }
        REQUIRE(board.winner() != Side::nobody);
    }
}

TEST_CASE("the side to move always sees itself joining top to bottom") {
    const Board first_moves = after(four, {1, 14}, {8, 7});       // Stones at 1, 14 against 8, 7.
    const Board second_moves = after(four, {2, 13, 0}, {4, 11});  // Its mirror, and a stone at 0.
    CHECK(seen_by(first_moves, 6) == 6);
    CHECK(seen_by(second_moves, 6) == 9);
    const ActiveFeatures features(second_moves);
    const auto seen = features.indices();
    const std::set<int> active(seen.begin(), seen.end());
    CHECK(active.contains(0 * 16 + 1));   // Second's stone at 4 is own, in the top row, ...
    CHECK(active.contains(1 * 16 + 1));   // ... joined to the top.
    CHECK(active.contains(2 * 16 + 14));  // The one at 11 is joined to the bottom.
    CHECK(
        active.contains(4 * 16 + 0));  // First's stone at 0 is the opponent's, joined to the left.
}

TEST_CASE("turning a position twice gives it back, and swaps near and far edges") {
    const Config config{.size = 5};
    for (int index = 0; index < features_of(config); ++index) {
        CHECK(turned_feature(config, turned_feature(config, index)) == index);
    }
    CHECK(turned_feature(config, 25 + 2) == 50 + 22);
}

}  // namespace
}  // namespace ringrift::hex
