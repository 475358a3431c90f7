#pragma once

// What `nvidia-smi` says of this machine's GPUs.
//
// A driver in trouble can make it hang for minutes, so it is run apart, with a limit, and only by
// the eyes' own thread. Where the program is absent there are no GPUs.

#include <cstdint>
#include <string>
#include <string_view>

#include "bus/time.hpp"

namespace ringrift::ops {

struct Gpus {
    std::int64_t count = 0;
    std::int64_t vram_bytes = 0;  ///< Of all together.
    std::int64_t busy_ppm = 0;    ///< Mean.
    std::string name = {};        ///< Of the first.
    friend bool operator==(const Gpus&, const Gpus&) = default;
};

/// Lines of `utilization.gpu, memory.total, name`, without header and units. A line that cannot be
/// read is a GPU that does not answer, and is not counted.
Gpus gpus_from(std::string_view csv);

/// Asks `program`; no GPUs when it is absent, fails, or takes longer than `limit`, after which it
/// is killed. Blocks up to `limit` and a little.
Gpus ask_gpus(const std::string& program, bus::Duration limit);

}  // namespace ringrift::ops
