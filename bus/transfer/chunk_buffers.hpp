#pragma once

// The memory of a server: a fixed number of chunks, lent to ZeroMQ until they are on the wire.
//
// ZeroMQ gives them back from its own thread. Must outlive the ZeroMQ context that it lends to.
// `take` and `returned` belong to the server's thread.

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "bus/transfer/frames.hpp"

namespace ringrift::bus {

class ChunkBuffers {
  public:
    struct Buffer {
        ChunkBuffers* owner = nullptr;
        std::uint64_t session = 0;           ///< Whom it was last lent for.
        std::unique_ptr<char[]> bytes = {};  ///< `chunk_bytes_max`.
    };

    /// `wake_fd` is an eventfd that is told when a buffer comes back.
    ChunkBuffers(std::size_t count_max, int wake_fd) : count_max_(count_max), wake_fd_(wake_fd) {}
    ChunkBuffers(const ChunkBuffers&) = delete;
    ChunkBuffers& operator=(const ChunkBuffers&) = delete;

    bool has_room() const { return !free_.empty() || all_.size() < count_max_; }

    /// REQUIRES: `has_room()`.
    Buffer& take(std::uint64_t session);

    /// Takes back what ZeroMQ has given back; yields for whom each was.
    std::vector<std::uint64_t> returned();

    /// In the form that ZeroMQ calls, on its thread. `hint` is the buffer.
    static void give_back(void* data, void* hint);

  private:
    const std::size_t count_max_;
    const int wake_fd_;
    std::deque<Buffer> all_;  ///< Made when first needed; they stay where they are.
    std::vector<Buffer*> free_;
    std::mutex mutex_;
    std::vector<Buffer*> back_;  ///< Guarded by mutex_.
};

}  // namespace ringrift::bus
