#include "ops/workloads/hex/features.hpp"

namespace ringrift::hex {

ActiveFeatures::ActiveFeatures(const Board& board) {
    const int cells = board.config().cells();
    for (int cell = 0; cell < cells; ++cell) {
        const Side side = board.stone(cell);
        if (side == Side::nobody) continue;
        const int first_plane = side == board.to_move() ? 0 : planes / 2;
        const Edge near = side == Side::first ? Edge::top : Edge::left;
        const Edge far = side == Side::first ? Edge::bottom : Edge::right;
        const int seen = seen_by(board, cell);
        add(first_plane * cells + seen);
        if (board.is_joined(cell, near)) add((first_plane + 1) * cells + seen);
        if (board.is_joined(cell, far)) add((first_plane + 2) * cells + seen);
    }
}

int seen_by(const Board& board, int cell) {
    if (board.to_move() == Side::first) return cell;
    const int size = board.config().size;
    return cell % size * size + cell / size;
}

int turned_feature(Config config, int index) {
    constexpr std::array<int, planes> turned_plane = {0, 2, 1, 3, 5, 4};
    const int plane = turned_plane[static_cast<std::size_t>(index / config.cells())];
    return plane * config.cells() + turned_cell(config, index % config.cells());
}

}  // namespace ringrift::hex
