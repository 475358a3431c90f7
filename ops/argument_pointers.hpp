#pragma once

// What execve and posix_spawn want of a list of texts. Any thread.

#include <string>
#include <vector>

namespace ringrift::ops {

/// Null-terminated pointers into texts, which must outlive them and stay as they are.
inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace ringrift::ops
