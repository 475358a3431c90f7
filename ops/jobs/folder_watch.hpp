#pragma once

// Tells in which of the watched folders a file has just been put in place (inotify).
//
// Keyed by whatever its owner likes to be told. Belongs to one thread.

#include <sys/inotify.h>

#include <array>
#include <filesystem>
#include <map>
#include <string_view>
#include <vector>

#include "consumers/hands.hpp"
#include "ops/jobs/unique_fd.hpp"

namespace ringrift::ops {

class FolderWatch {
  public:
    FolderWatch() : notes_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

    int descriptor() const { return notes_.get(); }

    /// From here on renames into `folder` are told. Where the kernel has no watch left they are
    /// not; the folder must be looked at from time to time anyway.
    void add(const consumers::JobId& job, const std::filesystem::path& folder) {
        const int watch = ::inotify_add_watch(notes_.get(), folder.c_str(), IN_MOVED_TO);
        if (watch >= 0) jobs_[watch] = job;
    }

    void remove(const consumers::JobId& job) {
        for (const auto& [watch, watched] : jobs_) {
            if (watched == job) ::inotify_rm_watch(notes_.get(), watch);
        }
        std::erase_if(jobs_, [&](const auto& entry) { return entry.second == job; });
    }

    /// Jobs in whose folder `name` was put since the last call.
    std::vector<consumers::JobId> changed(std::string_view name) {
        std::vector<consumers::JobId> found;
        alignas(inotify_event) std::array<char, 16384> notes;
        ssize_t got = 0;
        while ((got = ::read(notes_.get(), notes.data(), notes.size())) > 0) {
            for (ssize_t at = 0; at < got;) {
                const auto* note = reinterpret_cast<const inotify_event*>(notes.data() + at);
                const auto job = jobs_.find(note->wd);
                if (job != jobs_.end() && note->len > 0 && name == note->name) {
                    found.push_back(job->second);
                }
                at += static_cast<ssize_t>(sizeof(inotify_event) + note->len);
            }
        }
        return found;
    }

  private:
    UniqueFd notes_;
    std::map<int, consumers::JobId> jobs_;
};

}  // namespace ringrift::ops
