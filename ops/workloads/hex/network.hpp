// The network: what a position is worth, and which moves deserve a look.
//
// A residual multilayer perceptron on the features of features.hpp. Boards this small need no
// convolution, and a hidden layer of 128 costs a few microseconds on one core, which is what
// decides how many games a laptop plays. `Network` holds weights; its gradient and the optimizer's
// moments have the same shape and are the same type.
#pragma once

#include <Eigen/Core>
#include <array>
#include <span>
#include <vector>

#include "ops/workloads/hex/features.hpp"

namespace ringrift::hex {

using Matrix = Eigen::MatrixXf;  ///< Column-major: a sparse input is a sum of columns.
using Vector = Eigen::VectorXf;

constexpr int hidden_width = 128;

struct Dense {
    Matrix weights = {};  ///< outputs x inputs
    Vector bias = {};     ///< outputs
};

struct Network {
    Config config = {};
    Dense input = {};    ///< hidden = relu(input(features))
    Dense block_a = {};  ///< hidden += relu(block_a(hidden))
    Dense block_b = {};  ///< hidden += relu(block_b(hidden))
    Dense policy = {};   ///< one logit per cell, as the side to move sees it
    Dense value = {};    ///< tanh of it is the expected result for the side to move, -1..1

    std::array<Dense*, 5> layers() { return {&input, &block_a, &block_b, &policy, &value}; }
    std::array<const Dense*, 5> layers() const {
        return {&input, &block_a, &block_b, &policy, &value};
    }
};

/// All weights of `network`, one span per matrix or bias, always in the same order.
std::vector<std::span<float>> tensors(Network& network);
std::vector<std::span<const float>> tensors(const Network& network);

/// All weights 0: the shape of a gradient.
Network zero_network(Config config);

/// The network that every lineage of the config begins with, named `init`. Always the same weights.
/// Its heads are 0: it thinks all moves equal and all positions even, so only search plays.
Network initial_network(Config config);

struct Evaluation {
    std::array<float, cells_max> priors =
        {};           ///< By cell of the board; 0 where not legal; sums to 1.
    float value = 0;  ///< Expected result for the side to move, -1..1.
};

/// Applies a network to one position at a time. Keeps scratch memory: one per thread.
class Evaluator {
  public:
    explicit Evaluator(const Network& network);  ///< Keeps a reference.
    explicit Evaluator(Network&&) = delete;

    /// REQUIRES: same config, and nobody has won.
    Evaluation operator()(const Board& board);

  private:
    const Network& network_;
    Vector hidden_;
    Vector inner_;
    Vector logits_;
};

}  // namespace ringrift::hex
