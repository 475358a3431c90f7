#pragma once

// The one connection of this process to NATS, shared by the log, the wire and the ingest.
//
// A thread of its own connects, notices a lost or frozen server, and connects anew with back-off
// and chance, to any of the servers named. Each time it is up is a *line*, with a number; what was
// subscribed on an older line is gone, and nothing is ever sent on a later line than it was given
// to (libnats' own reconnecting, which does that, is off). So nobody's message is late by minutes.
//
// Outlives whoever uses it. Any thread may ask; only bus/nats_*.cpp see a line.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "bus/nats_settings.hpp"
#include "bus/nats_state.hpp"

struct __natsConnection;

namespace ringrift::bus {

/// The connection while it is up. Whoever holds one keeps it from being freed, not from closing:
/// then calls on it fail. Held shortly, as the next line waits for it.
class NatsLine {
  public:
    NatsLine(__natsConnection* connection, std::uint64_t number,
             std::shared_lock<std::shared_mutex> held)
        : connection_(connection), number_(number), held_(std::move(held)) {}
    __natsConnection* connection() const { return connection_; }
    std::uint64_t number() const { return number_; }  ///< 1, 2, …
    std::size_t payload_max() const;  ///< Of the server: a message's text and headers.

  private:
    __natsConnection* connection_;
    std::uint64_t number_;
    std::shared_lock<std::shared_mutex> held_;
};

class NatsConnection {
  public:
    /// Starts to connect and returns at once. `problem_of(settings)` is empty.
    explicit NatsConnection(NatsSettings settings);
    /// Waits for an attempt that is under way: up to `connect_wait` for each server.
    ~NatsConnection();
    NatsConnection(const NatsConnection&) = delete;
    NatsConnection& operator=(const NatsConnection&) = delete;

    /// connecting, connected, reconnecting, bad_credentials or bad_tls.
    NatsHealth health() const;
    /// Waits until a server has taken us; false when that took longer than `within`.
    bool wait_connected(Duration within) const;
    std::uint64_t lines() const;       ///< How often it came up.
    std::string servers_text() const;  ///< As named, for sentences.

    /// What the server forbade so far, and the last of it in its words. It says so after the
    /// message was sent, and to nobody in particular.
    struct Forbidden {
        std::uint64_t count = 0;
        std::string last = {};
    };
    Forbidden forbidden() const;

    /// `changed` is called, on this class's or libnats' threads, when a line came up or went down
    /// or something was forbidden. It must be quick. An empty one takes the former away and does
    /// not return while it runs.
    void on_change(const void* listener, std::function<void()> changed);

    /// Empty while it is down.
    std::optional<NatsLine> line() const;
    /// Whether line `number` is still up.
    bool is_on(std::uint64_t number) const;

  private:
    struct Keeper;
    std::unique_ptr<Keeper> keeper_;
};

}  // namespace ringrift::bus
