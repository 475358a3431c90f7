#pragma once

// A way in for events from outside besides the API: open as long as it lives.

#include <memory>

#include "bus/inbox.hpp"
#include "ops/admin.hpp"

namespace ringrift::ops {

class OutsideDoor {
  public:
    virtual ~OutsideDoor() = default;
};

}  // namespace ringrift::ops
