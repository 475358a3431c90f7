#pragma once

// Chance for the simulator: integers only, the same on every machine, compiler and library.
//
// SplitMix64. No distribution of the standard library is used, since those may differ. Each part of
// the world draws from a stream of its own, so that one part's draws do not move another's.

#include <cstdint>
#include <string_view>

#include "bus/time.hpp"

namespace ringrift::simulation {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    /// The stream that `seed` gives to whatever is called `name`.
    Random(std::uint64_t seed, std::string_view name) : state_(seed ^ hash_of(name)) { next(); }

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t bits = state_;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
        return bits ^ (bits >> 31);
    }
    /// 0 to `bound` - 1; 0 when there is nothing to choose from.
    std::int64_t below(std::int64_t bound) {
        if (bound <= 1) return 0;
        return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
    }
    /// Both ends included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + below(high - low + 1);
    }
    bus::Duration between(bus::Duration low, bus::Duration high) {
        return bus::Duration(between(low.count(), high.count()));
    }
    bool happens(std::int64_t ppm) { return below(1'000'000) < ppm; }
    bool coin() { return happens(500'000); }

    static std::uint64_t hash_of(std::string_view text) {
        std::uint64_t hash = 14695981039346656037U;
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
        return hash;
    }

  private:
    std::uint64_t state_;
};

}  // namespace ringrift::simulation
