// The only source of chance: xoshiro256**, seeded through splitmix64.
//
// The standard distributions give different numbers with different libraries, so every draw is made
// here from the generator's integers: the same seed gives the same games everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ringrift::hex {

class Random {
  public:
    explicit Random(std::uint64_t seed);

    std::uint64_t next();

    /// Uniform in 0..bound-1. REQUIRES: bound > 0.
    int below(int bound);

    /// Uniform in (0, 1): never exactly 0, so that its logarithm is finite.
    double unit();

    /// Gamma(shape, 1), for Dirichlet noise. REQUIRES: 0 < shape <= 1.
    double gamma(double shape);

    /// An index, drawn in proportion to its weight. REQUIRES: weights >= 0, not all zero.
    int weighted(std::span<const int> weights);

    void shuffle(std::span<int> values);

  private:
    std::array<std::uint64_t, 4> state_ = {};
};

/// One step of splitmix64: turns seeds that are close together into states that are not.
std::uint64_t split_mix(std::uint64_t& state);

/// A seed for part `part` of a job, so that one part's draws do not move another's.
std::uint64_t seed_of_part(std::uint64_t seed, std::uint64_t part);

}  // namespace ringrift::hex
