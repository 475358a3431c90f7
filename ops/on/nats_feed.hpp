#pragma once

// Events for `ringrift on` from JetStream: how far a name has come is kept there, as the durable
// consumer `on-<name>` of the log's stream, and what it parked in the bucket RINGRIFT_ON_<cluster>.
//
// So it goes on from any machine, and several processes of one name share it: one has the next
// event, the others stand by and go on within `ack_wait` of its death. For one thread.

#include <optional>
#include <string>

#include "bus/nats_durable.hpp"
#include "bus/nats_shelf.hpp"
#include "ops/on/event_types.hpp"
#include "ops/on/feed.hpp"

namespace ringrift::ops::on {

struct NatsFeedSettings {
    std::string cluster = "main";
    std::string name = {};
    EventTypes types = {};
    /// Where a new name begins: at this position; empty: behind the end of the log.
    std::optional<bus::Position> from = {};
};

class NatsFeed final : public EventFeed {
  public:
    /// `connection` outlives this.
    NatsFeed(bus::NatsConnection& connection, NatsFeedSettings settings);

    bus::Result<ConsumerState, Exit> open() override;
    bus::Result<std::optional<FedEvent>, Exit> next(bus::Duration wait) override;
    std::string trouble() const override { return durable_.trouble(); }
    bool done(const FedEvent& event) override;
    void note_failed(const FedEvent&, std::int64_t) override {}
    void still_at_it(const FedEvent& event) override;
    void give_back(const FedEvent& event) override;
    bus::Result<bus::Done, std::string> park(const ParkedEvent& event) override;
    bus::Result<std::vector<ParkedEvent>, std::string> parked() override;
    bus::Result<bus::Done, std::string> unpark(bus::Position position) override;

  private:
    const NatsFeedSettings settings_;
    bus::NatsDurable durable_;
    bus::NatsShelf shelf_;
};

class NatsRegistry final : public Registry {
  public:
    NatsRegistry(bus::NatsConnection& connection, std::string cluster)
        : connection_(connection), cluster_(std::move(cluster)) {}
    bus::Result<std::vector<ConsumerState>, Exit> consumers() override;
    std::optional<Exit> forget(const std::string& name) override;

  private:
    bus::NatsConnection& connection_;
    const std::string cluster_;
};

}  // namespace ringrift::ops::on
