#pragma once

// How much a test is asked to do, from the environment.

#include <cstdint>
#include <cstdlib>

namespace ringrift::tests {

/// The number that `variable` of the environment holds, else `otherwise`.
inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace ringrift::tests
