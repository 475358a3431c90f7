#include "bus/transfer/frames.hpp"

#include <algorithm>
#include <limits>

#include "bus/check.hpp"
#include "bus/sha256.hpp"

namespace ringrift::bus {
namespace {

constexpr std::string_view magic = "RRFT";
constexpr std::size_t version_at = 4;
constexpr std::size_t digest_at = 32;
constexpr std::size_t digest_bytes = 32;
constexpr std::string_view digits = "0123456789abcdef";

void put(std::string& text, std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte, number >>= 8U) text += static_cast<char>(number & 255U);
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t byte = 8; byte > 0; --byte) {
        number = (number << 8U) | static_cast<unsigned char>(bytes[at + byte - 1]);
    }
    return number;
}

void put(std::string& text, const FileDigest& file) {
    RINGRIFT_CHECK(file.empty() || is_digest(file));
    if (file.empty()) text.append(digest_bytes, '\0');
    for (std::size_t at = 0; at + 1 < file.value.size(); at += 2) {
        const auto high = digits.find(file.value[at]);
        const auto low = digits.find(file.value[at + 1]);
        text += static_cast<char>(high * 16 + low);
    }
}

FileDigest digest_in(std::string_view bytes) {
    std::string text;
    for (const char letter : bytes.substr(digest_at, digest_bytes)) {
        const auto byte = static_cast<unsigned char>(letter);
        text += {digits[byte >> 4U], digits[byte & 15U]};
    }
    if (text.find_first_not_of('0') == std::string::npos) return {};
    return {text};
}

bool is_sound(const Frame& frame) {
    const bool is_part = frame.kind == FrameKind::pull || frame.kind == FrameKind::chunk;
    if (frame.offset < 0 || frame.length < 0) return false;
    if (!is_part) return true;
    return frame.length > 0 && frame.length <= chunk_bytes_max &&
           frame.offset <= std::numeric_limits<std::int64_t>::max() - frame.length;
}

}  // namespace

std::string encode_frame(const Frame& frame) {
    RINGRIFT_CHECK(frame.route.size() <= route_bytes_max);
    std::string text(magic);
    text.reserve(header_bytes + frame.route.size());
    text += static_cast<char>(protocol_version);
    text += static_cast<char>(frame.kind);
    text += static_cast<char>(frame.reason);
    text += static_cast<char>(frame.route.size());
    put(text, frame.request);
    put(text, static_cast<std::uint64_t>(frame.offset));
    put(text, static_cast<std::uint64_t>(frame.length));
    put(text, frame.file);
    text += frame.route;
    return text;
}

Result<Frame, FrameProblem> decode_frame(std::string_view bytes) {
    if (bytes.size() <= version_at || !bytes.starts_with(magic)) return FrameProblem::malformed;
    if (static_cast<std::uint8_t>(bytes[version_at]) != protocol_version)
        return FrameProblem::other_version;
    if (bytes.size() < header_bytes) return FrameProblem::malformed;
    const auto kind = static_cast<std::uint8_t>(bytes[5]);
    const auto reason = static_cast<std::uint8_t>(bytes[6]);
    const auto route_bytes = static_cast<std::uint8_t>(bytes[7]);
    const bool is_known = kind >= static_cast<std::uint8_t>(FrameKind::ask) &&
                          kind <= static_cast<std::uint8_t>(FrameKind::doubt) &&
                          reason <= static_cast<std::uint8_t>(NoReason::malformed);
    if (!is_known || bytes.size() != header_bytes + route_bytes) return FrameProblem::malformed;
    Frame frame = {.kind = static_cast<FrameKind>(kind),
                   .reason = static_cast<NoReason>(reason),
                   .request = number_at(bytes, 8),
                   .offset = static_cast<std::int64_t>(number_at(bytes, 16)),
                   .length = static_cast<std::int64_t>(number_at(bytes, 24)),
                   .file = digest_in(bytes),
                   .route = std::string(bytes.substr(header_bytes))};
    if (!is_sound(frame)) return FrameProblem::malformed;
    return frame;
}

}  // namespace ringrift::bus
