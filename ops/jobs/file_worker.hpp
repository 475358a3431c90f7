#pragma once

// A thread that does, one after the other, what takes long because of files: hashing, fsync.
//
// Tasks are told when to stop; those that have not begun by then are not done.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace ringrift::ops {

class FileWorker {
  public:
    using Task = std::function<void(std::stop_token)>;

    FileWorker() : thread_([this](std::stop_token stop) { work(stop); }) {}

    /// Any thread. The number of tasks is bounded by the one who gives them: a few for each job.
    void add(Task task) {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        changed_.notify_one();
    }

  private:
    void work(std::stop_token stop) {
        while (true) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [this] { return !tasks_.empty(); });
            if (stop.stop_requested()) return;
            const Task task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task(stop);
        }
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Task> tasks_;  ///< Guarded by mutex_.
    std::jthread thread_;     ///< Last, so that it ends first.
};

}  // namespace ringrift::ops
