#pragma once

// SHA-256 of a text, as 64 hexadecimal digits. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace ringrift::producers {

std::string digest_of(std::string_view text);

/// Whether the text is one: 64 lower-case hexadecimal digits.
bool is_digest(std::string_view text);

/// A positive 63-bit number derived from `name`: the seed of a job is a function of its id.
std::int64_t seed_of(std::string_view name);

}  // namespace ringrift::producers
