#pragma once

// The port of the eyes: what can be seen of the machine and of the data directory.
//
// All calls return at once, on the node's thread; whatever may take long (reading a directory,
// asking a GPU's driver) is done on the eyes' own thread, and the last answer is given. Real ones:
// ops/linux_host. False ones: tests.

#include <optional>
#include <string>
#include <vector>

#include "projections/host_view.hpp"

namespace ringrift::producers {

/// What the machine can hold, for NODE_JOINED.
struct Machine {
    bus::Capacity capacity = {};
    std::string gpu_name = {};  ///< Empty without a GPU.
    friend bool operator==(const Machine&, const Machine&) = default;
};

class Host {
  public:
    virtual ~Host() = default;

    virtual projections::HostSample sample(bus::Time now) = 0;

    /// Begins to read the data directory. Nothing while it is being read already.
    virtual void begin_scan() = 0;

    /// What the scan that was begun last has found, sorted by digest: once, when it is complete.
    virtual std::optional<std::vector<projections::FileHere>> take_scan() = 0;

    virtual Machine machine() const = 0;
};

}  // namespace ringrift::producers
