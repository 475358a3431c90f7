#include "ops/workloads/hex/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ringrift::hex {

Search::Search(const Network& network, SearchOptions options)
    : options_(options), evaluate_(network) {}

std::vector<int> Search::visits(const Board& root, Random& random) {
    nodes_.assign(1, Node{});
    const float value = expand(0, root);
    at(0).visits = 1;
    at(0).value_sum = value;
    if (options_.noise_share > 0) add_noise(random);
    for (int i = 0; i < options_.simulations; ++i) simulate(root);

    std::vector<int> result(static_cast<std::size_t>(root.config().cells()), 0);
    for (int child = 0; child < at(0).children; ++child) {
        const Node& node = at(at(0).first_child + child);
        result[static_cast<std::size_t>(node.move)] = node.visits;
    }
    return result;
}

void Search::simulate(Board board) {
    int node = 0;
    path_.assign(1, node);
    while (at(node).children > 0) {
        node = best_child(at(node));
        board.play(at(node).move);
        path_.push_back(node);
    }
    // Whoever is to move on a finished board has lost: the winner moved last.
    float value = board.winner() == Side::nobody ? expand(node, board) : -1.0F;
    for (auto step = path_.rbegin(); step != path_.rend(); ++step) {
        at(*step).visits += 1;
        at(*step).value_sum += value;
        value = -value;
    }
}

float Search::expand(int node, const Board& board) {
    const Evaluation evaluation = evaluate_(board);
    const auto first_child = static_cast<int>(nodes_.size());
    for (int cell = 0; cell < board.config().cells(); ++cell) {
        if (!board.is_legal(cell)) continue;
        nodes_.push_back(
            {.move = cell, .prior = evaluation.priors[static_cast<std::size_t>(cell)]});
    }
    at(node).first_child = first_child;
    at(node).children = static_cast<int>(nodes_.size()) - first_child;
    return evaluation.value;
}

void Search::add_noise(Random& random) {
    const Node root = at(0);
    const double alpha = std::min(1.0, static_cast<double>(options_.noise_total) / root.children);
    std::vector<double> noise(static_cast<std::size_t>(root.children));
    double sum = 0;
    for (double& draw : noise) sum += draw = random.gamma(alpha);
    for (int child = 0; child < root.children; ++child) {
        float& prior = at(root.first_child + child).prior;
        const auto share = static_cast<float>(noise[static_cast<std::size_t>(child)] / sum);
        prior += options_.noise_share * (share - prior);
    }
}

int Search::best_child(const Node& parent) const {
    const float pull = options_.exploration * std::sqrt(static_cast<float>(parent.visits));
    const float untried =
        parent.value_sum / static_cast<float>(parent.visits) - options_.first_play;
    int best = parent.first_child;
    float best_score = std::numeric_limits<float>::lowest();
    for (int child = parent.first_child; child < parent.first_child + parent.children; ++child) {
        const Node& node = at(child);
        const auto visits = static_cast<float>(node.visits);
        const float result = node.visits == 0 ? untried : -node.value_sum / visits;
        const float score = result + pull * node.prior / (1.0F + visits);
        if (score > best_score) {
            best_score = score;
            best = child;
        }
    }
    return best;
}

int most_visited(const std::vector<int>& visits) {
    return static_cast<int>(std::max_element(visits.begin(), visits.end()) - visits.begin());
}

}  // namespace ringrift::hex
