#pragma once

// The port to whoever rents machines: starts what adds one or ends one, and tells what became of
// it.
//
// Calls return at once, on the node's thread. A leader that dies takes what it had begun along, so
// the next one gives the same order again: whoever carries it out does it once in effect, by the
// name of the node. Real one: ops/provider_commands.

#include <compare>
#include <string>
#include <vector>

#include "bus/ids.hpp"

namespace ringrift::consumers {

enum class MachineDeed { provision, terminate };

/// Of one machine. The node is to join under this name, or is known under it.
struct MachineRequest {
    MachineDeed deed = MachineDeed::provision;
    bus::NodeId node = {};
    friend auto operator<=>(const MachineRequest&, const MachineRequest&) = default;
};

struct MachineOrder {
    MachineRequest request = {};
    std::string decision = {};
    std::string reason = {};
    std::int64_t attempt = 1;  ///< Of this leader.
};

struct MachineReport {
    MachineRequest request = {};
    std::string machine = {};  ///< The provider's name for what it added; may be empty.
    std::string trouble = {};  ///< Empty when it is done; else a sentence.
};

class Provider {
  public:
    virtual ~Provider() = default;

    virtual void start(const MachineOrder& order) = 0;

    /// Ends what runs and forgets what waits; nothing of it is reported.
    virtual void stop_all() = 0;

    /// What ended since the last call, once each.
    virtual std::vector<MachineReport> drain() = 0;
};

}  // namespace ringrift::consumers
