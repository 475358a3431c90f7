#pragma once

// Takes what knocks at the door on NATS (bus/nats_door) into the node, and answers.
//
// The same way as POST /events: ops/outside_request finds whether it is an event, the node decides
// what becomes of it (producers/outside), and all of it is counted there: `ingested`,
// `ingest_parked` and `ingest_refused` of /status and /metrics; a refusal is a log line too. What
// the node cannot take just now (its log is away, its inbox is full) is tried again for
// `patience`; the event keeps the time at which it came, so that it is one event, however often.
//
// The answer: {"accepted":true,"position":7,"id":…,"outcome":"taken"|"parked","sentence":…} or
// {"accepted":false,"code":…,"error":…,"hint":…}.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "bus/nats_door.hpp"
#include "bus/time.hpp"
#include "ops/outside_door.hpp"

namespace ringrift::ops {

class NatsIngest final : public OutsideDoor {
  public:
    /// `connection` and `inbox` outlive this.
    NatsIngest(bus::NatsConnection& connection, const std::string& cluster,
               bus::Inbox<AdminRequest>& inbox);
    ~NatsIngest() override;

    bool is_open() const { return door_.is_open(); }

    static constexpr std::size_t waiting_max = 10'000;  ///< More are refused as busy.
    static constexpr std::size_t at_node_max = 16;      ///< In the node's inbox, of its 64 places.
    static constexpr bus::Duration patience = std::chrono::seconds(20);
    static constexpr bus::Duration again_after = std::chrono::milliseconds(500);

  private:
    struct Guest {
        bus::Knock knock = {};
        AdminRequest request = {};
        bus::Instant came_at = {};
        bus::Instant not_before = {};
    };
    struct Verdict {
        Guest guest = {};
        AdminReply reply = {};
    };
    void hear(bus::Knock knock);
    void run(const std::stop_token& stop);
    void bring(Guest guest);
    void conclude(Verdict verdict);

    bus::Inbox<AdminRequest>& inbox_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Guest> waiting_ = {};     ///< Guarded by mutex_, and so are all below.
    std::deque<Verdict> verdicts_ = {};  ///< Of the node.
    std::size_t at_node_ = 0;
    std::int64_t turned_away_ = 0;  ///< Since it was last said.
    std::jthread thread_;
    bus::NatsDoor door_;  ///< Last: it calls `hear`.
};

/// The answer as JSON; ends with no newline.
std::string answer_text(const AdminReply& reply);

}  // namespace ringrift::ops
