#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

bool stands_for_itself(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/// 0 to 15, or -1.
int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string subject_of(const Event& event, std::string_view cluster) {
    std::string subject = "ringrift.";
    subject += encode_token(cluster);
    subject += '.';
    subject += noun_of(event);
    subject += '.';
    subject += encode_token(about(event));
    subject += '.';
    subject += encode_token(type_of(event));
    return subject;
}

std::string encode_token(std::string_view id) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (id.empty()) return std::string(empty_token);
    std::string token;
    token.reserve(id.size());
    for (const char c : id) {
        if (stands_for_itself(c)) {
            token += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            token += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return token;
}

std::optional<std::string> decode_token(std::string_view token) {
    if (token == empty_token) return std::string();
    std::string id;
    id.reserve(token.size());
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '%') {
            id += token[i];
            continue;
        }
        const int high = i + 2 < token.size() ? nibble(token[i + 1]) : -1;
        const int low = i + 2 < token.size() ? nibble(token[i + 2]) : -1;
        if (high < 0 || low < 0) return {};
        id += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return id;
}

}  // namespace ringrift::bus
