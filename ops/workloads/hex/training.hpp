// Learning: samples in, a better network out, by Adam on cross entropy (policy) and square (value).
//
// Each epoch sees every sample once, in random order, turned by 180 degrees or not by chance. The
// learning rate falls in a line to a tenth. Same samples, network, options and seed: same weights.
#pragma once

#include <functional>
#include <vector>

#include "ops/workloads/hex/network.hpp"

namespace ringrift::hex {

/// Positions and what search and result taught about them, one column each.
struct Samples {
    Config config = {};
    Matrix features = {};  ///< features_of(config) x N
    Matrix policy = {};    ///< cells x N; each column sums to 1
    Vector values = {};    ///< N; the game's result for the side to move: 1 or -1

    int count() const { return static_cast<int>(values.size()); }
};

struct TrainingOptions {
    int epochs = 3;
    int batch = 64;
    float learning_rate = 0.002F;
    float weight_decay = 0.0001F;
};

struct TrainingReport {
    int steps = 0;
    double policy_loss = 0;  ///< Mean over the last epoch, in nats.
    double value_loss = 0;   ///< Mean square over the last epoch.

    double loss() const { return policy_loss + value_loss; }
};

/// REQUIRES: samples.count() > 0, same config. `on_step(done, total)` is called after each step.
TrainingReport train(Network& network, const Samples& samples, const TrainingOptions& options,
                     std::uint64_t seed, const std::function<void(int, int)>& on_step);

struct Loss {
    double policy = 0;  ///< Sums over the batch.
    double value = 0;
};

/// The batch's loss, and its mean gradient in `gradient`, which is overwritten.
Loss backpropagate(const Network& network, const Samples& batch, Network& gradient);

}  // namespace ringrift::hex
