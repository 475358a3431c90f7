#pragma once

// What fetchers and servers of files say to each other, byte by byte: protocol version 1.
//
// A fetcher's DEALER connects to a server's ROUTER. Every message is one header, and a CHUNK has
// a second part with its bytes. The fetcher asks, the server answers each ask exactly once:
//
//   fetcher                      server
//   ASK   file              ──▶                how long is it?
//                           ◀──  HERE length
//   PULL  file offset length ──▶               at most `credit` of them unanswered
//                           ◀──  CHUNK offset length + bytes
//                           ◀──  NO reason     instead of HERE or CHUNK
//                           ◀──  WAIT          not an answer: the server is alive, and busy
//   DOUBT file              ──▶                what came is not what the digest says; no answer
//
// Nothing is pushed: how much is under way is the fetcher's choice, so neither end needs more
// memory than its own bounds. Servers keep nothing that matters: after a restart of either end the
// fetcher asks again from where its file ends.
//
// A server that nobody can connect to (NAT) connects to a relay instead, which is any other node's
// server, and says SERVE there. A fetcher then connects to the relay and names the node it means
// as `route`. The relay puts in its place what it needs to find the way back, forwards, and undoes
// it with the answer. So a relay keeps no file and needs no memory beyond what is under way; and
// it can change nothing unseen, since the digest is checked at the end. (A relay that fetched and
// kept the file could not work: it cannot connect to that node either.)
//
// Header, integers little-endian: 0 "RRFT" | 4 version | 5 kind | 6 reason | 7 bytes of route |
// 8 request (8) | 16 offset (8) | 24 length (8) | 32 digest (32) | 64 route (0 to 255).
// Every header of every later version begins with the same five bytes. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/ids.hpp"
#include "bus/result.hpp"

namespace ringrift::bus {

enum class FrameKind : std::uint8_t { ask = 1, here, pull, chunk, no, wait, serve, doubt };

/// Why a server does not give what was asked.
enum class NoReason : std::uint8_t {
    none = 0,       ///< It does give.
    no_such_file,   ///< It holds no file with that digest. Ask another node.
    unreadable,     ///< Its copy cannot be read, or is shorter than asked. Ask another node.
    denied,         ///< The one who asks is no member any more. Join anew.
    busy,           ///< It serves as many as it can. Ask again in a while.
    no_route,       ///< The node named as route is not connected to this relay now. Ask again.
    other_version,  ///< It speaks another version of the protocol. Update the older of the two.
    malformed       ///< The ask makes no sense. A bug of who asked.
};

struct Frame {
    FrameKind kind = FrameKind::ask;
    NoReason reason = NoReason::none;  ///< Of NO.
    std::uint64_t request = 0;         ///< Chosen by who asks, repeated in the answer.
    std::int64_t offset = 0;           ///< Of PULL and CHUNK.
    std::int64_t length = 0;           ///< Of PULL and CHUNK; of HERE, the whole file's.
    FileDigest file = {};
    std::string route = {};  ///< See above; empty between two who are connected.
    friend bool operator==(const Frame&, const Frame&) = default;
};

inline constexpr std::uint8_t protocol_version = 1;
inline constexpr std::size_t header_bytes = 64;
inline constexpr std::size_t route_bytes_max = 255;
inline constexpr std::int64_t chunk_bytes_max = 1024 * 1024;
/// ZeroMQ cuts the connection of who sends a larger part.
inline constexpr std::int64_t frame_part_bytes_max = chunk_bytes_max + 1024;

enum class FrameProblem {
    malformed,     ///< Not a message of this protocol, or one with impossible content. Count it.
    other_version  ///< A message of another version. Answer NO other_version.
};

/// REQUIRES: `file` is a digest or empty; `route` is not longer than `route_bytes_max`.
std::string encode_frame(const Frame& frame);

/// Total: any bytes give a frame or a problem.
Result<Frame, FrameProblem> decode_frame(std::string_view bytes);

}  // namespace ringrift::bus
