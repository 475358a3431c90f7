// Monte Carlo tree search guided by the network (PUCT), from one position to visit counts.
//
// The tree lives for one move and belongs to one thread. Same network, position, options and random
// state give the same counts.
#pragma once

#include <vector>

#include "ops/workloads/hex/network.hpp"
#include "ops/workloads/hex/random.hpp"

namespace ringrift::hex {

struct SearchOptions {
    int simulations = 64;      ///< Positions looked at for each move.
    float exploration = 1.5F;  ///< How much a prior weighs against a result.
    float first_play = 0.25F;  ///< How much worse than its parent an untried move is thought to be.
    float noise_share =
        0.0F;  ///< Share of the root's priors that is Dirichlet noise; 0 in matches.
    float noise_total = 10.0F;  ///< Dirichlet's alpha, times the number of legal moves.
};

class Search {
  public:
    Search(const Network& network, SearchOptions options);  ///< Keeps a reference.
    Search(Network&&, SearchOptions) = delete;

    /// Visits of each move, by cell: cells() integers that sum to `simulations`.
    /// REQUIRES: nobody has won.
    std::vector<int> visits(const Board& root, Random& random);

  private:
    struct Node {
        int move = -1;
        int first_child = 0;  ///< Children are consecutive in nodes_.
        int children = 0;     ///< 0 until expanded, and for ever where the game is over.
        int visits = 0;
        float prior = 0;
        float value_sum = 0;  ///< From the view of whoever moves at this node.
    };

    float expand(int node, const Board& board);
    void add_noise(Random& random);
    int best_child(const Node& parent) const;
    void simulate(Board board);
    Node& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
    const Node& at(int node) const { return nodes_[static_cast<std::size_t>(node)]; }

    SearchOptions options_;
    Evaluator evaluate_;
    std::vector<Node> nodes_;
    std::vector<int> path_;
};

/// The most visited cell; the lowest of equals.
int most_visited(const std::vector<int>& visits);

}  // namespace ringrift::hex
