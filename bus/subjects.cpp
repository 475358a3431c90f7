#include "bus/subjects.hpp"

#include <algorithm>

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
    std::string subject;
    append_subject(subject, event, cluster);
    return subject;
}

void append_subject(std::string& out, const Event& event, std::string_view cluster) {
    out += "ringrift.";
    append_token(out, cluster);
    out += '.';
    out += noun_of(event);
    out += '.';
    append_token(out, about(event));
    out += '.';
    append_token(out, type_of(event));
}

std::string encode_token(std::string_view id) {
    std::string token;
    append_token(token, id);
    return token;
}

void append_token(std::string& out, std::string_view id) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (id.empty()) out += empty_token;
    while (!id.empty()) {
        const auto other = std::find_if_not(id.begin(), id.end(), stands_for_itself);
        const auto plain = static_cast<std::size_t>(other - id.begin());
        out += id.substr(0, plain);
        id.remove_prefix(plain);
        if (id.empty()) return;
        const auto byte = static_cast<unsigned char>(id.front());
        out += {'%', digits[byte >> 4], digits[byte & 15]};
        id.remove_prefix(1);
    }
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
