// A position as the network sees it: always from the side to move, who always joins top to bottom.
//
// For `second` the board is transposed and the colours are swapped, so the network learns one game,
// not two. Six planes of size x size, each cell 0 or 1:
//
//     0 own stones                        3 opponent's stones
//     1 own, joined to the top            4 opponent's, joined to the left
//     2 own, joined to the bottom         5 opponent's, joined to the right
//
// Turning the board by 180 degrees is a symmetry of the game: cells reverse, and planes 1 and 2, 4
// and 5 change places. Training uses it to double its samples.
#pragma once

#include <array>
#include <span>

#include "ops/workloads/hex/board.hpp"

namespace ringrift::hex {

constexpr int planes = 6;

inline int features_of(Config config) {
    return planes * config.cells();
}

/// The features that are 1, as indices plane * cells + cell. Others are 0.
class ActiveFeatures {
  public:
    explicit ActiveFeatures(const Board& board);
    std::span<const int> indices() const& { return {indices_.data(), count_}; }
    std::span<const int> indices() && = delete;  // It would outlive what it points to.

  private:
    void add(int index) { indices_[count_++] = index; }

    std::array<int, 3 * cells_max> indices_ = {};
    std::size_t count_ = 0;
};

/// The cell as the side to move sees it. Its own inverse.
int seen_by(const Board& board, int cell);

/// Where feature `index` goes when the board is turned by 180 degrees. Its own inverse.
int turned_feature(Config config, int index);

inline int turned_cell(Config config, int cell) {
    return config.cells() - 1 - cell;
}

}  // namespace ringrift::hex
