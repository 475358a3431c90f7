#include "bus/transfer/chunk_writer.hpp"

#include <sys/eventfd.h>

namespace ringrift::bus {

ChunkWriter::ChunkWriter(PartialFile& file, std::int64_t from, std::int64_t bytes, int wake_fd)
    : file_(file),
      wake_fd_(wake_fd),
      written_(from),
      thread_([this, bytes](std::stop_token stop) { run(bytes, stop); }) {}

ChunkWriter::~ChunkWriter() = default;

void ChunkWriter::put(std::int64_t offset, zmq::message_t bytes) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(offset, std::move(bytes));
    changed_.notify_one();
}

std::int64_t ChunkWriter::written() const {
    const std::lock_guard lock(mutex_);
    return written_;
}

std::optional<FetchFailure> ChunkWriter::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void ChunkWriter::run(std::int64_t bytes, std::stop_token stop) {
    const auto reserved = file_.reserve(bytes);
    std::unique_lock lock(mutex_);
    if (!reserved) {
        failure_ = reserved.error();
        ::eventfd_write(wake_fd_, 1);
        return;
    }
    while (true) {
        const bool is_due = changed_.wait(lock, stop, [this] {
            return !waiting_.empty() && waiting_.begin()->first == written_ && !failure_;
        });
        if (!is_due || stop.stop_requested()) return;
        const zmq::message_t chunk = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        lock.unlock();
        const auto appended = file_.append(chunk.data(), chunk.size());
        lock.lock();
        if (appended)
            written_ += static_cast<std::int64_t>(chunk.size());
        else
            failure_ = appended.error();
        ::eventfd_write(wake_fd_, 1);
    }
}

}  // namespace ringrift::bus
