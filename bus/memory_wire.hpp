#pragma once

// The wire in memory: several nodes in one process, for tests and for the simulator.
//
// A `MemoryPost` joins its `MemoryWire`s and keeps what is under way. A `Fate` decides what becomes
// of each letter on each of its ways, so that loss, doubling, delay, disorder and partitions (also
// one-way ones) are one function; tests/simulation/faulty_wire.hpp has one that draws them from a
// seed. Time is what `pass` says. One thread.

#include <map>
#include <memory>
#include <optional>

#include "bus/wire.hpp"

namespace ringrift::bus {

/// How late each copy arrives: empty is lost, one 0 is at once, two items are a double.
using Fate = std::function<std::vector<Duration>(const Letter& letter, const NodeId& to)>;

class MemoryWire;

class MemoryPost {
  public:
    /// Without a fate every letter arrives at once.
    explicit MemoryPost(Fate fate = {}) : fate_(std::move(fate)) {}

    /// The wire of a node; a restarted node asks again and gets an empty one. Valid until then, and
    /// no longer than the post.
    MemoryWire& wire(const NodeId& node);
    /// What is on the way to it, and what it has not taken, is lost; so is what is sent to it.
    void unplug(const NodeId& node) { wires_.erase(node); }

    /// Time passes; what arrives by then can be taken.
    void pass(Duration by);
    /// When the next letter under way arrives, by what has passed; empty when none is.
    std::optional<Duration> next_arrival() const;
    /// Since the post was made.
    Duration passed() const { return passed_; }

    /// Said of every letter that is sent, before its fate. For transcripts.
    std::function<void(const Letter&)> watch = {};

  private:
    friend class MemoryWire;
    struct UnderWay {
        NodeId to = {};
        Letter letter = {};
    };
    void post(const Letter& letter);
    void dispatch(const Letter& letter, const NodeId& to);
    void deliver(const NodeId& to, const Letter& letter);

    const Fate fate_;
    Duration passed_ = {};
    std::map<NodeId, std::unique_ptr<MemoryWire>> wires_;
    std::multimap<Duration, UnderWay> under_way_;  ///< By arrival; equal ones in order of sending.
};

class MemoryWire final : public Wire {
  public:
    MemoryWire(MemoryPost& post, NodeId self) : post_(post), self_(std::move(self)) {}
    void send(Letter letter) override;
    std::vector<Letter> take() override;
    void on_news(std::function<void()> wake) override { wake_ = std::move(wake); }
    bool connected() const override { return connected_; }
    std::string trouble() const override {
        return connected_ ? "" : "the wire was cut by the test";
    }
    WireCounts counts() const override { return counts_; }

    /// As if the connection were lost and known to be: nothing leaves, nothing arrives.
    void connect(bool connected) { connected_ = connected; }

  private:
    friend class MemoryPost;
    MemoryPost& post_;
    const NodeId self_;
    bool connected_ = true;
    std::function<void()> wake_;
    std::vector<Letter> waiting_;
    WireCounts counts_;
};

}  // namespace ringrift::bus
