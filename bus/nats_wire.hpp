#pragma once

// The wire between the nodes of a cluster: letters over core NATS, never stored.
//
//   ringrift.<cluster>.wire.<node>       to one node
//   ringrift.<cluster>.wire.~            to all
//   ringrift.<cluster>.telemetry.<node>  a node's heartbeats, to all: for whoever watches with
//                                        `nats sub 'ringrift.main.telemetry.*'`
//
// Subscribes anew on every line of the connection, on a thread of its own; what is sent while the
// line is down, or not yet subscribed, is lost, as letters may be. `send` only hands over to
// libnats, which writes on its own thread. send, take, counts: the node's thread.

#include <memory>

#include "bus/nats_connection.hpp"
#include "bus/wire.hpp"

namespace ringrift::bus {

class NatsWire final : public Wire {
  public:
    /// `connection` outlives this.
    NatsWire(NatsConnection& connection, std::string cluster, NodeId self);
    ~NatsWire() override;
    NatsWire(const NatsWire&) = delete;
    NatsWire& operator=(const NatsWire&) = delete;

    void send(Letter letter) override;
    std::vector<Letter> take() override;
    void on_news(std::function<void()> wake) override;
    /// Whether the line is up and letters to this node are subscribed to on it.
    bool connected() const override;
    std::string trouble() const override;
    WireCounts counts() const override;

  private:
    struct Core;
    std::unique_ptr<Core> core_;
};

/// Where a letter goes.
std::string subject_of(const Letter& letter, const std::string& cluster);

}  // namespace ringrift::bus
