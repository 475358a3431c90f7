#include "bus/transfer/open_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace ringrift::bus {

const OpenFiles::OpenFile* OpenFiles::open(const FileDigest& file, MonotonicTime now) {
    const auto found = files_.find(file);
    if (found != files_.end()) {
        found->second.used_at = now;
        return &found->second;
    }
    const auto path = find_(file);
    if (!path) return nullptr;
    UniqueFd fd(::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat facts = {};
    if (!fd || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return nullptr;
    if (files_.size() >= open_max) {
        files_.erase(std::ranges::min_element(
            files_, {}, [](const auto& entry) { return entry.second.used_at; }));
    }
    OpenFile open = {.fd = std::move(fd), .bytes = facts.st_size, .used_at = now};
    return &files_.emplace(file, std::move(open)).first->second;
}

void OpenFiles::close_idle(MonotonicTime now) {
    std::erase_if(files_, [&](const auto& entry) { return now - entry.second.used_at > idle_max; });
}

}  // namespace ringrift::bus
