#pragma once

// One consumer of the follower and its request under way: shared between the follower's thread,
// which asks, and the thread of libnats that brings what came. A detail of NatsFollower.

#include <memory>
#include <optional>
#include <string>

#include "bus/nats_follower.hpp"
#include "bus/nats_handles.hpp"

namespace ringrift::bus {

struct NatsFollower::Pull {
    std::string next_subject = {};  ///< Where to ask for the next messages.
    std::string inbox = {};
    std::unique_ptr<NatsReceiver> receiver = {};

    // Guarded by the follower's mutex:
    std::uint64_t seek = 0;            ///< That it was made for.
    Position expected = 0;             ///< The stream position of the next message.
    std::optional<Anchor> check = {};  ///< Set until the first message has proved to be this one.
    std::size_t asked = 0;             ///< Messages of the request under way.
    std::size_t received = 0;          ///< In all; grows with every message of any kind.
    bool is_finished = true;           ///< The request under way, or there is none.
    bool is_lost = false;              ///< The consumer is gone, or a message on the way.
    std::optional<NatsHealth> broken = {};  ///< Its first message was not the next event.
};

}  // namespace ringrift::bus
