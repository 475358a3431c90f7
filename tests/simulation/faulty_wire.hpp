#pragma once

// What befalls letters in the simulator: a fate for bus/memory_wire.hpp, drawn from a seed.
//
// Letters get lost, doubled and delayed by chance, and so come out of order; `cut` makes a way
// impassable in one direction. Whoever holds it may change the odds at any moment. One thread.

#include <set>
#include <utility>
#include <vector>

#include "bus/memory_wire.hpp"
#include "tests/simulation/random.hpp"

namespace ringrift::simulation {

struct WireOdds {
    std::int64_t lost_ppm = 0;
    std::int64_t doubled_ppm = 0;
    bus::Duration delay_min = {};  ///< Both 0: at once, and in order.
    bus::Duration delay_max = {};
};

class FaultyWire {
  public:
    explicit FaultyWire(Random random) : random_(random) {}

    /// For the post; refers to this object.
    bus::Fate fate() {
        return [this](const bus::Letter& letter, const bus::NodeId& to) {
            return fate_of(letter.from, to);
        };
    }

    void cut(const bus::NodeId& from, const bus::NodeId& to) { cut_.emplace(from, to); }
    void cut_both(const bus::NodeId& one, const bus::NodeId& other) {
        cut(one, other);
        cut(other, one);
    }
    void mend() { cut_.clear(); }
    bool is_cut(const bus::NodeId& from, const bus::NodeId& to) const {
        return cut_.contains({from, to});
    }

    WireOdds odds = {};

  private:
    std::vector<bus::Duration> fate_of(const bus::NodeId& from, const bus::NodeId& to) {
        std::vector<bus::Duration> copies;
        if (is_cut(from, to) || random_.happens(odds.lost_ppm)) return copies;
        copies.push_back(random_.between(odds.delay_min, odds.delay_max));
        if (random_.happens(odds.doubled_ppm))
            copies.push_back(random_.between(odds.delay_min, odds.delay_max));
        return copies;
    }

    Random random_;
    std::set<std::pair<bus::NodeId, bus::NodeId>> cut_;
};

}  // namespace ringrift::simulation
