#pragma once

// What befalls letters in the simulator: a fate for bus/memory_wire.hpp, drawn from a seed.
//
// Letters get lost, doubled and delayed by chance, and so come out of order; `cut` makes a way
// impassable in one direction, `slow` makes it longer. Whoever holds it may change the odds at any
// moment. One thread.

#include <map>
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
    void slow(const bus::NodeId& from, const bus::NodeId& to, bus::Duration by) {
        slowed_[{from, to}] = by;
    }
    void mend(const bus::NodeId& from, const bus::NodeId& to) {
        cut_.erase({from, to});
        slowed_.erase({from, to});
    }
    void mend() {
        cut_.clear();
        slowed_.clear();
    }
    bool is_cut(const bus::NodeId& from, const bus::NodeId& to) const {
        return cut_.contains({from, to});
    }

    WireOdds odds = {};

  private:
    std::vector<bus::Duration> fate_of(const bus::NodeId& from, const bus::NodeId& to) {
        std::vector<bus::Duration> copies;
        if (is_cut(from, to) || random_.happens(odds.lost_ppm)) return copies;
        const auto slowed = slowed_.find({from, to});
        const bus::Duration by = slowed == slowed_.end() ? bus::Duration() : slowed->second;
        copies.push_back(by + random_.between(odds.delay_min, odds.delay_max));
        if (random_.happens(odds.doubled_ppm))
            copies.push_back(by + random_.between(odds.delay_min, odds.delay_max));
        return copies;
    }

    Random random_;
    std::set<std::pair<bus::NodeId, bus::NodeId>> cut_;
    std::map<std::pair<bus::NodeId, bus::NodeId>, bus::Duration> slowed_;
};

}  // namespace ringrift::simulation
