#pragma once

// A bounded queue from other threads to the node's thread, and the only mutex between them.
//
// Any thread puts; one thread takes. What does not fit is refused to the one who puts, who must say
// what becomes of it: nothing is dropped in silence.

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace ringrift::bus {

template <class T>
class Inbox {
  public:
    /// `wake` is called, from the putting thread and outside the lock, after each put that was
    /// taken; it must be quick and must not throw. May be empty.
    explicit Inbox(std::size_t count_max, std::function<void()> wake = {})
        : count_max_(count_max), wake_(std::move(wake)) {}

    /// False when `count_max` wait already.
    [[nodiscard]] bool put(T item) {
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.size() >= count_max_) return false;
            waiting_.push_back(std::move(item));
        }
        if (wake_) wake_();
        return true;
    }

    /// All that waits, oldest first.
    std::vector<T> take() {
        std::vector<T> taken;
        const std::lock_guard lock(mutex_);
        taken.swap(waiting_);
        return taken;
    }

  private:
    const std::size_t count_max_;
    const std::function<void()> wake_;
    std::mutex mutex_;
    std::vector<T> waiting_;  ///< Guarded by mutex_.
};

}  // namespace ringrift::bus
