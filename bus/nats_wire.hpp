#pragma once

// The wire between nodes over core NATS: letters that nobody stores.
//
//   ringrift.<cluster>.wire.<node>        to one node
//   ringrift.<cluster>.wire._all          to all others
//   ringrift.<cluster>.telemetry.<node>   of a node, to all who listen: what `is_telemetry` names
//
// Ids are percent-encoded to one token (bus/subjects.hpp); `nats sub 'ringrift.main.wire.>'` shows
// all of it. A thread of its own sends, since a full socket would hold up whoever writes to it:
// `send` puts a letter in a bounded queue. What waits when the line is lost is dropped and counted,
// never sent later on another one. What arrives is decoded on a thread of libnats.
//
// Shares its connection with the log. take: the node's thread; the rest, `send` too: any, since a
// heartbeat may be said in the node's place (ops/heartbeat_wire).

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bus/nats_connection.hpp"
#include "bus/nats_handles.hpp"
#include "bus/wire.hpp"

namespace ringrift::bus {

struct NatsWireSettings {
    std::string cluster = "main";
    NodeId self = {};
    /// Which letters to all are telemetry: heard only where `hears_telemetry`. Empty: none.
    std::function<bool(const Message&)> is_telemetry = {};
    bool hears_telemetry = false;
    std::size_t letters_waiting_max = bus::letters_waiting_max;  ///< On either side.
    std::size_t bytes_going_max = 16 << 20;                      ///< Of letters not sent yet.
};

class NatsWire final : public Wire {
  public:
    NatsWire(NatsConnection& connection, NatsWireSettings settings);
    ~NatsWire() override;

    void send(Letter letter) override;
    std::vector<Letter> take() override;
    void on_news(std::function<void()> wake) override;
    /// True once this node's letters are subscribed to on the line that is up.
    bool connected() const override;
    std::string trouble() const override;
    WireCounts counts() const override;

  private:
    struct Going {
        std::uint64_t line = 0;  ///< That was up when it was given to us.
        std::string subject = {};
        std::string text = {};
    };
    void run(const std::stop_token& stop);
    bool listen(const NatsLine& line);
    void send_all(const NatsLine& line, const std::deque<Going>& going);
    void drop(std::size_t count);
    void take_in(__natsMsg* message);
    std::string subject_for(const Letter& letter) const;

    NatsConnection& connection_;  ///< Outlives this.
    const NatsWireSettings settings_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Going> going_;  ///< Guarded by mutex_, and so are all below.
    std::size_t going_bytes_ = 0;
    std::vector<Letter> arrived_;
    std::function<void()> wake_;
    WireCounts counts_;
    std::uint64_t line_ = 0;   ///< That is listened to; 0: none.
    std::uint64_t stirs_ = 0;  ///< Counts changes of the connection.

    std::vector<std::unique_ptr<NatsReceiver>> receivers_;  ///< Of the sending thread.
    std::jthread thread_;                                   ///< Last: it uses all of these.
};

}  // namespace ringrift::bus
