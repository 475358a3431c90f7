#pragma once

// Who wants to be woken when a log has something new: at most once for each read. Any thread; holds
// the only lock between the writer and its readers.

#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace ringrift::bus {

class NewsBoard {
  public:
    using Reader = const void*;  ///< The address of whoever reads; never followed.

    /// Replaces the reader's former wake. An empty one means that it wants none.
    void set(Reader reader, std::function<void()> wake) {
        const std::lock_guard lock(mutex_);
        if (wake)
            wanted_[reader] = {.wake = std::move(wake), .waits = true};
        else
            wanted_.erase(reader);
    }

    /// The reader is about to read, and so wants to be woken again. Said before it reads: what is
    /// appended meanwhile is either read or told.
    void about_to_read(Reader reader) {
        const std::lock_guard lock(mutex_);
        const auto found = wanted_.find(reader);
        if (found != wanted_.end()) found->second.waits = true;
    }

    /// Wakes, on this thread and under the lock, everyone who waits.
    void tell() {
        const std::lock_guard lock(mutex_);
        for (auto& [reader, wanted] : wanted_) {
            if (std::exchange(wanted.waits, false)) wanted.wake();
        }
    }

  private:
    struct Wanted {
        std::function<void()> wake = {};
        bool waits = true;
    };
    std::mutex mutex_;
    std::map<Reader, Wanted> wanted_;  ///< Guarded by mutex_.
};

}  // namespace ringrift::bus
