// The rules of Hex: a board, whose turn it is, and who has won.
//
// `first` moves first and joins the top row to the bottom row; `second` joins the left column to
// the right one. There is no swap rule. Cells are numbered row by row from 0. Each cell touches up
// to six others: in its row, in its column, and the two on the rising diagonal:
//
//     0 1 2 3
//      4 5 6 7        cell 5 touches 1, 2, 4, 6, 8 and 9
//       8 9 ...
//
// Groups of stones are kept in a union-find with the four edges as members, so that a win is one
// comparison, and so is "is this stone joined to my edge?" (a feature of the network). A board is
// small and plain: the search copies one per simulation.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ops/workloads/hex/config.hpp"

namespace ringrift::hex {

enum class Side : std::uint8_t { first = 0, second = 1, nobody = 2 };
enum class Edge : std::uint8_t { top = 0, bottom = 1, left = 2, right = 3 };

Side opponent(Side side);

/// The cells that touch `cell`, in ascending order: 2 to 6 of them.
std::span<const int> neighbours(Config config, int cell);

class Board {
  public:
    explicit Board(Config config);

    /// Puts a stone of the side to move and passes the turn. REQUIRES: is_legal(cell).
    void play(int cell);

    /// On the board, empty, and the game is not over.
    bool is_legal(int cell) const;
    std::vector<int> legal_cells() const;

    /// `nobody` while the game goes on; a full board always has exactly one winner.
    Side winner() const { return winner_; }
    Side to_move() const { return to_move_; }
    Side stone(int cell) const { return stones_[static_cast<std::size_t>(cell)]; }
    bool is_joined(int cell, Edge edge) const;
    Config config() const { return config_; }
    int stones() const { return stones_played_; }

  private:
    int root_of(int member) const;
    void join(int member, int other);
    int member_of(Edge edge) const { return cells_max + static_cast<int>(edge); }

    Config config_;
    Side to_move_ = Side::first;
    Side winner_ = Side::nobody;
    int stones_played_ = 0;
    std::array<Side, cells_max> stones_ = {};
    std::array<std::uint8_t, cells_max + 4> parent_ = {};  ///< Cells, then the four edges.
};

}  // namespace ringrift::hex
