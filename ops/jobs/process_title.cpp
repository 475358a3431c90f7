#include "ops/jobs/process_title.hpp"

#include <algorithm>
#include <cstring>

namespace ringrift::ops {

ProcessTitle::ProcessTitle(int count, char** arguments)
    : program_(arguments[0]), room_(arguments[0]) {
    const char* last = arguments[count - 1];
    bytes_ = static_cast<std::size_t>(last + std::strlen(last) + 1 - room_);
}

void ProcessTitle::set(std::string_view text) {
    if (bytes_ < 2) return;
    const std::string title = program_ + " " + std::string(text);
    std::memset(room_, 0, bytes_);
    std::memcpy(room_, title.data(), std::min(title.size(), bytes_ - 2));
    // The kernel takes this for: "up to the first zero, it is not the arguments any more".
    room_[bytes_ - 1] = ' ';
}

}  // namespace ringrift::ops
