#pragma once

// How a node asks for work. The answer is in the log: WORK_CLAIMED names the node.

#include "bus/messages/message_info.hpp"

namespace ringrift::bus {

/// "I have room": to the leader, every 30 seconds and at once when work waits or a job has ended.
/// Lost, it is said again; doubled, the leader finds the room taken.
struct WorkWanted {
    static constexpr MessageInfo info = {"WORK_WANTED"};
    std::int64_t incarnation = 0;
    std::int64_t claims_max = 0;
    friend bool operator==(const WorkWanted&, const WorkWanted&) = default;
};
BOOST_DESCRIBE_STRUCT(WorkWanted, (), (incarnation, claims_max))

}  // namespace ringrift::bus
