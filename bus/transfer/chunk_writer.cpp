#include "bus/transfer/chunk_writer.hpp"

#include <sys/eventfd.h>

namespace ringrift::bus {

ChunkWriter::ChunkWriter(PartialFile& file, std::int64_t from, int wake_fd)
    : file_(file),
      wake_fd_(wake_fd),
      written_(from),
      thread_([this](std::stop_token stop) { run(stop); }) {}

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

void ChunkWriter::run(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        const bool is_due = changed_.wait(lock, stop, [this] {
            return !waiting_.empty() && waiting_.begin()->first == written_ && !failure_;
        });
        if (!is_due || stop.stop_requested()) return;
        const zmq::message_t bytes = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        lock.unlock();
        const auto appended = file_.append(bytes.data(), bytes.size());
        lock.lock();
        if (appended)
            written_ += static_cast<std::int64_t>(bytes.size());
        else
            failure_ = appended.error();
        ::eventfd_write(wake_fd_, 1);
    }
}

}  // namespace ringrift::bus
