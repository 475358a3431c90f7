#pragma once

// When the node's process dies: after so many more steps towards the world.
//
// Each event appended, value stored and program started or ended is a step; so a crash can fall
// between any two, and between the events of one append. Once burnt through, nothing that the node
// still does reaches the world; the harness then drops it.

#include <algorithm>
#include <cstdint>
#include <optional>

namespace ringrift::simulation {

class Fuse {
  public:
    void light(std::int64_t steps) { left_ = steps; }
    void put_out() { left_.reset(); }
    bool is_lit() const { return left_.has_value(); }
    bool is_burnt() const { return left_ && *left_ <= 0; }

    /// How many of `count` steps still happen.
    std::int64_t take(std::int64_t count) {
        if (!left_) return count;
        const std::int64_t taken = std::clamp<std::int64_t>(*left_, 0, count);
        *left_ -= count;
        return taken;
    }

  private:
    std::optional<std::int64_t> left_;
};

}  // namespace ringrift::simulation
