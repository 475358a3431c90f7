#pragma once

// A wire with a heartbeat of its own: the machine is heard as long as it lives, also while the
// node's thread is busy, starved of the processor, or stuck.
//
// The node's thread speaks for itself as ever (consumers/roll_call). Where it is late with that, a
// thread of this class says its last heartbeat again each `period`, with the age of the node's last
// turn in it (NodeHeartbeat::turn_age_ms): the others go on counting on the node, its claims hold,
// and after consumers::turn_age_max of nothing else they take it for the ghost that it is. What the
// node itself shows of it is /health (`the node's thread has not gone round for …`).
//
// The node's thread turns when it takes its letters. `wire` outlives this, and its `send` may be
// called from two threads (bus/nats_wire).

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "bus/wire.hpp"

namespace ringrift::ops {

class HeartbeatWire final : public bus::Wire {
  public:
    HeartbeatWire(bus::Wire& wire, bus::Duration period);
    ~HeartbeatWire() override;

    void send(bus::Letter letter) override;
    std::vector<bus::Letter> take() override;
    void on_news(std::function<void()> wake) override { wire_.on_news(std::move(wake)); }
    bool connected() const override { return wire_.connected(); }
    std::string trouble() const override { return wire_.trouble(); }
    bus::WireCounts counts() const override { return wire_.counts(); }

    /// How often it spoke in the node's place.
    std::int64_t stood_in() const;

  private:
    void run(const std::stop_token& stop);

    bus::Wire& wire_;
    const bus::Duration period_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<bus::Letter> last_ = {};  ///< The last heartbeat of the node's own; guarded by
                                            ///< mutex_, and so are all below.
    bus::Instant spoken_at_ = {};           ///< Of the last heartbeat, whoever said it.
    bus::Instant turned_at_ = {};
    std::int64_t stood_in_ = 0;
    std::jthread thread_;  ///< Last: it uses all of these.
};

}  // namespace ringrift::ops
