#pragma once

// Writes and hashes the chunks of one fetch, in order, while the network brings more: a thread,
// which reserves room for all of them first.
//
// Chunks come in any order and wait until it is their turn; how many wait is bounded by who puts
// them (FetchBounds::window). After a failure nothing more is written. Internal to bus/transfer/.

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <zmq.hpp>

#include "bus/transfer/partial_file.hpp"

namespace ringrift::bus {

class ChunkWriter {
  public:
    /// `file`, which will have `bytes`, is used by the writer alone until it is gone. `wake_fd`, an
    /// eventfd, is told when something was written or went wrong.
    ChunkWriter(PartialFile& file, std::int64_t from, std::int64_t bytes, int wake_fd);
    ~ChunkWriter();

    void put(std::int64_t offset, zmq::message_t bytes);

    std::int64_t written() const;
    std::optional<FetchFailure> failure() const;

  private:
    void run(std::int64_t bytes, std::stop_token stop);

    PartialFile& file_;
    const int wake_fd_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::int64_t, zmq::message_t> waiting_;  ///< Guarded by mutex_.
    std::int64_t written_;                            ///< Guarded by mutex_.
    std::optional<FetchFailure> failure_;             ///< Guarded by mutex_.
    std::jthread thread_;                             ///< Last, so that it ends first.
};

}  // namespace ringrift::bus
