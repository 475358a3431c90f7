#pragma once

// The owner of a file descriptor, see bus/unique_fd.hpp. Any thread, one at a time.

#include "bus/unique_fd.hpp"

namespace ringrift::ops {

using bus::UniqueFd;

}  // namespace ringrift::ops
