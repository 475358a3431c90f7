#include "projections/snapshot.hpp"

#include <charconv>
#include <cstdint>

#include "bus/json.hpp"

namespace ringrift::projections {
namespace {

/// FNV-1a, 64 bits: finds torn and mangled text, which is all that threatens a local file.
std::uint64_t checksum(std::string_view text) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
    return hash;
}

struct Header {
    std::int64_t format = 0;
    bus::Position position = 0;
    std::uint64_t checksum = 0;
};
BOOST_DESCRIBE_STRUCT(Header, (), (format, position, checksum))

}  // namespace

std::string to_snapshot(const Folded<ClusterView>& folded) {
    const std::string body = bus::to_json(folded.view);
    const Header header = {
        .format = snapshot_format, .position = folded.position, .checksum = checksum(body)};
    return bus::to_json(header) + "\n" + body;
}

std::optional<Folded<ClusterView>> from_snapshot(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    const auto header = bus::from_json<Header>(text.substr(0, end));
    const std::string_view body = text.substr(end + 1);
    if (!header || header->format != snapshot_format || header->checksum != checksum(body))
        return {};
    auto view = bus::from_json<ClusterView>(body);
    if (!view) return {};
    return Folded<ClusterView>{.view = std::move(*view), .position = header->position};
}

}  // namespace ringrift::projections
