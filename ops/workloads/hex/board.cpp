#include "ops/workloads/hex/board.hpp"

namespace ringrift::hex {
namespace {

using Neighbours = std::array<std::vector<int>, cells_max>;

Neighbours neighbours_on(int size) {
    constexpr std::array<std::array<int, 2>, 6> steps = {
        {{-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}}};
    Neighbours table;
    for (int cell = 0; cell < size * size; ++cell) {
        for (const auto& [down, right] : steps) {
            const int row = cell / size + down;
            const int column = cell % size + right;
            if (row < 0 || row >= size || column < 0 || column >= size) continue;
            table[static_cast<std::size_t>(cell)].push_back(row * size + column);
        }
    }
    return table;
}

}  // namespace

Side opponent(Side side) {
    return side == Side::first ? Side::second : Side::first;
}

std::span<const int> neighbours(Config config, int cell) {
    static const std::array<Neighbours, 4> tables = {neighbours_on(4), neighbours_on(5),
                                                     neighbours_on(6), neighbours_on(7)};
    const auto& table = tables[static_cast<std::size_t>(config.size - board_size_min)];
    return table[static_cast<std::size_t>(cell)];
}

Board::Board(Config config) : config_(config) {
    stones_.fill(Side::nobody);
    for (std::size_t member = 0; member < parent_.size(); ++member) {
        parent_[member] = static_cast<std::uint8_t>(member);
    }
}

bool Board::is_legal(int cell) const {
    return winner_ == Side::nobody && cell >= 0 && cell < config_.cells() &&
           stone(cell) == Side::nobody;
}

std::vector<int> Board::legal_cells() const {
    std::vector<int> cells;
    for (int cell = 0; cell < config_.cells(); ++cell) {
        if (is_legal(cell)) cells.push_back(cell);
    }
    return cells;
}

void Board::play(int cell) {
    const Side side = to_move_;
    stones_[static_cast<std::size_t>(cell)] = side;
    ++stones_played_;
    for (const int other : neighbours(config_, cell)) {
        if (stone(other) == side) join(cell, other);
    }
    const int last = config_.size - 1;
    const int along = side == Side::first ? cell / config_.size : cell % config_.size;
    const Edge near = side == Side::first ? Edge::top : Edge::left;
    const Edge far = side == Side::first ? Edge::bottom : Edge::right;
    if (along == 0) join(cell, member_of(near));
    if (along == last) join(cell, member_of(far));
    if (root_of(member_of(near)) == root_of(member_of(far))) winner_ = side;
    to_move_ = opponent(side);
}

bool Board::is_joined(int cell, Edge edge) const {
    return root_of(cell) == root_of(member_of(edge));
}

int Board::root_of(int member) const {
    while (parent_[static_cast<std::size_t>(member)] != member) {
        member = parent_[static_cast<std::size_t>(member)];
    }
    return member;
}

void Board::join(int member, int other) {
    parent_[static_cast<std::size_t>(root_of(member))] = static_cast<std::uint8_t>(root_of(other));
}

}  // namespace ringrift::hex
