#include "ops/workloads/hex/random.hpp"

#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace ringrift::hex {

std::uint64_t split_mix(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

std::uint64_t seed_of_part(std::uint64_t seed, std::uint64_t part) {
    std::uint64_t state = seed;
    state = split_mix(state) ^ part;
    return split_mix(state);
}

Random::Random(std::uint64_t seed) {
    for (auto& word : state_) word = split_mix(seed);
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

int Random::below(int bound) {
    const auto range = static_cast<std::uint64_t>(bound);
    const std::uint64_t fair_end = UINT64_MAX - UINT64_MAX % range;
    std::uint64_t draw = next();
    while (draw >= fair_end) draw = next();
    return static_cast<int>(draw % range);
}

double Random::unit() {
    return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53;
}

double Random::gamma(double shape) {
    // Ahrens and Dieter's rejection method GS.
    const double split = 1.0 + shape / std::numbers::e;
    while (true) {
        const double draw = split * unit();
        if (draw <= 1.0) {
            const double value = std::pow(draw, 1.0 / shape);
            if (-std::log(unit()) >= value) return value;
        } else {
            const double value = -std::log((split - draw) / shape);
            if (unit() <= std::pow(value, shape - 1.0)) return value;
        }
    }
}

int Random::weighted(std::span<const int> weights) {
    int left = below(std::accumulate(weights.begin(), weights.end(), 0));
    int index = 0;
    while (left >= weights[static_cast<std::size_t>(index)]) {
        left -= weights[static_cast<std::size_t>(index)];
        ++index;
    }
    return index;
}

void Random::shuffle(std::span<int> values) {
    for (std::size_t count = values.size(); count > 1; --count) {
        std::swap(values[count - 1],
                  values[static_cast<std::size_t>(below(static_cast<int>(count)))]);
    }
}

}  // namespace ringrift::hex
