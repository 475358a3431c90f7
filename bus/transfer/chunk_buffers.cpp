#include "bus/transfer/chunk_buffers.hpp"

#include <sys/eventfd.h>

#include "bus/check.hpp"

namespace ringrift::bus {

ChunkBuffers::Buffer& ChunkBuffers::take(std::uint64_t session) {
    RINGRIFT_CHECK(has_room());
    if (free_.empty()) {
        all_.push_back(
            {.owner = this, .bytes = std::make_unique_for_overwrite<char[]>(chunk_bytes_max)});
        free_.push_back(&all_.back());
    }
    Buffer& buffer = *free_.back();
    free_.pop_back();
    buffer.session = session;
    return buffer;
}

std::vector<std::uint64_t> ChunkBuffers::returned() {
    std::vector<Buffer*> back;
    {
        const std::lock_guard lock(mutex_);
        back.swap(back_);
    }
    std::vector<std::uint64_t> sessions;
    for (Buffer* buffer : back) {
        sessions.push_back(buffer->session);
        free_.push_back(buffer);
    }
    return sessions;
}

void ChunkBuffers::give_back(void*, void* hint) {
    auto* buffer = static_cast<Buffer*>(hint);
    ChunkBuffers& owner = *buffer->owner;
    {
        const std::lock_guard lock(owner.mutex_);
        owner.back_.push_back(buffer);
    }
    ::eventfd_write(owner.wake_fd_, 1);
}

}  // namespace ringrift::bus
