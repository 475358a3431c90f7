#include "ops/workloads/hex/network.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/workloads/hex/random.hpp"

namespace ringrift::hex {
namespace {

Dense zero_dense(int outputs, int inputs) {
    return {.weights = Matrix::Zero(outputs, inputs), .bias = Vector::Zero(outputs)};
}

/// He's uniform initialization, scaled down for the residual blocks so that they begin near
/// identity.
void randomize(Dense& layer, float scale, Random& random) {
    const float bound = scale * std::sqrt(6.0F / static_cast<float>(layer.weights.cols()));
    for (float& weight :
         std::span(layer.weights.data(), static_cast<std::size_t>(layer.weights.size()))) {
        weight = bound * static_cast<float>(2.0 * random.unit() - 1.0);
    }
}

/// Softmax over the empty cells, written by cell of the board.
void write_priors(const Board& board, const Vector& logits, Evaluation& result) {
    const int cells = board.config().cells();
    float highest = std::numeric_limits<float>::lowest();
    for (int cell = 0; cell < cells; ++cell) {
        if (board.is_legal(cell)) highest = std::max(highest, logits[seen_by(board, cell)]);
    }
    float sum = 0;
    for (int cell = 0; cell < cells; ++cell) {
        if (!board.is_legal(cell)) continue;
        const float weight = std::exp(logits[seen_by(board, cell)] - highest);
        result.priors[static_cast<std::size_t>(cell)] = weight;
        sum += weight;
    }
    for (float& prior : result.priors) prior /= sum;
}

}  // namespace

std::vector<std::span<float>> tensors(Network& network) {
    std::vector<std::span<float>> all;
    for (Dense* layer : network.layers()) {
        all.emplace_back(layer->weights.data(), static_cast<std::size_t>(layer->weights.size()));
        all.emplace_back(layer->bias.data(), static_cast<std::size_t>(layer->bias.size()));
    }
    return all;
}

std::vector<std::span<const float>> tensors(const Network& network) {
    std::vector<std::span<const float>> all;
    for (const Dense* layer : network.layers()) {
        all.emplace_back(layer->weights.data(), static_cast<std::size_t>(layer->weights.size()));
        all.emplace_back(layer->bias.data(), static_cast<std::size_t>(layer->bias.size()));
    }
    return all;
}

Network zero_network(Config config) {
    return {.config = config,
            .input = zero_dense(hidden_width, features_of(config)),
            .block_a = zero_dense(hidden_width, hidden_width),
            .block_b = zero_dense(hidden_width, hidden_width),
            .policy = zero_dense(config.cells(), hidden_width),
            .value = zero_dense(1, hidden_width)};
}

Network initial_network(Config config) {
    Network network = zero_network(config);
    Random random(static_cast<std::uint64_t>(config.size));
    randomize(network.input, 1.0F, random);
    randomize(network.block_a, 0.5F, random);
    randomize(network.block_b, 0.5F, random);
    return network;
}

Evaluator::Evaluator(const Network& network)
    : network_(network),
      hidden_(hidden_width),
      inner_(hidden_width),
      logits_(network.config.cells()) {}

Evaluation Evaluator::operator()(const Board& board) {
    const ActiveFeatures features(board);
    hidden_ = network_.input.bias;
    for (const int index : features.indices()) {
        hidden_ += network_.input.weights.col(index);
    }
    hidden_ = hidden_.cwiseMax(0.0F);
    for (const Dense* block : {&network_.block_a, &network_.block_b}) {
        inner_ = block->bias;
        inner_.noalias() += block->weights * hidden_;
        hidden_ += inner_.cwiseMax(0.0F);
    }
    logits_ = network_.policy.bias;
    logits_.noalias() += network_.policy.weights * hidden_;

    Evaluation result;
    write_priors(board, logits_, result);
    result.value = std::tanh(network_.value.weights.row(0).dot(hidden_) + network_.value.bias[0]);
    return result;
}

}  // namespace ringrift::hex
