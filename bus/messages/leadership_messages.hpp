#pragma once

// What voters say to each other about who shall lead: producers/election.hpp has the protocol.
//
// None of it is the truth about the cluster; that is LEADER_ELECTED in the log. Whom a message is
// from stands in its letter.

#include <array>
#include <string>
#include <string_view>

#include "bus/ids.hpp"
#include "bus/messages/message_info.hpp"
#include "bus/time.hpp"

namespace ringrift::bus {

/// "Would you" (trial) or "do you" vote for me as leader of this epoch?
struct VoteRequest {
    static constexpr MessageInfo info = {"VOTE_REQUEST"};
    bool trial = false;      ///< A pre-vote: nobody remembers it.
    Epoch epoch = 0;         ///< That would begin.
    std::int64_t round = 0;  ///< Of the votes for this epoch, from 1; a voter votes once in each.
    Epoch over = 0;          ///< Reigns up to this one have surely ended; 0 when that is not known.
    Position folded = 0;     ///< How far the candidate has come in the log.
    friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};
BOOST_DESCRIBE_STRUCT(VoteRequest, (), (trial, epoch, round, over, folded))

struct VoteReply {
    static constexpr MessageInfo info = {"VOTE_REPLY"};
    bool trial = false;
    Epoch epoch = 0;  ///< These three as they were asked.
    std::int64_t round = 0;
    bool granted = false;
    std::int64_t voted_round = 0;  ///< The latest in which the voter voted for this epoch.
    std::string reason = {};       ///< Why it was not granted, for a person; empty when it was.
    friend bool operator==(const VoteReply&, const VoteReply&) = default;
};
BOOST_DESCRIBE_STRUCT(VoteReply, (), (trial, epoch, round, granted, voted_round, reason))

/// "I lead": said only by whom the log names as leader of the epoch.
struct Beacon {
    static constexpr MessageInfo info = {"BEACON"};
    Epoch epoch = 0;
    Duration sent_ms = {};  ///< On the leader's own monotonic clock; comes back in the reply.
    friend bool operator==(const Beacon&, const Beacon&) = default;
};
BOOST_DESCRIBE_STRUCT(Beacon, (), (epoch, sent_ms))

/// Granted: "for a while I shall follow nobody else", which is what a leader's lease is made of.
struct BeaconReply {
    static constexpr MessageInfo info = {"BEACON_REPLY"};
    Epoch epoch = 0;  ///< As in the beacon.
    Duration sent_ms = {};
    bool granted = false;
    Epoch newest = 0;  ///< The latest reign that the voter knows of.
    friend bool operator==(const BeaconReply&, const BeaconReply&) = default;
};
BOOST_DESCRIBE_STRUCT(BeaconReply, (), (epoch, sent_ms, granted, newest))

/// "I do not lead in this epoch any more, and never shall": frees the voters to elect at once.
struct Resignation {
    static constexpr MessageInfo info = {"RESIGNATION"};
    Epoch epoch = 0;
    std::string reason = {};
    friend bool operator==(const Resignation&, const Resignation&) = default;
};
BOOST_DESCRIBE_STRUCT(Resignation, (), (epoch, reason))

/// A person asked for an election: whoever leads in this epoch is to step down.
struct StepDownRequest {
    static constexpr MessageInfo info = {"STEP_DOWN_REQUEST"};
    Epoch epoch = 0;
    std::string reason = {};
    friend bool operator==(const StepDownRequest&, const StepDownRequest&) = default;
};
BOOST_DESCRIBE_STRUCT(StepDownRequest, (), (epoch, reason))

}  // namespace ringrift::bus
