#include "producers/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "bus/check.hpp"

namespace ringrift::producers {
namespace {

std::array<unsigned char, 32> sha256(std::string_view text) {
    std::array<unsigned char, 32> bytes = {};
    unsigned int size = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr);
    RINGRIFT_CHECK(done == 1 && size == bytes.size());
    return bytes;
}

}  // namespace

std::string digest_of(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hexadecimal;
    for (const unsigned char byte : sha256(text)) {
        hexadecimal += digits[byte >> 4U];
        hexadecimal += digits[byte & 15U];
    }
    return hexadecimal;
}

bool is_digest(std::string_view text) {
    return text.size() == 64 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::int64_t seed_of(std::string_view name) {
    std::uint64_t seed = 0;
    const auto bytes = sha256(name);
    for (std::size_t i = 0; i < 8; ++i) seed = (seed << 8U) | bytes[i];
    return static_cast<std::int64_t>(seed & 0x7fff'ffff'ffff'ffffU);
}

}  // namespace ringrift::producers
