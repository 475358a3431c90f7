#include "bus/memory_wire.hpp"

#include <utility>

namespace ringrift::bus {

MemoryWire& MemoryPost::wire(const NodeId& node) {
    auto& wire = wires_[node];
    wire = std::make_unique<MemoryWire>(*this, node);
    return *wire;
}

void MemoryPost::post(const Letter& letter) {
    if (watch) watch(letter);
    if (!letter.to.empty()) return dispatch(letter, letter.to);
    for (const auto& [node, wire] : wires_) {
        if (node != letter.from) dispatch(letter, node);
    }
}

void MemoryPost::dispatch(const Letter& letter, const NodeId& to) {
    const auto delays = fate_ ? fate_(letter, to) : std::vector<Duration>{Duration(0)};
    for (const Duration delay : delays) {
        if (delay <= Duration(0)) {
            deliver(to, letter);
        } else {
            under_way_.emplace(passed_ + delay, UnderWay{.to = to, .letter = letter});
        }
    }
}

void MemoryPost::deliver(const NodeId& to, const Letter& letter) {
    const auto found = wires_.find(to);
    if (found == wires_.end() || !found->second->connected_) return;
    MemoryWire& wire = *found->second;
    if (wire.waiting_.size() >= letters_waiting_max) {
        ++wire.counts_.overflowed;
        return;
    }
    ++wire.counts_.received;
    wire.waiting_.push_back(letter);
    if (wire.wake_) wire.wake_();
}

void MemoryPost::pass(Duration by) {
    passed_ += by;
    while (!under_way_.empty() && under_way_.begin()->first <= passed_) {
        const UnderWay arrived = std::move(under_way_.begin()->second);
        under_way_.erase(under_way_.begin());
        deliver(arrived.to, arrived.letter);
    }
}

std::optional<Duration> MemoryPost::next_arrival() const {
    if (under_way_.empty()) return {};
    return under_way_.begin()->first;
}

void MemoryWire::send(Letter letter) {
    letter.from = self_;
    if (!connected_) {
        ++counts_.not_sent;
        return;
    }
    ++counts_.sent;
    post_.post(letter);
}

std::vector<Letter> MemoryWire::take() {
    return std::exchange(waiting_, {});
}

}  // namespace ringrift::bus
