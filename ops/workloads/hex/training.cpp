#include "ops/workloads/hex/training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/workloads/hex/random.hpp"

namespace ringrift::hex {
namespace {

Matrix apply(const Dense& layer, const Matrix& input) {
    Matrix output = layer.bias.replicate(1, input.cols());
    output.noalias() += layer.weights * input;
    return output;
}

Matrix relu(const Matrix& input) {
    return input.cwiseMax(0.0F);
}

/// `gradient` where `output` of the relu was positive, else 0.
Matrix through_relu(const Matrix& gradient, const Matrix& before) {
    return (before.array() > 0.0F).select(gradient, 0.0F);
}

void store(Dense& gradient, const Matrix& of_output, const Matrix& input) {
    gradient.weights.noalias() = of_output * input.transpose();
    gradient.bias = of_output.rowwise().sum();
}

/// Softmax of each column over the cells without a stone.
Matrix move_chances(Matrix logits, const Samples& batch) {
    const int cells = batch.config.cells();
    const auto own = batch.features.topRows(cells);
    const auto theirs = batch.features.middleRows(planes / 2 * cells, cells);
    logits = ((own + theirs).array() > 0.5F).select(-1e9F, logits);
    for (int column = 0; column < logits.cols(); ++column) {
        const float highest = logits.col(column).maxCoeff();
        logits.col(column) = (logits.col(column).array() - highest).exp();
        logits.col(column) /= logits.col(column).sum();
    }
    return logits;
}

/// Copies the samples `order` names, each turned by 180 degrees or not by chance.
void gather(const Samples& samples, std::span<const int> order, Random& random, Samples& batch) {
    const int features = features_of(samples.config);
    const int cells = samples.config.cells();
    batch.features.resize(features, static_cast<int>(order.size()));
    batch.policy.resize(cells, static_cast<int>(order.size()));
    batch.values.resize(static_cast<int>(order.size()));
    int column = 0;
    for (const int sample : order) {
        const bool turned = random.below(2) == 1;
        for (int i = 0; i < features; ++i) {
            const int from = turned ? turned_feature(samples.config, i) : i;
            batch.features(i, column) = samples.features(from, sample);
        }
        for (int i = 0; i < cells; ++i) {
            const int from = turned ? turned_cell(samples.config, i) : i;
            batch.policy(i, column) = samples.policy(from, sample);
        }
        batch.values[column] = samples.values[sample];
        ++column;
    }
}

class Adam {
  public:
    explicit Adam(Config config) : mean_(zero_network(config)), square_(zero_network(config)) {}

    void step(Network& network, const Network& gradient, float rate, float weight_decay) {
        ++steps_;
        const auto mean_scale = 1.0F / (1.0F - std::pow(mean_keep, static_cast<float>(steps_)));
        const auto square_scale = 1.0F / (1.0F - std::pow(square_keep, static_cast<float>(steps_)));
        const auto weights = tensors(network);
        const auto gradients = tensors(gradient);
        const auto means = tensors(mean_);
        const auto squares = tensors(square_);
        for (std::size_t t = 0; t < weights.size(); ++t) {
            const auto size = static_cast<Eigen::Index>(weights[t].size());
            Eigen::Map<Eigen::ArrayXf> weight(weights[t].data(), size);
            Eigen::Map<const Eigen::ArrayXf> slope(gradients[t].data(), size);
            Eigen::Map<Eigen::ArrayXf> mean(means[t].data(), size);
            Eigen::Map<Eigen::ArrayXf> square(squares[t].data(), size);
            mean = mean_keep * mean + (1.0F - mean_keep) * slope;
            square = square_keep * square + (1.0F - square_keep) * slope.square();
            weight -= rate * (mean_scale * mean / ((square_scale * square).sqrt() + 1e-8F) +
                              weight_decay * weight);
        }
    }

  private:
    static constexpr float mean_keep = 0.9F;
    static constexpr float square_keep = 0.999F;

    int steps_ = 0;
    Network mean_;
    Network square_;
};

}  // namespace

Loss backpropagate(const Network& network, const Samples& batch, Network& gradient) {
    const Matrix before_0 = apply(network.input, batch.features);
    const Matrix hidden_0 = relu(before_0);
    const Matrix before_a = apply(network.block_a, hidden_0);
    const Matrix hidden_a = hidden_0 + relu(before_a);
    const Matrix before_b = apply(network.block_b, hidden_a);
    const Matrix hidden_b = hidden_a + relu(before_b);
    const Matrix chances = move_chances(apply(network.policy, hidden_b), batch);
    const Matrix value = apply(network.value, hidden_b).array().tanh();

    const auto share = 1.0F / static_cast<float>(batch.count());
    const Matrix value_error = value - batch.values.transpose();
    const Matrix of_policy = share * (chances - batch.policy);
    const Matrix of_value =
        2.0F * share * (value_error.array() * (1.0F - value.array().square())).matrix();
    store(gradient.policy, of_policy, hidden_b);
    store(gradient.value, of_value, hidden_b);
    Matrix of_hidden = network.policy.weights.transpose() * of_policy +
                       network.value.weights.transpose() * of_value;
    const Matrix of_b = through_relu(of_hidden, before_b);
    store(gradient.block_b, of_b, hidden_a);
    of_hidden.noalias() += network.block_b.weights.transpose() * of_b;
    const Matrix of_a = through_relu(of_hidden, before_a);
    store(gradient.block_a, of_a, hidden_0);
    of_hidden.noalias() += network.block_a.weights.transpose() * of_a;
    store(gradient.input, through_relu(of_hidden, before_0), batch.features);

    const auto log_chances = chances.array().max(1e-9F).log();
    return {.policy = -(batch.policy.array() * log_chances).sum(),
            .value = value_error.array().square().sum()};
}

TrainingReport train(Network& network, const Samples& samples, const TrainingOptions& options,
                     std::uint64_t seed, const std::function<void(int, int)>& on_step) {
    Random random(seed);
    Adam adam(network.config);
    Network gradient = zero_network(network.config);
    Samples batch{.config = samples.config};
    std::vector<int> order(static_cast<std::size_t>(samples.count()));
    std::iota(order.begin(), order.end(), 0);
    const int steps_per_epoch = (samples.count() + options.batch - 1) / options.batch;
    const int steps_total = options.epochs * steps_per_epoch;

    TrainingReport report;
    Loss loss;
    for (int epoch = 0; epoch < options.epochs; ++epoch) {
        random.shuffle(order);
        loss = {};
        for (int step = 0; step < steps_per_epoch; ++step) {
            const int begin = step * options.batch;
            const int size = std::min(options.batch, samples.count() - begin);
            gather(samples,
                   std::span(order).subspan(static_cast<std::size_t>(begin),
                                            static_cast<std::size_t>(size)),
                   random, batch);
            const Loss of_batch = backpropagate(network, batch, gradient);
            loss.policy += of_batch.policy;
            loss.value += of_batch.value;
            const float done = static_cast<float>(report.steps) / static_cast<float>(steps_total);
            adam.step(network, gradient, options.learning_rate * (1.0F - 0.9F * done),
                      options.weight_decay);
            on_step(++report.steps, steps_total);
        }
    }
    report.policy_loss = loss.policy / samples.count();
    report.value_loss = loss.value / samples.count();
    return report;
}

}  // namespace ringrift::hex
